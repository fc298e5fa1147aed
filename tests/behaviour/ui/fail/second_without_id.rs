use punctual::scheduled_job;

#[scheduled_job("@daily")]
#[scheduled_job("@hourly")]
async fn one() {}

fn main() {}
