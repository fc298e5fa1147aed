use punctual::job;

#[job]
fn count() -> Option<u32> {
    None
}

fn main() {}
