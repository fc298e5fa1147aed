use punctual::scheduled_job;

#[scheduled_job("@daily", max_instances = 0)]
async fn none() {}

#[scheduled_job("@daily", coalesce = lates)]
async fn typo() {}

#[scheduled_job("@daily", timeout(minute = 5))]
async fn unit() {}

#[scheduled_job("@daily", retry(attempt = 5))]
async fn field() {}

#[scheduled_job("@daily", jitter = "5")]
async fn number() {}

#[scheduled_job("@daily", timeout = "1h 5x")]
async fn caret() {}

#[scheduled_job("@daily", timeout = "0s")]
async fn zero() {}

#[scheduled_job("@daily", on_lost = rerun)]
async fn limit() {}

#[scheduled_job("@daily", overlap = queue(0))]
async fn nothing() {}

#[scheduled_job("@daily", retry(attempts = 3, backoff = "2"))]
async fn inside() {}

#[scheduled_job("@daily", overlap = skip(3))]
async fn no_limit() {}

#[scheduled_job("@daily", overlap = queue(-1))]
async fn negative() {}

#[scheduled_job("@daily", jitter = unlimited)]
async fn endless() {}

#[scheduled_job("@daily", timeout = none)]
async fn nothing_at_all() {}

#[scheduled_job("@daily", retry = "often")]
async fn often() {}

#[scheduled_job("@daily", timeout = " 5x")]
async fn shifted() {}

#[scheduled_job("@every 5m", gap = skip)]
async fn without_effect() {}

#[scheduled_job(or("@daily", cron(hour = 9, timezone = "Europe/Berlin")), timezone = "Europe/Paris")]
async fn other_zone() {}

#[scheduled_job(every(seconds = 5))]
async fn every() {}

#[scheduled_job("@daily", args(1, to = 2))]
async fn mixed() {}

fn main() {}
