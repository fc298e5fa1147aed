//! `CronTrigger(day_of_week="mon-fri", hour=5, minute=30, end_date="2026-05-30")` and
//! `CronTrigger(month="6-8,11-12", day="3rd fri", hour="0-3")`

use punctual::Cron;
use punctual::scheduler::NewJob;
use punctual::time::{When, Zone};

use crate::stage::{Outcome, begin};

async fn report() {}

pub(crate) async fn show() -> Outcome {
    let (scheduler, _clock) = begin("cron jobs", |builder| builder)?;
    let end: When = "2026-05-30".parse()?;
    let weekdays = Cron::new()
        .day_of_week("mon-fri")
        .hour(5)
        .minute(30)
        .end(end);
    let fridays = Cron::new().month("6-8,11-12").day("3rd fri").hour("0-3");
    let jobs = vec![
        NewJob::new(report, weekdays).id("weekdays"),
        NewJob::new(report, fridays).id("fridays"),
    ];
    let berlin = Zone::new("Europe/Berlin")?;
    for job in scheduler.add_jobs(jobs).await? {
        let job = job?;
        if let Some(stored) = job.get().await? {
            println!("{}: {}", job.id(), stored.trigger().describe());
        }
        for fire_time in job.upcoming(5).await? {
            println!(
                "  {}",
                berlin.local(fire_time).format("%a %Y-%m-%d %H:%M %:z")
            );
        }
    }
    Ok(())
}
