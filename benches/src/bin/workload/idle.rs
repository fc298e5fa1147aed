//! `idle N SECONDS`: what N jobs cost while none of them is due.

use std::io::Write;
use std::thread;
use std::time::Duration;

use punctual::Scheduler;
use punctual::scheduler::NewJob;
use punctual_benches::process;
use serde::Serialize;

use crate::idle_jobs::distinct;
use crate::{Outcome, rounded, runtime};

/// Time for what adding left behind to settle.
const SETTLE: Duration = Duration::from_secs(1);

#[derive(Serialize)]
struct Line {
    n: u32,
    cpu_ms: f64,
    wakeups: u64,
}

pub(crate) fn run(out: &mut impl Write, n: u32, seconds: u32) -> Outcome<()> {
    let runtime = runtime()?;
    let scheduler = Scheduler::builder().build()?;
    runtime.block_on(async {
        for added in scheduler
            .add_jobs((0..n).map(distinct).map(NewJob::from))
            .await?
        {
            added?;
        }
        scheduler.start().await
    })?;
    thread::sleep(SETTLE);

    let (cpu, wakeups) = (process::cpu(), process::wakeups()?);
    thread::sleep(Duration::from_secs(seconds.into()));
    let (cpu, wakeups) = (process::cpu() - cpu, process::wakeups()? - wakeups);
    runtime.block_on(scheduler.shutdown().into_future())?;
    let cpu_ms = rounded(cpu.as_secs_f64() * 1e3);
    writeln!(
        out,
        "{n} jobs, {seconds} s: {cpu_ms} ms CPU, {wakeups} wake-ups"
    )?;
    let line = Line { n, cpu_ms, wakeups };
    writeln!(out, "{}", serde_json::to_string(&line)?)?;
    Ok(())
}
