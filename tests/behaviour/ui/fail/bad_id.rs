use punctual::scheduled_job;

#[scheduled_job("@daily", id = "")]
async fn empty() {}

#[scheduled_job("@daily", id = 7)]
async fn number() {}

#[scheduled_job("@daily", id = "a", id = "b")]
async fn twice() {}

fn main() {}
