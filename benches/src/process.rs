//! What the kernel says about this process. Linux only.

use std::fs;
use std::io;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// CPU time of all threads so far.
#[must_use]
pub fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// Bytes that are resident now.
///
/// # Errors
///
/// If there is no /proc.
pub fn resident() -> io::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    Ok(number(&status, "VmRSS:")? * 1_024)
}

/// Voluntary context switches so far, of all threads but the one that asks.
///
/// # Errors
///
/// If there is no /proc.
pub fn wakeups() -> io::Result<u64> {
    let own = fs::read_link("/proc/thread-self")?;
    let mut switches = 0;
    for task in fs::read_dir("/proc/self/task")? {
        let task = task?;
        if own.file_name() != Some(&task.file_name()) {
            // A thread may have ended since it was listed.
            if let Ok(status) = fs::read_to_string(task.path().join("status")) {
                switches += number(&status, "voluntary_ctxt_switches:")?;
            }
        }
    }
    Ok(switches)
}

fn number(status: &str, field: &str) -> io::Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .ok_or_else(|| io::Error::other(format!("/proc has no {field}")))
}
