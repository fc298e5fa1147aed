//! A scheduler with jobs of every kind, from code and from a file, for five seconds:
//! `cargo run --example quickstart`
#![expect(clippy::print_stdout, reason = "it is what an example is for")]

mod schedules;

use std::error::Error;
use std::time::Duration;

use chrono::TimeDelta;
use punctual::{
    Args, Cron, Date, Interval, JobContext, JobFilter, Output, RunFilter, RunState, Scheduler, Zone,
};
use tokio::time::sleep;

async fn greet(Args((name,)): Args<(String,)>) -> Output<String> {
    Output(format!("hello {name}"))
}

async fn tick() {}

/// Takes longer than its interval: the fire times in between find it busy.
async fn slow() {
    sleep(Duration::from_millis(2_500)).await;
}

async fn catch_up(context: JobContext) -> Result<(), String> {
    println!(
        "catching up: one run, attempt {}, stands for the backlog",
        context.attempt()
    );
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let scheduler = Scheduler::builder()
        .timezone("Europe/Berlin")
        .task("heartbeat", tick)
        .task("report", tick)
        .task("invoice", tick)
        .task("poll", tick)
        .build()?;
    add_from_code(&scheduler).await?;
    add_from_file(&scheduler).await?;

    println!("running for five seconds");
    scheduler.start().await?;
    sleep(Duration::from_secs(5)).await;

    show_runs(&scheduler).await?;
    show_next(&scheduler).await?;
    let report = scheduler.shutdown().await?;
    println!(
        "shut down: {} cancelled, {} abandoned",
        report.cancelled.len(),
        report.abandoned.len()
    );
    Ok(())
}

async fn add_from_code(scheduler: &Scheduler) -> Result<(), punctual::Error> {
    let now = scheduler.now();
    let second = Duration::from_secs(1);
    scheduler
        .add_job(greet, Date::at(now + TimeDelta::seconds(1)))
        .id("greet")
        .args(("Ada",))
        .await?;
    scheduler
        .add_job(tick, Interval::every(second))
        .id("tick")
        .await?;
    scheduler
        .add_job(slow, Interval::every(second))
        .id("slow")
        .await?;
    scheduler
        .add_job(tick, Cron::new().second("*/2"))
        .id("every-other-second")
        .await?;
    // Due every minute since ten minutes ago, as if the process had been down.
    let backlog = Interval::every(Duration::from_secs(60)).start(now - TimeDelta::minutes(10));
    scheduler
        .add_job(catch_up, backlog)
        .id("backlog")
        .next_run_time(now - TimeDelta::minutes(10))
        .await?;
    Ok(())
}

async fn add_from_file(scheduler: &Scheduler) -> Result<(), Box<dyn Error>> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/quickstart/schedules.crontab");
    let schedules = schedules::read(&std::fs::read_to_string(file)?)
        .map_err(|mistake| format!("schedules.crontab, {mistake}"))?;
    println!("schedules.crontab:");
    for schedule in schedules {
        let id = format!("{} (line {})", schedule.task, schedule.line);
        println!("  {id}: {}", schedule.trigger);
        scheduler
            .add_job(&*schedule.task, schedule.trigger)
            .id(id)
            .await?;
    }
    let mistake = schedules::read("# a mistake is found\n75 * * * * report").err();
    println!(
        "  a mistake would be told: {}",
        mistake
            .map(|mistake| mistake.to_string())
            .unwrap_or_default()
    );
    Ok(())
}

async fn show_runs(scheduler: &Scheduler) -> Result<(), punctual::Error> {
    println!("what became of all fire times:");
    for id in [
        "greet",
        "tick",
        "slow",
        "every-other-second",
        "backlog",
        "heartbeat (line 6)",
    ] {
        let done = scheduler.statistics(id).await?;
        println!(
            "  {id}: {} succeeded, {} skipped, {} coalesced",
            done.succeeded, done.skipped, done.coalesced
        );
    }
    println!("the ledger of `greet` and `backlog`:");
    for id in ["greet", "backlog"] {
        for run in scheduler.runs(RunFilter::job(id.try_into()?)).await? {
            let RunState::Ended(outcome) = run.state else {
                continue;
            };
            let fire_times = run.range.map_or(1, |range| range.count.number());
            let result = run
                .result
                .map(|result| format!(": {result}"))
                .unwrap_or_default();
            let unit = if fire_times == 1 {
                "fire time"
            } else {
                "fire times"
            };
            println!("  {id}: {outcome}, {fire_times} {unit}{result}");
        }
    }
    Ok(())
}

async fn show_next(scheduler: &Scheduler) -> Result<(), punctual::Error> {
    let jobs = scheduler.get_jobs(JobFilter::default()).await?;
    println!("what comes next, {} jobs:", jobs.len());
    let berlin = Zone::new("Europe/Berlin")?;
    for job in jobs {
        if let Some(next) = job.next_run_time() {
            let next = berlin.local(next).format("%Y-%m-%d %H:%M:%S %:z");
            println!(
                "  {next}  {}: {}",
                job.job.name(),
                job.job.trigger().describe()
            );
        }
    }
    Ok(())
}
