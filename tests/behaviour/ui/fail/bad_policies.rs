use punctual::scheduled_job;

#[scheduled_job("@daily", max_instances = 0)]
async fn none() {}

#[scheduled_job("@daily", coalesce = lates)]
async fn typo() {}

#[scheduled_job("@daily", timeout(minute = 5))]
async fn unit() {}

#[scheduled_job("@daily", retry(attempt = 5))]
async fn field() {}

fn main() {}
