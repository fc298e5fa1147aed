//! Items that signatures and generated code name, and that are not written by hand. No promise is
//! made about any of them.

use punctual_core::IntoTrigger;
use serde_json::Value;

pub use crate::declared::{Declaration, DeclaredTask, submit};
pub use crate::error::BoxError;
pub use crate::events::listener::{Done, Later};
pub use crate::handler::{
    Async, Blocking, Check, CheckContext, Finish, Function, IntoOutcome, Named, Reference, Task,
    check, check_args, made, wait,
};
pub use crate::job::new_job::NewJob;

/// Implemented for a type that has the name of each declared function. `jobs![function]` finds the
/// declaration by that type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not declared",
    note = "write `#[punctual::job]` or `#[punctual::scheduled_job(..)]` above the function"
)]
pub trait Declared {
    /// The declaration that the attribute left behind.
    const DECLARATION: Declaration;
}

/// Makes a job of a declared function. `trigger` is JSON that was checked at compile time.
pub fn job(task: &str, trigger: &str) -> NewJob {
    NewJob::from_parts(task, trigger.parse())
}

/// Makes a job whose trigger is an expression.
pub fn job_of(task: &str, trigger: impl IntoTrigger) -> NewJob {
    NewJob::new(task, trigger)
}

/// Returns the job with some policies, from JSON that was checked at compile time. The defaults
/// fill in the others.
pub fn with_policies(mut job: NewJob, json: &str) -> NewJob {
    job.policies = serde_json::from_str(json).expect("the attribute has checked the policies");
    job
}

/// Reads arguments from JSON that was checked at compile time.
#[must_use]
pub fn args(json: &str) -> Value {
    serde_json::from_str(json).expect("the attribute has written the arguments")
}

/// Returns the end of an attempt that could not be given a parameter.
#[must_use]
pub fn failed(error: &BoxError) -> Finish {
    Finish::failed(error)
}

/// Returns the JSON Schema of a type.
#[cfg(feature = "schemars")]
#[must_use]
pub fn schema<T: schemars::JsonSchema>() -> Value {
    schemars::schema_for!(T).to_value()
}
