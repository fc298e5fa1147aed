//! The alarms that a timer is armed for.

use crate::key::{AttemptKey, JobKey};

/// An alarm that a timer is armed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alarm {
    /// A job is due, unless its row has moved on.
    Job {
        /// The key of the job.
        key: JobKey,
        /// The revision of its row when the alarm was armed.
        revision: u64,
    },
    /// Jobs beyond the window are due soon.
    Refill {
        /// The store.
        store: u32,
    },
    /// Jobs that were left to other nodes may not have been claimed.
    Left {
        /// The store.
        store: u32,
    },
    /// The waiting runs of a job may start.
    Promote {
        /// The store.
        store: u32,
        /// The birth of the job.
        birth: u64,
    },
    /// The time of an attempt is over.
    Timeout(AttemptKey),
    /// An attempt was told to end and has not ended.
    Abort(AttemptKey),
    /// The next stage of the shutdown begins.
    Shutdown,
}
