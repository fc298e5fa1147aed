//! Functions as tasks, with their parameters and results.

pub use punctual_tokio::{
    Args, BoxError, Cancelled, CheckContext, FromContext, Handler, IntoJobError, IntoOutcome,
    IntoTask, JobContext, LocalHandler, Output, State,
};
