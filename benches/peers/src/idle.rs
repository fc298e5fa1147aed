//! `idle N SECONDS`: what N jobs cost while none of them is due.

use std::thread;
use std::time::Duration;

use serde::Serialize;
use tokio_cron_scheduler::JobScheduler;

use crate::{Outcome, jobs, limited, process, rounded, runtime};

/// Time for what adding left behind to settle.
const SETTLE: Duration = Duration::from_secs(1);

#[derive(Serialize)]
struct Line {
    n: u32,
    cpu_ms: f64,
    wakeups: u64,
}

pub fn run(n: u32, seconds: u64) -> Outcome<String> {
    let runtime = runtime()?;
    let _scheduler = runtime.block_on(limited(Duration::ZERO, async {
        let scheduler = JobScheduler::new().await?;
        for i in 0..n {
            scheduler.add(jobs::idle(i)?).await?;
        }
        scheduler.start().await?;
        Ok(scheduler)
    }))?;
    thread::sleep(SETTLE);

    let (cpu, wakeups) = (process::cpu(), process::wakeups()?);
    thread::sleep(Duration::from_secs(seconds));
    let (cpu, wakeups) = (process::cpu() - cpu, process::wakeups()? - wakeups);
    Ok(serde_json::to_string(&Line {
        n,
        cpu_ms: rounded(cpu.as_secs_f64() * 1e3),
        wakeups,
    })?)
}
