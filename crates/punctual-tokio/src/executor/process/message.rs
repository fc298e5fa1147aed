//! What a scheduler and its workers say to each other: one line of JSON each.

use punctual_core::{Job, Outcome};
use serde::{Deserialize, Serialize};

/// The first argument of a worker; the second is the mark of its lines.
pub(crate) const WORKER: &str = "--punctual-worker";

/// No line is longer: 16 MiB.
pub(crate) const LONGEST_LINE: usize = 16 << 20;

/// To a worker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    Run(Box<Run>),
    /// The attempt that is under way should end.
    Cancel,
}

/// One attempt.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) run: u64,
    pub(crate) token: u64,
    pub(crate) attempt: u32,
    /// Microseconds since 1970.
    pub(crate) fire_time: i64,
    pub(crate) job: Job,
}

/// From a worker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum News {
    /// It has begun, and waits for orders.
    Ready,
    /// The attempt is about to begin. A worker that dies before it says so has not begun.
    Begins {
        run: u64,
    },
    Ended(Ended),
}

/// How an attempt ended.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) run: u64,
    pub(crate) outcome: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) result: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<Box<str>>,
}
