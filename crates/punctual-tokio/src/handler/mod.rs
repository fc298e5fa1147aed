//! Functions as tasks, with their parameters, their results and their starts.

mod args;
mod begun;
mod callable;
mod cancelled;
mod context;
mod from_context;
mod function;
mod local;
mod output;
mod reference;
pub(crate) mod registry;
mod reporter;
pub(crate) mod reports;
mod schema;
mod seal;
mod state;

pub use args::{Args, check_args};
pub use callable::{Check, Task};
pub use cancelled::Cancelled;
pub use context::JobContext;
pub(crate) use context::{Host, RunInfo, RunOf};
pub use from_context::{CheckContext, FromContext};
pub use from_context::{check, made};
pub use function::{Async, Blocking, Handler, wait};
pub use local::LocalHandler;
pub use output::{Finish, IntoJobError, IntoOutcome, Output};
pub use reference::{Function, IntoTask, Named, Reference};
pub(crate) use reference::{Preset, TaskRef, function_of};
pub(crate) use reporter::Reporter;
pub(crate) use schema::with_schema;
pub(crate) use seal::Seal;
pub use state::State;
pub(crate) use state::States;
