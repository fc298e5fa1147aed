//! What goes to the log of all that becomes of fire times: what did not run, and what did not end
//! well. The rest is in the spans of runs, in events and in the ledger.

use std::time::Duration;

use chrono::{DateTime, Utc};
use punctual_core::{FireRange, JobId, Outcome};
use punctual_store::{EndText, RunEnd};

/// A run is over.
pub(super) fn ended(job: &JobId, scheduled_time: DateTime<Utc>, end: &RunEnd) {
    let (run, attempts, outcome) = (end.run.0, end.attempts, end.outcome);
    match outcome {
        Outcome::Failed | Outcome::Panicked | Outcome::TimedOut | Outcome::Lost => {
            let error = text_of(end.text.as_ref());
            tracing::error!(%job, run, %scheduled_time, attempts, %outcome, error, "a run went wrong");
        }
        Outcome::Cancelled(_) => {
            tracing::info!(%job, run, %scheduled_time, attempts, %outcome, "a run was cancelled");
        }
        Outcome::Succeeded | Outcome::Missed(_) | Outcome::Skipped(_) | Outcome::Coalesced => {}
    }
}

/// An attempt went wrong, and there will be another.
pub(super) fn again(job: &JobId, run: u64, attempt: u32, error: Option<&EndText>, wait: Duration) {
    let error = text_of(error);
    tracing::warn!(%job, run, attempt, error, ?wait, "an attempt went wrong: it is tried again");
}

/// Fire times passed without a run. Those that follow go the same way, and are told quietly.
pub(super) fn did_not_run(job: &JobId, range: FireRange, outcome: Outcome, is_first: bool) {
    let (first, last, count) = (range.first, range.last, range.count.number());
    if is_first {
        tracing::warn!(
            %job, %first, %last, count, %outcome,
            "fire times did not run; until the job runs again, others like these are told at DEBUG only"
        );
    } else {
        tracing::debug!(%job, %first, %last, count, %outcome, "fire times did not run");
    }
}

/// A job cannot run here. The first of a task is told aloud: there may be many.
pub(super) fn parked(job: &JobId, task: &str, executor: &str, is_first_of_task: bool) {
    if is_first_of_task {
        tracing::warn!(
            %job, task, executor,
            "parked: this node lacks the task or the executor of a job, and leaves it to others"
        );
    } else {
        tracing::debug!(%job, task, executor, "parked");
    }
}

fn text_of(text: Option<&EndText>) -> &str {
    match text {
        Some(EndText::Error(text)) => text,
        Some(EndText::Result(_)) | None => "",
    }
}
