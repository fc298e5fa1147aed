use punctual::job;

struct Problem;

#[job]
async fn report() -> Result<(), Problem> {
    Err(Problem)
}

fn main() {}
