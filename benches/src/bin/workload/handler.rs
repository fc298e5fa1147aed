//! `handler N`: what arguments and state cost: runs of a bare closure against runs of a function with both.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use punctual::scheduler::NewJob;
use punctual::{Args, Date, Scheduler, State};
use punctual_benches::rounds::median;
use punctual_benches::{clock, process};
use serde::Serialize;
use tokio::time::sleep;

use crate::{Outcome, rounded, runtime};

const ROUNDS: usize = 9;
/// Time for the ends of the last runs to reach the ledger.
const RECORDING: Duration = Duration::from_millis(200);
/// Time to add a job, with room to spare.
const ADDING: Duration = Duration::from_micros(20);
/// How late the last run may come.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the bodies count, shared as an application would share its database.
type Counter = Arc<AtomicU64>;

async fn handler(Args((name, count)): Args<(String, u32)>, State(runs): State<Counter>) {
    runs.fetch_add(
        u64::from(count.min(1)) * u64::from(!name.is_empty()),
        Ordering::Relaxed,
    );
}

#[derive(Serialize)]
struct Line {
    n: u32,
    closure_us_per_run: f64,
    handler_us_per_run: f64,
    ratio: f64,
}

/// What is run.
#[derive(Clone, Copy)]
enum Kind {
    Closure,
    Handler,
}

pub(crate) fn run(out: &mut impl Write, n: u32) -> Outcome<()> {
    let runtime = runtime()?;
    let (mut closures, mut handlers, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let closure = runtime.block_on(round(n, Kind::Closure))?;
        let handler = runtime.block_on(round(n, Kind::Handler))?;
        writeln!(
            out,
            "closure {closure:.3} us, handler {handler:.3} us CPU per run"
        )?;
        closures.push(closure);
        handlers.push(handler);
        ratios.push(handler / closure);
    }
    let line = Line {
        n,
        closure_us_per_run: rounded(median(&closures)),
        handler_us_per_run: rounded(median(&handlers)),
        ratio: rounded(median(&ratios)),
    };
    writeln!(out, "{}", serde_json::to_string(&line)?)?;
    Ok(())
}

/// CPU microseconds for each of `n` runs that are due in one instant.
async fn round(n: u32, kind: Kind) -> Outcome<f64> {
    let runs = Counter::default();
    let own = Arc::clone(&runs);
    // One closure for all: both kinds are one task.
    let bare = move || {
        own.fetch_add(1, Ordering::Relaxed);
        std::future::ready(())
    };
    let scheduler = Scheduler::builder()
        .state(Arc::clone(&runs))
        .task("closure", bare)
        .task("handler", handler)
        .build()?;
    scheduler.start().await?;
    let due = clock::second_after(Duration::from_millis(500) + ADDING * n);
    let jobs = (0..n).map(|_| match kind {
        Kind::Closure => NewJob::new("closure", Date::at(due)),
        Kind::Handler => NewJob::new("handler", Date::at(due)).args(("Ada", 3)),
    });
    for added in scheduler.add_jobs(jobs).await? {
        added?;
    }
    sleep(clock::until(due).saturating_sub(Duration::from_millis(20))).await;
    if clock::until(due).is_zero() {
        return Err("the jobs were due before all of them were added".into());
    }
    let before = process::cpu();
    let end = due + PATIENCE;
    while runs.load(Ordering::Relaxed) < u64::from(n) && !clock::until(end).is_zero() {
        sleep(Duration::from_millis(10)).await;
    }
    sleep(RECORDING).await;
    let used = process::cpu() - before;
    let done = runs.load(Ordering::Relaxed);
    scheduler.shutdown().await?;
    if done != u64::from(n) {
        return Err(format!("{done} of {n} jobs ran").into());
    }
    Ok(used.as_secs_f64() * 1e6 / f64::from(n))
}
