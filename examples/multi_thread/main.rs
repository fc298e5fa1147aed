//! `AsyncIOScheduler`: a task beside the others of an async program, here on a runtime of many threads.
//! `cargo run --example multi_thread`
#![expect(clippy::print_stdout, reason = "it is what an example is for")]

use std::error::Error;
use std::thread;
use std::time::Duration;

use punctual::{Interval, Scheduler, State};
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::interval;

/// An async function is a task: it awaits what the rest of the program awaits.
async fn fetch(State(pages): State<Sender<String>>) -> Result<(), Box<dyn Error + Send + Sync>> {
    let is_main = thread::current().name() == Some("main");
    pages
        .send(format!("fetched on the thread of main: {is_main}"))
        .await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (sender, mut pages) = channel::<String>(8);
    let scheduler = Scheduler::builder().state(sender).build()?;
    scheduler.start().await?;
    let often = Interval::every("300ms");
    scheduler.add_job(fetch, often).id("fetch").await?;

    // The program's own work, as a web server would be.
    let mut beat = interval(Duration::from_millis(200));
    let mut fetched = 0;
    while fetched < 3 {
        tokio::select! {
            _ = beat.tick() => println!("main does something else"),
            Some(page) = pages.recv() => {
                println!("{page}");
                fetched += 1;
            }
        }
    }
    scheduler.shutdown().await?;
    Ok(())
}
