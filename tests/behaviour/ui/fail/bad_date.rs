use punctual::scheduled_job;

#[scheduled_job(date("2026-02-30T10:00:00"))]
async fn once() {}

#[scheduled_job(date(run_date = "2026-03-01T10:00:00"))]
async fn old_name() {}

fn main() {}
