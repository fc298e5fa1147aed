//! The bounds that every store keeps, each with its reason.

use std::io;

use punctual_core::{Job, JobId};
use serde::Serialize;

use crate::Error;

/// The greatest length of the definition of one job in bytes, with its arguments and its trigger.
///
/// A job is read as a whole each time it is due soon. Large data belongs elsewhere, and its place
/// into the arguments.
pub const MAX_JOB_BYTES: usize = 1 << 20;

/// Refuses a definition that is longer than [`MAX_JOB_BYTES`].
#[doc(hidden)]
pub fn check_bytes(id: &JobId, bytes: usize) -> Result<(), Error> {
    if bytes <= MAX_JOB_BYTES {
        return Ok(());
    }
    Err(Error::too_large(format!(
        "job `{id}`: too long with `{bytes}` bytes; expected at most {MAX_JOB_BYTES}; keep large \
         data elsewhere and pass its place as an argument"
    )))
}

/// Refuses a job that is longer than [`MAX_JOB_BYTES`] as a store writes it.
#[doc(hidden)]
pub fn check(job: &Job) -> Result<(), Error> {
    let texts = [
        job.own_name().map_or(0, str::len),
        job.task().len(),
        job.args_json().len(),
        job.executor().len(),
        job.tags().map(str::len).sum(),
        json_bytes(job.trigger()),
        job.declared().map_or(0, json_bytes),
    ];
    check_bytes(job.id(), texts.into_iter().sum())
}

/// Returns the length of a value as JSON, which is not written anywhere.
fn json_bytes(value: &impl Serialize) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // A trigger that cannot be written is refused before a store sees it.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}
