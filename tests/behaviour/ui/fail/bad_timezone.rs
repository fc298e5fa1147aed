use punctual::scheduled_job;

#[scheduled_job(cron(hour = 9), timezone = "Europe/Pariss")]
async fn report() {}

fn main() {}
