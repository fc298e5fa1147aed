//! What runs, and when.

use std::error::Error;
use std::time::Duration;

use chrono::TimeDelta;
use punctual::{Args, Cron, Date, Interval, JobContext, Output, Scheduler, job};
use tokio::time::sleep;

use crate::schedules;

#[job(name = "greet")]
async fn greet(Args(name): Args<String>) -> Output<String> {
    Output(format!("hello {name}"))
}

#[job(name = "tick")]
async fn tick() {}

/// Takes longer than its interval: the fire times in between find it busy.
#[job(name = "slow")]
async fn slow() {
    sleep(Duration::from_millis(2_500)).await;
}

#[job(name = "catch_up")]
async fn catch_up(context: JobContext) {
    let attempt = context.attempt();
    println!("catching up: one run, attempt {attempt}, stands for the backlog");
}

// What the file of schedules names.
#[job(name = "heartbeat")]
async fn heartbeat() {}

#[job(name = "report")]
async fn report() {}

#[job(name = "invoice")]
async fn invoice() {}

#[job(name = "poll")]
async fn poll() {}

/// Jobs that are there already are replaced by what the code says, and go on where they were.
pub(crate) async fn add_from_code(
    scheduler: &Scheduler,
    is_new: bool,
) -> Result<(), punctual::Error> {
    let now = scheduler.now();
    let once = Date::after("1s");
    let job = scheduler.add_job(greet, once).id("greet").args(("Ada",));
    job.replace_existing().await?;
    let job = scheduler.add_job(tick, Interval::every("1s")).id("tick");
    let job = job.misfire_grace_time("1s");
    job.replace_existing().await?;
    let job = scheduler.add_job(slow, Interval::every("1s")).id("slow");
    job.replace_existing().await?;
    let even = Cron::new().second("*/2");
    let job = scheduler.add_job(tick, even).id("every-other-second");
    job.replace_existing().await?;
    if is_new {
        // Due every minute since ten minutes ago, as if the process had been down.
        let start = now - TimeDelta::minutes(10);
        let backlog = Interval::every("1m").start(start);
        let job = scheduler.add_job(catch_up, backlog).id("backlog");
        job.next_run_time(start).await?;
    }
    Ok(())
}

pub(crate) async fn add_from_file(scheduler: &Scheduler) -> Result<(), Box<dyn Error>> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/quickstart/schedules.crontab");
    let schedules = schedules::read(&std::fs::read_to_string(file)?)
        .map_err(|mistake| format!("schedules.crontab, {mistake}"))?;
    println!("schedules.crontab:");
    for schedule in schedules {
        let id = format!("{} (line {})", schedule.task, schedule.line);
        println!("  {id}: {}", schedule.trigger);
        let job = scheduler.add_job(&*schedule.task, schedule.trigger).id(id);
        job.replace_existing().await?;
    }
    let mistake = schedules::read("# a mistake is found\n75 * * * * report").err();
    let told = mistake.map(|mistake| mistake.to_string());
    println!("  a mistake would be told: {}", told.unwrap_or_default());
    Ok(())
}
