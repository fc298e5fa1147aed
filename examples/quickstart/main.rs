//! Jobs of every kind, from code and from a file, for five seconds, with a line for each thing that
//! happens while it happens. They are kept in SQLite: run it
//! again to see that they, what was paused and what has run are still there, and what was missed
//! meanwhile; kill it, and the next one tells what was lost. `cargo run --example quickstart`
//!
//! The file is `quickstart.db` here, or what `QUICKSTART_DB` says; without it everything begins anew.
#![expect(clippy::print_stdout, reason = "it is what an example is for")]

mod jobs;
mod report;
mod schedules;
mod watch;

use std::error::Error;
use std::time::Duration;

use punctual::Scheduler;
use punctual::store::SqliteStore;
use punctual::time::Zone;
use tokio::time::sleep;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::var("QUICKSTART_DB").unwrap_or_else(|_| "quickstart.db".to_owned());
    let zone = Zone::new("Europe/Berlin")?;
    let store = SqliteStore::open(format!("sqlite:{file}")).await?;
    let scheduler = Scheduler::builder()
        .timezone(zone)
        .store("default", store)
        // One process at a time has this name: what it leaves when it is killed, the next settles.
        .node("quickstart")
        .discover()
        .build()?;
    let is_new = scheduler.get_jobs().await?.is_empty();
    if is_new {
        println!("a new file of jobs");
    } else {
        report::what_is_there(&scheduler).await?;
    }
    jobs::add_from_code(&scheduler, is_new).await?;
    jobs::add_from_file(&scheduler).await?;
    if is_new {
        scheduler.pause_job("invoice (line 10)").await?;
    }

    println!("running for five seconds:");
    watch::tell_what_happens(&scheduler, zone)?;
    let began = scheduler.now();
    scheduler.start().await?;
    sleep(Duration::from_secs(5)).await;

    report::what_was_missed(&scheduler, began).await?;
    report::what_became_of_all(&scheduler).await?;
    report::what_comes_next(&scheduler, zone).await?;
    let report = scheduler.shutdown().await?;
    println!("shut down, {report}; run it again, it goes on");
    Ok(())
}
