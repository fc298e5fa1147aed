use punctual::job;

#[job]
struct Send;

fn main() {}
