use punctual::scheduled_job;

#[scheduled_job(trigger = 5, args = (1,))]
async fn number() {}

fn main() {}
