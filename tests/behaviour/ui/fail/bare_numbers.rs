use punctual::{Interval, Scheduler};

async fn poll() {}

fn main() {
    let scheduler = Scheduler::builder().build().unwrap();
    let _ = scheduler.add_job(poll, Interval::every(5));
    let _ = scheduler.add_job(poll, "@daily").timeout(30);
    let _ = scheduler.add_job(poll, "@daily").max_instances("2");
}
