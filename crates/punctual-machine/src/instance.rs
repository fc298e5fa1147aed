//! An instance that has not begun on this node.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::RunId;

/// Fire times that run one after another and count as one instance.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    pub(crate) first: RunId,
    /// The fencing token of the first run.
    pub(crate) token: u64,
    pub(crate) fire_times: Vec<DateTime<Utc>>,
    /// The number of attempts of the first run on any node.
    pub(crate) attempts: u32,
    /// The start of its first attempt.
    pub(crate) started: Option<i64>,
    /// The error of the last attempt, if it failed.
    pub(crate) failure: Option<Box<str>>,
    /// The arguments of a run by hand as JSON text, if they are not those of its job.
    pub(crate) args: Option<Arc<str>>,
    /// True if the store had admitted the instance before, perhaps under a wider limit.
    pub(crate) was_admitted: bool,
    /// True if the instance is of the schedule. Its grace time counts until it begins.
    pub(crate) may_be_late: bool,
    /// The fire time that had passed when the job was added, if the schedule that named these fire
    /// times began with one.
    pub(crate) past: Option<DateTime<Utc>>,
}
