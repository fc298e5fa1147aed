//! Jobs of the two kinds that the measurements need.

use std::time::Duration;

use chrono::{DateTime, Datelike, Utc};
use tokio_cron_scheduler::{Job, JobSchedulerError};

/// The `i`-th of 2.4 million distinct patterns, none of which is due within the next months.
pub fn idle(i: u32) -> Result<Job, JobSchedulerError> {
    let month = (Utc::now().month0() + 6) % 12 + 1;
    let (second, minute, hour, day) = (i % 60, i / 60 % 60, i / 3_600 % 24, i / 86_400 % 28 + 1);
    Job::new_async(
        format!("{second} {minute} {hour} {day} {month} *"),
        |_, _| Box::pin(async {}),
    )
}

/// The whole second that begins after `n` jobs can have been added.
pub fn due(n: u32) -> DateTime<Utc> {
    let now = Utc::now();
    let second = now.timestamp() + 3 + i64::from(n) / 10_000;
    DateTime::from_timestamp(second, 0).unwrap_or(now)
}

/// What to ask for in order to be due at `time`: the scheduler counts from the second that has begun.
pub fn until(time: DateTime<Utc>) -> Duration {
    Duration::from_secs((time.timestamp() - Utc::now().timestamp()).unsigned_abs())
}
