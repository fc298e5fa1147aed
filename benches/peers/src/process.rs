//! What the kernel says about this process.

use std::fs;
use std::io;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::Outcome;

/// CPU time of all threads so far.
pub fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// Bytes that are resident now.
pub fn resident() -> Outcome<u64> {
    let kib = number(&fs::read_to_string("/proc/self/status")?, "VmRSS:")?;
    Ok(kib * 1024)
}

/// Voluntary context switches so far, of all threads but the one that asks.
pub fn wakeups() -> Outcome<u64> {
    let own = fs::read_link("/proc/thread-self")?;
    let mut switches = 0;
    for task in fs::read_dir("/proc/self/task")? {
        let task = task?;
        if own.file_name() != Some(&task.file_name()) {
            let status = fs::read_to_string(task.path().join("status"))?;
            switches += number(&status, "voluntary_ctxt_switches:")?;
        }
    }
    Ok(switches)
}

fn number(status: &str, field: &str) -> Outcome<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .ok_or_else(|| io::Error::other(format!("/proc has no {field}")))?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
