//! `burst N`: one-shot jobs that are all due in one instant.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::time::sleep;
use tokio_cron_scheduler::{Job, JobScheduler};

use crate::{Outcome, jobs, limited, process, rounded, runtime, spawn};

/// Runs that have not come this long after the one before are lost.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Serialize)]
struct Line {
    n: u32,
    runs: u64,
    /// Jobs are handed out in the order of a hash map.
    submitted_in_order: Option<bool>,
    last_ms: f64,
    cpu_us_per_run: f64,
    spawn_us: f64,
}

/// What the job bodies leave behind.
#[derive(Default)]
struct Seen {
    runs: AtomicU64,
    /// Microseconds since 1970.
    last: AtomicI64,
}

pub fn run(n: u32) -> Outcome<String> {
    runtime()?.block_on(limited(Duration::ZERO, measure(n)))
}

async fn measure(n: u32) -> Outcome<String> {
    // With its default of 200 slots most runs would be lost.
    let scheduler = JobScheduler::new_with_channel_size(4 * n as usize + 200).await?;
    let seen = Arc::new(Seen::default());
    let due = jobs::due(n);
    add(&scheduler, n, due, &seen).await?;
    if Utc::now() >= due {
        return Err(
            "adding took longer than expected: the jobs were due before all were added".into(),
        );
    }
    scheduler.start().await?;
    sleep((due - Utc::now()).to_std()?).await;

    let before = process::cpu();
    wait(&seen, n).await;
    let used = process::cpu() - before;
    let runs = seen.runs.load(Ordering::Acquire);
    let last = seen.last.load(Ordering::Acquire) - due.timestamp_micros();
    Ok(serde_json::to_string(&Line {
        n,
        runs,
        submitted_in_order: None,
        last_ms: last as f64 / 1e3,
        cpu_us_per_run: rounded(used.as_secs_f64() * 1e6 / runs as f64),
        spawn_us: spawn::cpu_us(n).await,
    })?)
}

async fn add(
    scheduler: &JobScheduler,
    n: u32,
    due: DateTime<Utc>,
    seen: &Arc<Seen>,
) -> Outcome<()> {
    for _ in 0..n {
        if Utc::now().timestamp_subsec_millis() == 999 {
            // A second must not begin between our reading of the clock and the scheduler's.
            sleep(Duration::from_millis(2)).await;
        }
        let seen = Arc::clone(seen);
        let job = Job::new_one_shot_async(jobs::until(due), move |_, _| {
            let seen = Arc::clone(&seen);
            Box::pin(async move {
                seen.last
                    .fetch_max(Utc::now().timestamp_micros(), Ordering::Release);
                seen.runs.fetch_add(1, Ordering::Release);
            })
        })?;
        scheduler.add(job).await?;
    }
    Ok(())
}

async fn wait(seen: &Seen, n: u32) {
    let (mut runs, mut changed) = (0, Instant::now());
    while runs < u64::from(n) && changed.elapsed() < PATIENCE {
        sleep(Duration::from_millis(10)).await;
        let now = seen.runs.load(Ordering::Acquire);
        if now != runs {
            (runs, changed) = (now, Instant::now());
        }
    }
}
