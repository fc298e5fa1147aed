use punctual::job;

#[job]
async fn count() -> u32 {
    1
}

fn main() {}
