use std::time::Duration;

use punctual::Scheduler;

async fn poll() {}

fn main() {
    let _ = Scheduler::builder().build().unwrap().add_job(poll, Duration::from_secs(5));
}
