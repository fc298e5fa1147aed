//! `durable URL N`: recurring jobs in a database, and what the database could do at most.

mod limit;

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use punctual::ledger::Outcome as Ended;
use punctual::scheduler::NewJob;
use punctual::store::{JobStore, RunCursor, RunFilter};
use punctual::{Interval, Scheduler};
use punctual_benches::rounds::median;
use serde::Serialize;
use tokio::time::sleep;

use crate::place::Place;
use crate::{Outcome, rounded, runtime};

const ROUNDS: usize = 3;
const HOUR: Duration = Duration::from_secs(3_600);
/// Runs that have not come by then are lost.
const PATIENCE: Duration = Duration::from_secs(120);
const PAGE: usize = 10_000;

static RUNS: AtomicU64 = AtomicU64::new(0);

async fn body() {
    RUNS.fetch_add(1, Ordering::Release);
}

#[derive(Serialize)]
struct Line {
    n: u32,
    runs: u64,
    runs_per_s: f64,
    add_per_s: f64,
    open_ms: f64,
    limit_runs_per_s: f64,
}

/// What one round has shown.
struct Hot {
    recorded: u64,
    per_s: f64,
    /// From the start, where all jobs are due, to the first body.
    first_ms: f64,
}

pub(crate) fn run(out: &mut impl Write, url: &str, n: u32) -> Outcome<()> {
    let place = Place::new(url)?;
    let runtime = runtime()?;
    let (add_per_s, open_ms) = runtime.block_on(stored(&place, n))?;
    writeln!(
        out,
        "{add_per_s:.0} jobs added a second; first run {open_ms:.0} ms after the store was opened"
    )?;
    let (mut runs, mut speeds, mut limits) = (0, vec![], vec![]);
    for round in 0..ROUNDS {
        let hot = runtime.block_on(hot(&place, &format!("hot{round}_"), n))?;
        writeln!(
            out,
            "{} runs, the first {:.0} ms after the start, {:.0} a second",
            hot.recorded, hot.first_ms, hot.per_s
        )?;
        let prefix = format!("raw{round}_");
        let limit = runtime.block_on(limit::measure(&place, &prefix, n))?;
        writeln!(out, "the driver alone {limit:.0} a second")?;
        limits.push(limit);
        runs += hot.recorded;
        speeds.push(hot.per_s);
    }
    let line = Line {
        n,
        runs,
        runs_per_s: rounded(median(&speeds)),
        add_per_s: rounded(add_per_s),
        open_ms: rounded(open_ms),
        limit_runs_per_s: rounded(median(&limits)),
    };
    writeln!(out, "{}", serde_json::to_string(&line)?)?;
    runtime.block_on(place.clear())
}

fn scheduler(store: impl JobStore) -> Outcome<Scheduler> {
    let builder = Scheduler::builder().task("body", body);
    Ok(builder.store("default", store).build()?)
}

fn hourly(id: u32, first: DateTime<Utc>) -> NewJob {
    NewJob::new("body", Interval::every(HOUR))
        .id(format!("job-{id:08}"))
        .next_run_time(first)
}

async fn add(scheduler: &Scheduler, n: u32, first: DateTime<Utc>) -> Outcome<Duration> {
    let began = Instant::now();
    for added in scheduler
        .add_jobs((0..n).map(|id| hourly(id, first)))
        .await?
    {
        added?;
    }
    Ok(began.elapsed())
}

async fn wait_for(runs: u64) {
    let began = Instant::now();
    while RUNS.load(Ordering::Acquire) < runs && began.elapsed() < PATIENCE {
        sleep(Duration::from_millis(1)).await;
    }
}

/// What adding costs, and how long it takes to the first run where so many jobs are stored.
async fn stored(place: &Place<'_>, n: u32) -> Outcome<(f64, f64)> {
    let opened = place.open("idle_").await?;
    let filled = scheduler(opened.store())?;
    let took = add(&filled, n, Utc::now() + HOUR).await?;
    let overdue = hourly(n, Utc::now());
    for added in filled.add_jobs([overdue]).await? {
        added?;
    }
    filled.shutdown().await?;
    opened.close().await;

    RUNS.store(0, Ordering::Release);
    let began = Instant::now();
    let opened = place.open("idle_").await?;
    let scheduler = scheduler(opened.store())?;
    scheduler.start().await?;
    wait_for(1).await;
    let open_ms = began.elapsed().as_secs_f64() * 1e3;
    scheduler.shutdown().await?;
    opened.close().await;
    Ok((f64::from(n) / took.as_secs_f64(), open_ms))
}

/// All jobs are due at once and run once; the time ends when the last end is recorded.
async fn hot(place: &Place<'_>, prefix: &str, n: u32) -> Outcome<Hot> {
    let opened = place.open(prefix).await?;
    let scheduler = scheduler(opened.store())?;
    add(&scheduler, n, Utc::now()).await?;
    RUNS.store(0, Ordering::Release);
    let started = Instant::now();
    scheduler.start().await?;
    wait_for(1).await;
    let first_ms = started.elapsed().as_secs_f64() * 1e3;
    let (before, began) = (RUNS.load(Ordering::Acquire), Instant::now());
    wait_for(n.into()).await;
    scheduler.shutdown().await?;
    let took = began.elapsed();
    let recorded = succeeded(&*opened.store()).await?;
    opened.close().await;
    let counted = recorded.saturating_sub(before) as f64;
    Ok(Hot {
        recorded,
        per_s: counted / took.as_secs_f64(),
        first_ms,
    })
}

async fn succeeded(store: &dyn JobStore) -> Outcome<u64> {
    let mut filter = RunFilter {
        outcomes: Some(Ended::Succeeded.into()),
        limit: PAGE,
        ..RunFilter::default()
    };
    let mut count = 0;
    loop {
        let page = store.runs(filter.clone()).await?;
        let Some(last) = page.last() else {
            return Ok(count);
        };
        count += page.len() as u64;
        filter.before = Some(RunCursor::of(last));
    }
}
