use punctual::scheduled_job;

#[scheduled_job(interval(minutes = 0))]
async fn zero() {}

#[scheduled_job(interval(minute = 2))]
async fn singular() {}

#[scheduled_job(interval(120))]
async fn bare() {}

fn main() {}
