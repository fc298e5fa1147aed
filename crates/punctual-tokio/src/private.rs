//! What signatures and generated code name, and nobody writes. No promise is made about any of it.

use chrono::{DateTime, Utc};
use punctual_core::Trigger;
use serde_json::Value;

pub use crate::declared::{Declaration, DeclaredTask, submit};
use crate::error::{BoxError, Error};
pub use crate::handler::{
    Async, Blocking, Check, Finish, Function, Named, Reference, Task, check, check_args, made, wait,
};
use crate::job::new_job::NewJob;
pub use crate::time::clock::AnyClock;

/// Implemented for a type of the name of each declared function: `jobs![function]` finds it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not declared",
    note = "write `#[punctual::job]` or `#[punctual::scheduled_job(..)]` above the function"
)]
pub trait Declared {
    /// What the attribute left behind.
    const DECLARATION: Declaration;
}

/// A job of a declared function. The text is JSON that was checked at compile time.
pub fn job(task: &str, trigger: &str) -> NewJob {
    NewJob::from_parts(task, trigger.parse())
}

/// A job whose trigger is an expression.
pub fn job_of(task: &str, trigger: impl TryInto<Trigger, Error: Into<Error>>) -> NewJob {
    NewJob::from_parts(task, trigger.try_into().map_err(|error| error.into()))
}

/// A job with some policies, from JSON that was checked at compile time; the defaults fill in the
/// others.
pub fn with_policies(mut job: NewJob, json: &str) -> NewJob {
    job.policies = serde_json::from_str(json).expect("the attribute has checked the policies");
    job
}

/// A time that was checked at compile time, as a date trigger.
#[must_use]
pub fn instant(date: &str) -> DateTime<Utc> {
    let date: Trigger = date.parse().expect("the attribute has checked the time");
    let instant = date.next(None, DateTime::UNIX_EPOCH);
    instant.expect("a date has its time, past or not")
}

/// Arguments from JSON that was checked at compile time.
#[must_use]
pub fn args(json: &str) -> Value {
    serde_json::from_str(json).expect("the attribute has written the arguments")
}

/// An attempt that could not be given a parameter.
#[must_use]
pub fn failed(error: &BoxError) -> Finish {
    Finish::failed(error)
}

/// The JSON Schema of a type.
#[cfg(feature = "schemars")]
#[must_use]
pub fn schema<T: schemars::JsonSchema>() -> Value {
    schemars::schema_for!(T).to_value()
}
