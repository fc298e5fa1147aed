//! `add N`: what adding one job costs, and what memory an idle job occupies.

use std::io::Write;
use std::time::{Duration, Instant};

use punctual::scheduler::NewJob;
use punctual::trigger::Crontab;
use punctual::{Error, Scheduler};
use punctual_benches::process;
use punctual_benches::rounds::median;
use serde::Serialize;
use tokio::runtime::Runtime;

use crate::idle_jobs::{Distinct, distinct, work};
use crate::{Outcome, rounded, runtime};

const ROUNDS: usize = 5;
/// Schedulers whose memory is measured, all alive at once: none uses what another has freed.
const FILLED: usize = 3;
/// Time for what adding left behind to settle.
const SETTLE: Duration = Duration::from_millis(200);

#[derive(Serialize)]
struct Line {
    n: u32,
    single_us: f64,
    bulk_us: f64,
    block_on_us: f64,
    bytes_per_job: u64,
}

pub(crate) fn run(out: &mut impl Write, n: u32) -> Outcome<()> {
    let runtime = runtime()?;
    // Before all else: a process that has freed memory grows less.
    let bytes = bytes_per_job(&runtime, n)?;
    writeln!(out, "{bytes} bytes resident per idle job")?;

    let (mut singles, mut bulks, mut blocks, mut stopped) = (vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        singles.push(single(&runtime, n, true)?);
        bulks.push(bulk(&runtime, n)?);
        blocks.push(block_on(&runtime, n)?);
        stopped.push(single(&runtime, n, false)?);
    }
    writeln!(out, "microseconds per job, {ROUNDS} rounds:")?;
    writeln!(out, "awaited one by one in a task    {singles:.3?}")?;
    writeln!(out, "`add_jobs`                      {bulks:.3?}")?;
    writeln!(out, "awaited one by one in block_on  {blocks:.3?}")?;
    writeln!(out, "in a task, before the start     {stopped:.3?}")?;
    let line = Line {
        n,
        single_us: rounded(median(&singles)),
        bulk_us: rounded(median(&bulks)),
        block_on_us: rounded(median(&blocks)),
        bytes_per_job: bytes,
    };
    writeln!(out, "{}", serde_json::to_string(&line)?)?;
    Ok(())
}

fn bytes_per_job(runtime: &Runtime, n: u32) -> Outcome<u64> {
    let mut filled = Vec::with_capacity(FILLED);
    let mut bytes = Vec::with_capacity(FILLED);
    for _ in 0..FILLED {
        let scheduler = started(runtime)?;
        let before = process::resident()?;
        runtime.block_on(add_all(&scheduler, (0..n).map(distinct)))?;
        std::thread::sleep(SETTLE);
        bytes.push(process::resident()?.saturating_sub(before) / u64::from(n));
        filled.push(scheduler);
    }
    for scheduler in filled {
        runtime.block_on(scheduler.shutdown().into_future())?;
    }
    bytes.sort_unstable();
    Ok(bytes[FILLED / 2])
}

fn started(runtime: &Runtime) -> Outcome<Scheduler> {
    let scheduler = Scheduler::builder().build()?;
    runtime.block_on(async {
        scheduler.start().await?;
        tokio::time::sleep(SETTLE).await;
        Ok::<_, Error>(())
    })?;
    Ok(scheduler)
}

/// Adds jobs one after another, each when the one before is added.
async fn add_all(scheduler: &Scheduler, jobs: impl Iterator<Item = Distinct>) -> Result<(), Error> {
    for job in jobs {
        scheduler
            .add_job(work, Crontab::new(job.pattern))
            .id(job.id)
            .name(job.name)
            .args(job.args)
            .await?;
    }
    Ok(())
}

fn single(runtime: &Runtime, n: u32, is_started: bool) -> Outcome<f64> {
    let scheduler = if is_started {
        started(runtime)?
    } else {
        Scheduler::builder().build()?
    };
    let jobs: Vec<Distinct> = (0..n).map(distinct).collect();
    let adding = scheduler.clone();
    let task = runtime.spawn(async move {
        let began = Instant::now();
        add_all(&adding, jobs.into_iter()).await?;
        Ok::<_, Error>(began.elapsed())
    });
    let took = runtime.block_on(task)??;
    runtime.block_on(scheduler.shutdown().into_future())?;
    Ok(each(took, n))
}

fn block_on(runtime: &Runtime, n: u32) -> Outcome<f64> {
    let scheduler = started(runtime)?;
    let jobs: Vec<Distinct> = (0..n).map(distinct).collect();
    let began = Instant::now();
    runtime.block_on(add_all(&scheduler, jobs.into_iter()))?;
    let took = began.elapsed();
    runtime.block_on(scheduler.shutdown().into_future())?;
    Ok(each(took, n))
}

fn bulk(runtime: &Runtime, n: u32) -> Outcome<f64> {
    let scheduler = started(runtime)?;
    let jobs: Vec<Distinct> = (0..n).map(distinct).collect();
    let adding = scheduler.clone();
    let task = runtime.spawn(async move {
        let began = Instant::now();
        let added = adding.add_jobs(jobs.into_iter().map(NewJob::from)).await?;
        let took = began.elapsed();
        added.into_iter().try_for_each(|job| job.map(drop))?;
        Ok::<_, Error>(took)
    });
    let took = runtime.block_on(task)??;
    runtime.block_on(scheduler.shutdown().into_future())?;
    Ok(each(took, n))
}

fn each(whole: Duration, n: u32) -> f64 {
    whole.as_secs_f64() * 1e6 / f64::from(n)
}
