//! A month of a job in no time at all, and assertions on what became of it:
//! `cargo run --example testing`
#![expect(clippy::print_stdout, reason = "it is what an example is for")]

use punctual::ledger::Outcome;
use punctual::testing::{Ledger, TestClock};
use punctual::{Error, JobContext, Scheduler, jobs, scheduled_job};

/// What is tested: it fails once, and is tried again a minute later.
#[scheduled_job(
    "30 2 * * *",
    timezone = "Europe/Berlin",
    id = "nightly",
    retry(attempts = 2, backoff(minutes = 1))
)]
async fn nightly(context: JobContext) -> Result<u32, &'static str> {
    let is_first = context.fire_time().timestamp() % (3 * 86_400) == 5_400;
    match context.attempt() {
        1 if is_first => Err("the database sleeps"),
        attempt => Ok(attempt),
    }
}

// In a test: `#[tokio::test]`.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let clock = TestClock::at("2026-03-27T12:00:00Z");
    let scheduler = Scheduler::builder()
        .clock(clock.clone())
        .jobs(jobs![nightly])
        .build()?;
    scheduler.start().await?;

    clock.advance_to("2026-03-30T12:00:00Z").await;
    let ledger = Ledger::of(&scheduler, "nightly").await?;
    println!("around the night in which clocks go forward:\n{ledger}");
    ledger.assert_succeeded_at(&[
        "2026-03-28T01:30:00Z",
        "2026-03-29T01:00:00Z",
        "2026-03-30T00:30:00Z",
    ]);

    clock.advance("30 days").await;
    let ledger = Ledger::of(&scheduler, "nightly").await?;
    ledger.assert_all_succeeded();
    println!("a month later: {} nights", ledger.count(Outcome::Succeeded));
    Ok(())
}
