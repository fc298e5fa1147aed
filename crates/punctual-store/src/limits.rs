//! The bounds that every store keeps, each with its reason.

use std::io;

use punctual_core::{Job, Policies};
use serde::Serialize;

use crate::Error;

/// The greatest length of the definition of one job in bytes, with its arguments and its trigger.
///
/// A job is read as a whole each time it is due soon. Large data belongs elsewhere, and its place
/// into the arguments.
pub const MAX_JOB_BYTES: usize = 1 << 20;

/// Refuses a job that is longer than [`MAX_JOB_BYTES`] in the form in which stores keep it. Every
/// store calls this.
#[doc(hidden)]
pub fn check(job: &Job) -> Result<(), Error> {
    let parts = parts(job);
    let bytes = sum(&parts);
    if bytes <= MAX_JOB_BYTES {
        return Ok(());
    }
    let largest = parts.into_iter().max_by_key(|(_, bytes)| *bytes);
    let (part, of_part) = largest.unwrap_or_default();
    let fix = match part {
        "args" => "keep large data elsewhere and pass its place as an argument",
        _ => "write less there",
    };
    Err(Error::too_large(format!(
        "{part}: `{of_part}` bytes of the `{bytes}` of job `{}`, which may have {MAX_JOB_BYTES}; {fix}",
        job.id()
    )))
}

/// Returns the length of a job in the form in which stores keep it, in bytes.
#[doc(hidden)]
#[must_use]
pub fn bytes(job: &Job) -> usize {
    sum(&parts(job))
}

fn sum(parts: &[(&str, usize)]) -> usize {
    parts.iter().map(|(_, bytes)| bytes).sum()
}

/// Returns the parts of a job with their lengths. A part that is at its default is not kept.
fn parts(job: &Job) -> [(&'static str, usize); 8] {
    let tags: Vec<&str> = job.tags().collect();
    let policies = job.policies();
    let kept = |is_kept: bool, bytes: usize| if is_kept { bytes } else { 0 };
    [
        ("name", job.own_name().map_or(0, str::len)),
        ("task", job.task().len()),
        (
            "args",
            kept(job.args_json() != "null", job.args_json().len()),
        ),
        ("trigger", json_bytes(job.trigger())),
        ("tags", kept(!tags.is_empty(), json_bytes(&tags))),
        (
            "executor",
            kept(job.executor() != "default", job.executor().len()),
        ),
        (
            "policies",
            kept(*policies != Policies::default(), json_bytes(policies)),
        ),
        ("declared", job.declared().map_or(0, json_bytes)),
    ]
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

#[cfg(test)]
mod tests {
    use punctual_core::{Interval, JobId};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_job_that_is_too_long_names_its_largest_part() {
        let trigger = Interval::every("1m").build().unwrap();
        let job = Job::new(JobId::new("long").unwrap(), "t", trigger);
        let args = job.clone().with_args(&json!("x".repeat(MAX_JOB_BYTES)));
        assert_eq!(
            check(&args).unwrap_err().to_string(),
            "args: `1048578` bytes of the `1048610` of job `long`, which may have 1048576; keep \
             large data elsewhere and pass its place as an argument"
        );
        let tags = job.clone().with_tags(["x".repeat(MAX_JOB_BYTES)]);
        let error = punctual_core::Error::from(check(&tags).unwrap_err());
        assert_eq!(error.field(), Some("tags"));
        check(&job).unwrap();
    }
}
