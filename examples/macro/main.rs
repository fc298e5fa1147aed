//! The program of the README: `cargo run --example macro`
#![expect(clippy::print_stdout, reason = "it is what an example is for")]

use punctual::{Error, Scheduler, State, scheduled_job};

#[scheduled_job(interval(seconds = 1), id = "greet")]
async fn greet(State(name): State<&'static str>) {
    println!("hello {name}");
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let scheduler = Scheduler::builder().state("Ada").discover().build()?;
    scheduler.start().await?;
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    scheduler.shutdown().await?;
    Ok(())
}
