//! `BackgroundScheduler`: a thread of its own beside a program that is not async. `cargo run --example background`
#![expect(clippy::print_stdout, reason = "it is what an example is for")]

use std::error::Error;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use punctual::{Interval, Scheduler, State};

/// A plain function: it may block, since it has a thread for itself.
fn measure(State(readings): State<Sender<u32>>) {
    thread::sleep(Duration::from_millis(20)); // a sensor takes its time
    // Nobody reads any more when the program is about to end.
    let _ = readings.send(21);
}

fn main() -> Result<(), Box<dyn Error>> {
    let (sender, readings) = channel::<u32>();
    let background = Scheduler::builder().state(sender).build()?.background()?;
    let scheduler = background.scheduler();

    let often = Interval::every("200ms");
    background.block_on(scheduler.add_job(measure, often).id("measure"))?;

    println!("the program goes on with its own work");
    for reading in readings.iter().take(3) {
        println!("{reading} degrees");
    }

    background.block_on(scheduler.pause_job("measure"))?;
    let job = background.block_on(scheduler.get_job("measure"))?;
    println!("{:?}", job.map(|job| job.status()));
    let report = background.shutdown()?;
    println!("{} runs were cancelled", report.cancelled.len());
    Ok(())
}
