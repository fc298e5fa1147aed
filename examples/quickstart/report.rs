//! What the store knows.

use std::error::Error;

use chrono::{DateTime, Utc};
use punctual::Scheduler;
use punctual::ledger::{Outcome, RunState};
use punctual::scheduler::{JobOrder, JobStatus};
use punctual::time::Zone;

type Told = Result<(), Box<dyn Error>>;

/// What an earlier run of this program has left.
pub(crate) async fn what_is_there(scheduler: &Scheduler) -> Told {
    let jobs = scheduler.get_jobs().await?;
    let runs = scheduler.runs().await?;
    println!(
        "{} jobs are there, and {} entries of the ledger",
        jobs.len(),
        runs.len()
    );
    for job in jobs {
        if job.status() == JobStatus::Paused {
            println!("  paused: {}", job.name());
        }
    }
    Ok(())
}

/// What came too late, was made up for by one run, or was lost with its process, and decided since
/// this program started.
pub(crate) async fn what_was_missed(scheduler: &Scheduler, began: DateTime<Utc>) -> Told {
    println!("what passed before this start:");
    let mut runs = scheduler.runs().await?;
    runs.sort_by_key(|run| {
        run.range
            .map_or_else(|| run.fire_time(), |range| range.first)
    });
    for run in runs {
        let RunState::Ended(outcome) = run.state else {
            continue;
        };
        if run.finished < Some(began) || run.fire_time() >= began {
            continue;
        }
        match (outcome, run.range) {
            (Outcome::Missed(_) | Outcome::Coalesced, Some(range)) => {
                let count = fire_times(range.count.number());
                println!("  {}: {outcome}, {count}", run.job);
            }
            (Outcome::Lost, _) => println!("  {}: lost with the process that ran it", run.job),
            _ => {}
        }
    }
    Ok(())
}

pub(crate) async fn what_became_of_all(scheduler: &Scheduler) -> Told {
    println!("what became of all fire times, since the jobs were added:");
    println!(
        "  {:<20}{:>10}{:>9}{:>11}{:>8}{:>6}",
        "", "succeeded", "skipped", "coalesced", "missed", "lost"
    );
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
            "  {id:<20}{:>10}{:>9}{:>11}{:>8}{:>6}",
            done.succeeded, done.skipped, done.coalesced, done.missed, done.lost
        );
    }
    println!("the ledger of `greet`:");
    for run in scheduler.runs().job("greet").await? {
        if let (RunState::Ended(outcome), Some(result)) = (run.state, run.result) {
            println!("  {outcome}: {result}");
        }
    }
    Ok(())
}

/// The jobs by their next fire times, the earliest first.
pub(crate) async fn what_comes_next(scheduler: &Scheduler, zone: Zone) -> Told {
    let jobs = scheduler.get_jobs().order(JobOrder::NextRun).await?;
    println!("what comes next, {} jobs:", jobs.len());
    for job in jobs {
        let next = match job.next_run_time() {
            Some(next) => zone.local(next).format("%Y-%m-%d %H:%M:%S %:z").to_string(),
            None => format!("{:?}", job.status()).to_lowercase(),
        };
        let (name, rule) = (job.name(), job.trigger().describe());
        println!("  {next}  {name}: {rule}");
    }
    Ok(())
}

fn fire_times(count: u64) -> String {
    match count {
        1 => "1 fire time".to_owned(),
        count => format!("{count} fire times"),
    }
}
