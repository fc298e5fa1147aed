//! `burst N`: one-shot jobs that are all due in one instant.

use std::io::Write;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use punctual::scheduler::NewJob;
use punctual::{Date, Scheduler};
use punctual_benches::rounds::median;
use punctual_benches::{clock, process, spawn};
use serde::Serialize;
use tokio::time::sleep;

use crate::{Outcome, rounded, runtime};

const ROUNDS: usize = 5;
/// Runs that have not come this long after the one before are lost.
const PATIENCE: Duration = Duration::from_secs(5);
/// Time for the ends of the last runs to reach the ledger.
const RECORDING: Duration = Duration::from_millis(200);
/// Time to add a job, with room to spare.
const ADDING: Duration = Duration::from_micros(20);

/// What the job bodies leave behind.
static RUNS: AtomicU64 = AtomicU64::new(0);
/// Microseconds since 1970.
static LAST: AtomicI64 = AtomicI64::new(0);

async fn body() {
    LAST.fetch_max(clock::micros(), Ordering::Relaxed);
    RUNS.fetch_add(1, Ordering::Release);
}

#[derive(Serialize)]
struct Line {
    n: u32,
    runs: u64,
    submitted_in_order: bool,
    last_ms: f64,
    cpu_us_per_run: f64,
    spawn_us: f64,
}

/// What one round has shown.
pub(crate) struct Round {
    pub(crate) runs: u64,
    in_order: bool,
    last_ms: f64,
    pub(crate) cpu_us: f64,
    pub(crate) spawn_us: f64,
}

pub(crate) fn run(out: &mut impl Write, n: u32) -> Outcome<()> {
    let runtime = runtime()?;
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let round = runtime.block_on(round(n))?;
        writeln!(
            out,
            "{} runs, in order: {}, last body after {:.1} ms, {:.2} us CPU per run, {:.2} per spawn",
            round.runs, round.in_order, round.last_ms, round.cpu_us, round.spawn_us
        )?;
        rounds.push(round);
    }
    let middle =
        |figure: fn(&Round) -> f64| rounded(median(&rounds.iter().map(figure).collect::<Vec<_>>()));
    let line = Line {
        n,
        // No round may lose one, nor run one too many.
        runs: rounds
            .iter()
            .map(|round| round.runs)
            .max_by_key(|runs| runs.abs_diff(n.into()))
            .unwrap_or(0),
        submitted_in_order: rounds.iter().all(|round| round.in_order),
        last_ms: middle(|round| round.last_ms),
        cpu_us_per_run: middle(|round| round.cpu_us),
        spawn_us: middle(|round| round.spawn_us),
    };
    writeln!(out, "{}", serde_json::to_string(&line)?)?;
    Ok(())
}

pub(crate) async fn round(n: u32) -> Outcome<Round> {
    RUNS.store(0, Ordering::Relaxed);
    LAST.store(0, Ordering::Relaxed);
    let scheduler = Scheduler::builder().build()?;
    scheduler.start().await?;
    let due = clock::second_after(Duration::from_millis(500) + ADDING * n);
    let jobs = (0..n).map(|i| NewJob::new(body, Date::at(due)).id(format!("shot-{i:08}")));
    for added in scheduler.add_jobs(jobs).await? {
        added?;
    }
    sleep(clock::until(due).saturating_sub(Duration::from_millis(20))).await;
    if clock::until(due).is_zero() {
        return Err("the jobs were due before all of them were added".into());
    }
    let before = process::cpu();
    wait(n).await;
    let used = process::cpu() - before;
    let runs = RUNS.load(Ordering::Acquire);
    let last = LAST.load(Ordering::Relaxed) - due.timestamp_micros();
    let in_order = submitted_in_order(&scheduler, due).await?;
    scheduler.shutdown().await?;
    Ok(Round {
        runs,
        in_order,
        last_ms: last as f64 / 1e3,
        cpu_us: used.as_secs_f64() * 1e6 / runs as f64,
        spawn_us: spawn::cpu_us(n).await,
    })
}

async fn wait(n: u32) {
    let (mut runs, mut changed) = (0, Instant::now());
    while runs < u64::from(n) && changed.elapsed() < PATIENCE {
        sleep(Duration::from_millis(10)).await;
        let now = RUNS.load(Ordering::Acquire);
        if now != runs {
            (runs, changed) = (now, Instant::now());
        }
    }
    sleep(RECORDING).await;
}

/// Whether the ledger numbers the runs in the order in which the jobs were added.
///
/// It keeps the newest 100,000.
async fn submitted_in_order(scheduler: &Scheduler, due: DateTime<Utc>) -> Outcome<bool> {
    let mut runs = scheduler.runs().await?;
    runs.sort_unstable_by_key(|run| run.id);
    let is_after = |pair: &[punctual::ledger::Run]| pair[0].job < pair[1].job;
    Ok(!runs.is_empty()
        && runs.windows(2).all(is_after)
        && runs.iter().all(|run| run.fire_time() == due))
}
