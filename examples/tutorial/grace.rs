//! `scheduler.add_job(tick, "interval", seconds=3, misfire_grace_time=10)`

use punctual::{Interval, Scheduler};

use crate::stage::{Outcome, begin, seconds, summary};

async fn tick() {}

/// Pauses the whole scheduler for so long: what was due meanwhile is late then.
async fn stand_still(
    scheduler: &Scheduler,
    clock: &punctual::testing::TestClock,
    count: u64,
) -> Result<(), punctual::Error> {
    scheduler.pause().await?;
    clock.advance(seconds(count)).await;
    scheduler.resume().await?;
    clock.run_until_idle().await;
    Ok(())
}

pub(crate) async fn show() -> Outcome {
    let (scheduler, clock) = begin("interval job with misfire_grace_time", |builder| builder)?;
    scheduler.start().await?;
    scheduler
        .add_job(tick, Interval::every(seconds(3)))
        .id("tick")
        .misfire_grace_time(seconds(10))
        .await?;

    clock.advance(seconds(9)).await;
    println!("on time: {}", summary(&scheduler, "tick").await?);
    stand_still(&scheduler, &clock, 30).await?;
    println!(
        "after half a minute without a run: {}",
        summary(&scheduler, "tick").await?
    );
    Ok(())
}
