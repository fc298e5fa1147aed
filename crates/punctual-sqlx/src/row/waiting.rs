//! A job with waiting runs as columns.

use chrono::DateTime;
use punctual_core::{JobId, Policies};
use punctual_store::WaitingJob;

/// Returns true if the job has room. A job whose policies cannot be decoded has none.
pub(crate) fn has_room(policies: Option<&str>, running: i64) -> bool {
    let policies = match policies {
        Some(json) => serde_json::from_str(json).ok(),
        None => Some(Policies::default()),
    };
    let running = u32::try_from(running).ok();
    policies
        .zip(running)
        .is_some_and(|(policies, running)| policies.has_room(running))
}

/// Returns a job with a waiting run, unless its id is not valid.
pub(crate) fn waiting_job(birth: i64, id: &str, task: &str, due: i64) -> Option<WaitingJob> {
    Some(WaitingJob::new(
        JobId::new(id).ok()?,
        birth.unsigned_abs(),
        task.into(),
        DateTime::from_timestamp_micros(due).unwrap_or_default(),
    ))
}
