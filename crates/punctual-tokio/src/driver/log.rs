//! Logs what becomes of fire times, if they did not run or did not end well. The rest is in the
//! spans of runs, in events and in the ledger.

use std::time::Duration;

use chrono::{DateTime, Utc};
use punctual_core::{FireRange, JobId, Outcome, RunId};
use punctual_store::{EndText, RunEnd};
use tracing::Level;

use crate::voice::Voice;

/// Logs that a run is over.
pub(super) fn ended(voice: &Voice, job: &JobId, fire_time: DateTime<Utc>, end: &RunEnd) {
    let (run, attempts, outcome) = (end.run.0, end.attempts, end.outcome);
    match outcome {
        Outcome::Failed | Outcome::Panicked | Outcome::TimedOut | Outcome::Lost => {
            let error = text_of(end.text.as_ref());
            tracing::error!(%job, run, %fire_time, attempts, %outcome, error, "a run went wrong");
            voice.unheard(Level::ERROR, ("ended", job.as_str()), || {
                format!("a run of job `{job}` went wrong: {outcome}{}", why(error))
            });
        }
        Outcome::Cancelled(_) => {
            tracing::info!(%job, run, %fire_time, attempts, %outcome, "a run was cancelled");
        }
        _ => {}
    }
}

/// Logs that an attempt went wrong and that there will be another one.
pub(super) fn again(
    voice: &Voice,
    (job, run, attempt): (&JobId, RunId, u32),
    error: Option<&EndText>,
    wait: Duration,
) {
    let (run, error) = (run.0, text_of(error));
    tracing::warn!(%job, run, attempt, error, ?wait, "an attempt went wrong: it is tried again");
    voice.unheard(Level::WARN, ("again", job.as_str()), || {
        format!(
            "attempt {attempt} of job `{job}` went wrong, and is tried again in {wait:?}{}",
            why(error)
        )
    });
}

/// Logs that fire times passed without a run. Later fire times with the same outcome are logged at
/// a lower level.
pub(super) fn did_not_run(
    voice: &Voice,
    job: &JobId,
    range: FireRange,
    outcome: Outcome,
    is_first: bool,
) {
    let (first, last, count) = (range.first, range.last, range.count.number());
    if is_first {
        tracing::warn!(
            %job, %first, %last, count, %outcome,
            "fire times did not run; until the job runs again, others like these are told at DEBUG only"
        );
    } else {
        tracing::debug!(%job, %first, %last, count, %outcome, "fire times did not run");
    }
    voice.unheard(Level::WARN, ("did not run", job.as_str()), || {
        format!("fire times of job `{job}` did not run ({count}, from {first}): {outcome}")
    });
}

/// Logs that a job cannot run on this node. Only the first job of a task and
/// an executor is logged as a warning, since there may be many.
pub(super) fn parked(
    voice: &Voice,
    job: &JobId,
    (task, executor): (&str, &str),
    is_first_of_task: bool,
) {
    if is_first_of_task {
        tracing::warn!(
            %job, task, executor,
            "parked: this node lacks the task or the executor of a job, and leaves it to others"
        );
        voice.unheard(Level::WARN, ("parked", task), || {
            format!("job `{job}` is parked: this node lacks its task `{task}` or its executor `{executor}`")
        });
    } else {
        tracing::debug!(%job, task, executor, "parked");
    }
}

/// Returns the error, as the end of a line.
fn why(error: &str) -> String {
    match error {
        "" => String::new(),
        error => format!(": {error}"),
    }
}

fn text_of(text: Option<&EndText>) -> &str {
    match text {
        Some(EndText::Error(text)) => text,
        Some(EndText::Result(_)) | None => "",
    }
}
