use punctual::scheduled_job;

#[scheduled_job("@daily", id = "a")]
#[scheduled_job("@hourly", id = "a")]
async fn one() {}

fn main() {}
