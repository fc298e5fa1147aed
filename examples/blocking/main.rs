//! `BlockingScheduler`: the scheduler is the program, and owns its thread until ctrl-c, SIGTERM or a shutdown.
//! `cargo run --example blocking`
#![expect(clippy::print_stdout, reason = "it is what an example is for")]

use punctual::{Error, Scheduler, jobs, scheduled_job};

#[scheduled_job(interval(seconds = 0.2), id = "collect")]
fn collect() {
    println!("collecting");
}

/// A job may end the program, as ctrl-c does.
#[scheduled_job(interval(seconds = 1), id = "enough")]
async fn enough(scheduler: Scheduler) {
    println!("enough");
    // In a task of its own: a shutdown waits for runs under way, and this is one.
    tokio::spawn(async move { scheduler.shutdown().await });
}

fn main() -> Result<(), Error> {
    let scheduler = Scheduler::builder().jobs(jobs![collect, enough]).build()?;
    println!("ctrl-c ends it");
    let report = scheduler.blocking()?;
    println!(
        "the thread is free, {} runs were cancelled",
        report.cancelled.len()
    );
    Ok(())
}
