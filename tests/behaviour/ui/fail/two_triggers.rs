use punctual::scheduled_job;

#[scheduled_job("@daily", "@hourly")]
async fn one() {}

fn main() {}
