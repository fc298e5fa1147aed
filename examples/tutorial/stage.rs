//! What all snippets have in common: a scheduler on a Monday morning in Berlin.

use std::time::Duration;

use punctual::scheduler::SchedulerBuilder;
use punctual::testing::{Ledger, TestClock};
use punctual::{Error, Scheduler};

pub(crate) type Outcome = Result<(), Box<dyn std::error::Error>>;

pub(crate) const MONDAY: &str = "2026-03-02T08:00:00Z";

pub(crate) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Begins a snippet: its name, a scheduler and the clock that makes time pass.
pub(crate) fn begin(
    title: &str,
    build: impl FnOnce(SchedulerBuilder) -> SchedulerBuilder,
) -> Result<(Scheduler, TestClock), Error> {
    println!("== {title}");
    let clock = TestClock::at(MONDAY);
    let builder = Scheduler::builder()
        .timezone("Europe/Berlin")
        // Each snippet prints what it is about.
        .stderr(false)
        .clock(clock.clone());
    Ok((build(builder).build()?, clock))
}

/// What became of the fire times of a job, and how many there were of each.
pub(crate) async fn summary(scheduler: &Scheduler, id: &str) -> Result<String, Error> {
    let done = scheduler.statistics(id).await?;
    Ok(format!(
        "{id}: {} succeeded, {} missed, {} skipped, {} coalesced",
        done.succeeded, done.missed, done.skipped, done.coalesced
    ))
}

/// The ledger of a job, line by line.
pub(crate) async fn ledger(scheduler: &Scheduler, id: &str) -> Result<String, Error> {
    Ok(Ledger::of(scheduler, id).await?.to_string())
}
