use punctual::job;

#[job(name = "~1")]
async fn reserved() {}

#[job("@daily")]
async fn scheduled() {}

fn main() {}
