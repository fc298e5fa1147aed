//! What timers are armed for.

use crate::key::{AttemptKey, JobKey};

/// What a timer is armed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alarm {
    /// A job is due, unless its row has moved on.
    Job {
        /// The job.
        key: JobKey,
        /// What its row was like.
        revision: u64,
    },
    /// Jobs beyond the window come near.
    Refill {
        /// Of this store.
        store: u32,
    },
    /// Jobs that were left to other nodes may not have been claimed.
    Left {
        /// Of this store.
        store: u32,
    },
    /// What waits of a job, which goes by its birth, may start.
    Promote {
        /// Of this store.
        store: u32,
        /// The birth of the job.
        birth: u64,
    },
    /// An attempt has taken too long.
    Timeout(AttemptKey),
    /// An attempt was told to end and has not.
    Abort(AttemptKey),
    /// The next stage of the shutdown.
    Shutdown,
}
