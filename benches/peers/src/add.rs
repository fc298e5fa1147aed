//! `add N`: what adding one job costs, and what memory an idle job occupies.

use std::time::{Duration, Instant};

use serde::Serialize;
use tokio_cron_scheduler::JobScheduler;

use crate::{Outcome, jobs, limited, process, rounded, runtime};

#[derive(Serialize)]
struct Line {
    n: u32,
    single_us: f64,
    /// There is no verb that adds several.
    bulk_us: Option<f64>,
    block_on_us: f64,
    bytes_per_job: u64,
}

pub fn run(n: u32) -> Outcome<String> {
    let runtime = runtime()?;

    let before = process::resident()?;
    let scheduler = runtime.block_on(JobScheduler::new())?;
    let adding = scheduler.clone();
    let single = runtime.block_on(limited(Duration::ZERO, async move {
        // An error leaves the task as text: the scheduler's own is not needed beyond that.
        let task = tokio::spawn(async move { add(&adding, n).await.map_err(|e| e.to_string()) });
        Ok(task.await??)
    }))?;
    let bytes = process::resident()?.saturating_sub(before) / u64::from(n.max(1));

    let second = runtime.block_on(JobScheduler::new())?;
    let block_on = runtime.block_on(limited(Duration::ZERO, add(&second, n)))?;
    Ok(serde_json::to_string(&Line {
        n,
        single_us: each(single, n),
        bulk_us: None,
        block_on_us: each(block_on, n),
        bytes_per_job: bytes,
    })?)
}

async fn add(scheduler: &JobScheduler, n: u32) -> Outcome<Duration> {
    let began = Instant::now();
    for i in 0..n {
        scheduler.add(jobs::idle(i)?).await?;
    }
    Ok(began.elapsed())
}

fn each(whole: Duration, n: u32) -> f64 {
    rounded(whole.as_secs_f64() * 1e6 / f64::from(n))
}
