//! `TornadoScheduler`, or `AsyncIOScheduler` with its one loop: all that is async shares a thread, and functions that
//! block are kept off it. `cargo run --example current_thread`
#![expect(clippy::print_stdout, reason = "it is what an example is for")]

use std::error::Error;
use std::thread;
use std::time::Duration;

use punctual::{Interval, Scheduler, State};
use tokio::sync::mpsc::error::SendError;
use tokio::sync::mpsc::{Sender, channel};

/// What was done, and whether the thread of `main` did it.
type Done = (&'static str, bool);

fn is_main() -> bool {
    thread::current().name() == Some("main")
}

async fn greet(State(done): State<Sender<Done>>) -> Result<(), SendError<Done>> {
    done.send(("greeted", is_main())).await
}

/// Holds its thread up, and nobody else.
fn crunch(State(done): State<Sender<Done>>) -> Result<(), SendError<Done>> {
    thread::sleep(Duration::from_millis(700));
    done.blocking_send(("crunched", is_main()))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (sender, mut done) = channel::<Done>(8);
    let scheduler = Scheduler::builder().state(sender).build()?;
    scheduler.start().await?;
    let often = Interval::every("200ms");
    scheduler.add_job(crunch, often.clone()).await?;
    scheduler.add_job(greet, often).await?;

    while let Some((what, is_main)) = done.recv().await {
        println!("{what}, on the thread of main: {is_main}");
        if what == "crunched" {
            break;
        }
    }
    scheduler.shutdown().await?;
    Ok(())
}
