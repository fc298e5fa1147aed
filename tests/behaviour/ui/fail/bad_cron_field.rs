use punctual::scheduled_job;

#[scheduled_job(cron(hour = "9-17,25", minute = 75))]
async fn report() {}

#[scheduled_job(or(cron(day = "last"), cron(day = "0, tue")))]
async fn either() {}

fn main() {}
