use punctual::{State, job};

struct Pool;

#[job]
async fn backup(_: State<Pool>) {}

fn main() {}
