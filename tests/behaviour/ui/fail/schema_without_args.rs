use punctual::job;

#[job(schema)]
async fn nothing() {}

fn main() {}
