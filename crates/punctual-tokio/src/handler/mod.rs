//! Functions as tasks: what they take, what they return, how they are started.

mod args;
mod callable;
mod context;
mod output;
mod state;

pub use args::{Args, FromContext};
pub use callable::{Handler, IntoTask};
pub(crate) use callable::{Task, TaskRef};
pub use context::JobContext;
pub(crate) use context::{Host, RunInfo};
pub(crate) use output::Finish;
pub use output::{IntoOutcome, Output};
pub(crate) use state::Available;
pub use state::State;
pub(crate) use state::States;

/// What signatures name and nobody writes.
#[doc(hidden)]
pub mod private {
    pub use super::callable::{Async, Blocking, Function, Named, Reference, Task};
    pub use super::output::Finish;
    pub use super::state::Available;
}
