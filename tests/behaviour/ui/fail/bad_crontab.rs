use punctual::scheduled_job;

#[scheduled_job("*/5 9-27 * * mon-fri")]
async fn poll() {}

#[scheduled_job("0 0 MON * *")]
async fn weekly() {}

#[scheduled_job("0 0 30 2 *")]
async fn never() {}

fn main() {}
