//! `steady N SECONDS`: N jobs, each due every second.
//!
//! The scheduler knows whole seconds only, so all are due in one instant and there is no spread to measure.
//! A run does not learn what time it was due: its lateness is taken from the last full second, so a run that is
//! more than a second late looks better than it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use chrono::Utc;
use serde::Serialize;
use tokio::time::sleep;
use tokio_cron_scheduler::{Job, JobScheduler};

use crate::{Outcome, jobs, limited, process, rounded, runtime, spawn};

#[derive(Serialize)]
struct Line {
    expected: u64,
    runs: usize,
    spread_p50_us: Option<u32>,
    spread_p99_us: Option<u32>,
    instant_p50_us: u32,
    instant_p99_us: u32,
    cpu_us_per_run: f64,
    spawn_us: f64,
}

/// Room for the lateness of every run, in microseconds.
struct Seen {
    open: AtomicBool,
    runs: AtomicUsize,
    lateness: Vec<AtomicU32>,
}

impl Seen {
    fn with_room_for(runs: usize) -> Self {
        Self {
            open: AtomicBool::new(false),
            runs: AtomicUsize::new(0),
            lateness: (0..runs).map(|_| AtomicU32::new(0)).collect(),
        }
    }

    fn record(&self) {
        if self.open.load(Ordering::Relaxed) {
            let late = Utc::now().timestamp_subsec_micros();
            if let Some(slot) = self.lateness.get(self.runs.fetch_add(1, Ordering::Relaxed)) {
                slot.store(late, Ordering::Relaxed);
            }
        }
    }

    fn sorted(&self) -> Vec<u32> {
        let runs = self.runs.load(Ordering::Relaxed).min(self.lateness.len());
        let mut sorted: Vec<u32> = self.lateness[..runs]
            .iter()
            .map(|late| late.load(Ordering::Relaxed))
            .collect();
        sorted.sort_unstable();
        sorted
    }
}

pub fn run(n: u32, seconds: u32) -> Outcome<String> {
    runtime()?.block_on(limited(
        Duration::from_secs(seconds.into()),
        measure(n, seconds),
    ))
}

async fn measure(n: u32, seconds: u32) -> Outcome<String> {
    let expected = u64::from(n) * u64::from(seconds);
    // With its default of 200 slots most runs would be lost.
    let scheduler = JobScheduler::new_with_channel_size(4 * n as usize + 200).await?;
    let seen = Arc::new(Seen::with_room_for(2 * usize::try_from(expected)?));
    for _ in 0..n {
        let seen = Arc::clone(&seen);
        let job = Job::new_async("* * * * * *", move |_, _| {
            let seen = Arc::clone(&seen);
            Box::pin(async move { seen.record() })
        })?;
        scheduler.add(job).await?;
    }
    scheduler.start().await?;

    sleep((jobs::due(0) - Utc::now()).to_std()?).await;
    let before = process::cpu();
    seen.open.store(true, Ordering::Relaxed);
    sleep(Duration::from_secs(seconds.into())).await;
    seen.open.store(false, Ordering::Relaxed);
    let used = process::cpu() - before;

    let sorted = seen.sorted();
    let quantile = |q: usize| {
        sorted
            .get(sorted.len() * q / 100)
            .copied()
            .unwrap_or(u32::MAX)
    };
    Ok(serde_json::to_string(&Line {
        expected,
        runs: sorted.len(),
        spread_p50_us: None,
        spread_p99_us: None,
        instant_p50_us: quantile(50),
        instant_p99_us: quantile(99),
        cpu_us_per_run: rounded(used.as_secs_f64() * 1e6 / sorted.len() as f64),
        spawn_us: spawn::cpu_us(n).await,
    })?)
}
