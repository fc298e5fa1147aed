//! The messages between a scheduler and its worker processes. Each is one line of JSON.

use punctual_core::{Job, Outcome};
use serde::{Deserialize, Serialize};

/// The first argument of a worker process. The second is the mark of its lines.
pub(crate) const WORKER: &str = "--punctual-worker";

/// The length of the longest line, 16 MiB.
pub(crate) const LONGEST_LINE: usize = 16 << 20;

/// A message to a worker process.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    Run(Box<Run>),
    /// Tells the attempt that is under way to end.
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

/// A message from a worker process.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum News {
    /// The worker process has begun, and waits for orders.
    Ready,
    /// The attempt is about to begin. If a worker process dies before this message, the attempt has
    /// not begun.
    Begins {
        run: u64,
    },
    Ended(Ended),
}

/// The end of an attempt.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) run: u64,
    pub(crate) outcome: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) result: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<Box<str>>,
}
