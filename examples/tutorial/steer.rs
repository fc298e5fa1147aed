//! `scheduler.pause_job("tick")`, `job.pause()`, and so on for resume, modify, reschedule and remove

use punctual::scheduler::JobStatus;
use punctual::{Cron, Interval, Scheduler};

use crate::stage::{Outcome, begin, seconds, summary};

async fn tick() {}

async fn is_paused(scheduler: &Scheduler, id: &str) -> Result<bool, punctual::Error> {
    let job = scheduler.get_job(id).await?;
    Ok(job.is_some_and(|job| job.status() == JobStatus::Paused))
}

pub(crate) async fn show() -> Outcome {
    let (scheduler, clock) = begin("pause, resume, modify and remove", |builder| builder)?;
    scheduler.start().await?;
    let job = scheduler
        .add_job(tick, Interval::every(seconds(10)))
        .id("tick")
        .await?;

    // By its id, from anywhere.
    scheduler.pause_job("tick").await?;
    println!("paused by id: {}", is_paused(&scheduler, "tick").await?);
    clock.advance(seconds(60)).await;
    scheduler.resume_job("tick").await?;
    println!("{}", summary(&scheduler, "tick").await?);
    scheduler.modify_job("tick").name("Tick").await?;

    // By the handle that `add_job` answered: the same verbs.
    job.pause().await?;
    println!("paused by handle: {}", is_paused(&scheduler, "tick").await?);
    job.resume().catch_up().await?;
    job.modify().name("Tock").await?;
    job.reschedule(Cron::new().minute("*/15")).await?;
    if let Some(stored) = job.get().await? {
        println!("{}, {}", stored.name(), stored.trigger().describe());
    }
    job.remove().await?;
    println!("gone: {}", scheduler.get_job("tick").await?.is_none());
    if let Err(error) = scheduler.remove_job("tick").await {
        println!("again: {error}");
    }
    Ok(())
}
