use punctual::scheduled_job;

#[scheduled_job(id = "a")]
async fn one() {}

#[scheduled_job]
async fn two() {}

#[scheduled_job(chron(hour = 9), id = "b")]
async fn three() {}

fn main() {}
