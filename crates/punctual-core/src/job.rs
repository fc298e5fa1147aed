//! A job as the store keeps it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::plan::JobView;
use crate::{JobId, MissReason, Policies, Trigger};

/// What a store keeps of a job: what to call, with what, when, and under which policies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Job {
    /// The id, unique in its store.
    pub id: JobId,
    /// A name for people; the id if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The name of the registered task that it calls.
    pub task: String,
    /// The arguments of the call: an array for positional ones, an object for named ones.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub args: Value,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The alias of the executor that runs it; `default` if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executor: Option<String>,
    /// When it runs.
    pub trigger: Trigger,
    /// Keeps the phase of a trigger without a start; see [`Trigger::anchored`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<DateTime<Utc>>,
    /// What becomes of runs that come late, overlap or fail.
    #[serde(default)]
    pub policies: Policies,
    /// The nominal fire time that comes next.
    #[serde(default)]
    pub next_run_time: Option<DateTime<Utc>>,
    /// Whether it is paused.
    #[serde(default)]
    pub paused: bool,
    /// Whether its search for a next fire time reached its limit; an edit clears it.
    #[serde(default)]
    pub search_limit: bool,
    /// Which `add_job` it belongs to.
    #[serde(default)]
    pub incarnation: u64,
    /// Counts the changes of the stored row.
    #[serde(default)]
    pub revision: u64,
}

impl Job {
    /// A job with default policies that was not stored yet.
    #[must_use]
    pub fn new(id: JobId, task: impl Into<String>, trigger: Trigger) -> Self {
        Self {
            id,
            name: None,
            task: task.into(),
            args: Value::Null,
            tags: Vec::new(),
            executor: None,
            trigger,
            anchor: None,
            policies: Policies::default(),
            next_run_time: None,
            paused: false,
            search_limit: false,
            incarnation: 0,
            revision: 0,
        }
    }

    /// The job as [`plan`](crate::plan::plan) sees it.
    #[must_use]
    pub fn view(&self, running: u32, queued: u32, absence: MissReason) -> JobView<'_> {
        JobView {
            id: &self.id,
            trigger: &self.trigger,
            anchor: self.anchor,
            policies: &self.policies,
            next_fire: self.next_run_time,
            running,
            queued,
            paused: self.paused,
            absence,
        }
    }
}
