//! An instance that has not begun here.

use chrono::{DateTime, Utc};
use punctual_core::RunId;

/// Fire times that run one after another and count as one.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    pub(crate) first: RunId,
    /// The fencing token of the first run.
    pub(crate) token: u64,
    pub(crate) fire_times: Vec<DateTime<Utc>>,
    /// How many attempts the first run has had, on any node.
    pub(crate) attempts: u32,
    /// When its first attempt started.
    pub(crate) started: Option<i64>,
    /// How the last attempt has failed, if it has.
    pub(crate) failure: Option<Box<str>>,
    /// Whether the store had admitted it before, perhaps under a wider limit.
    pub(crate) was_admitted: bool,
    /// Whether it is of the schedule, whose grace time counts until it begins.
    pub(crate) may_be_late: bool,
}
