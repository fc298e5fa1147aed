#![deny(unused_must_use)]

use punctual::Scheduler;

fn main() {
    let scheduler = Scheduler::new();
    scheduler.pause_job("report");
    scheduler.resume_job("report").catch_up();
    scheduler.get_job("report");
    scheduler.shutdown().immediately();
}
