//! `scheduler.add_job(tick, "interval", hours=2, start_date="2026-03-02 09:30:00", end_date="2026-03-02 15:00:00")`

use punctual::Interval;
use punctual::time::When;

use crate::stage::{Outcome, begin, ledger, seconds};

async fn tick() {}

pub(crate) async fn show() -> Outcome {
    let (scheduler, clock) = begin("interval between two dates", |builder| builder)?;
    scheduler.start().await?;
    let (start, end): (When, When) = (
        "2026-03-02 09:30:00".parse()?,
        "2026-03-02 15:00:00".parse()?,
    );
    let trigger = Interval::every(seconds(2 * 3_600)).start(start).end(end);
    scheduler.add_job(tick, trigger).id("tick").await?;

    clock.advance(seconds(86_400)).await;
    println!("{}", ledger(&scheduler, "tick").await?.trim_end());
    println!(
        "it has left: {}",
        scheduler.get_job("tick").await?.is_none()
    );
    Ok(())
}
