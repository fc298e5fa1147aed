//! The one error of Punctual, and the ways in which this crate makes it.

use punctual_core::JobId;
pub use punctual_core::{Error, ErrorKind};

/// Any error of a job, boxed.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Returns what an error says, and what its causes say.
pub(crate) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.for_each(|cause| text.push_str(&format!(": {cause}")));
    text
}

/// Returns an error whose message has a line for each of several problems.
pub(crate) fn listing(kind: ErrorKind, head: &str, problems: &[String]) -> Error {
    let list = problems.iter();
    list.fold(Error::of(kind, head), |error, problem| {
        error.and_line(&format!("  {problem}"))
    })
}

pub(crate) fn no_job(id: &JobId) -> Error {
    Error::of(ErrorKind::NotFound, format!("there is no job `{id}`"))
}

pub(crate) fn not_running() -> Error {
    let message = "the scheduler is not running; call `start` first";
    Error::of(ErrorKind::NotRunning, message)
}
