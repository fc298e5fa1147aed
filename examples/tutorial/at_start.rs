//! `scheduler.add_job(poll, "interval", minutes=10, next_run_time=datetime.now())`

use punctual::Interval;

use crate::stage::{Outcome, begin, ledger, seconds};

async fn poll() {}

pub(crate) async fn show() -> Outcome {
    let (scheduler, clock) = begin("run at start", |builder| builder)?;
    scheduler
        .add_job(poll, Interval::every(seconds(600)))
        .id("poll")
        .run_at_start()
        .await?;
    scheduler.start().await?;

    clock.advance(seconds(1_200)).await;
    println!("{}", ledger(&scheduler, "poll").await?.trim_end());
    Ok(())
}
