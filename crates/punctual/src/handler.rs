//! Functions as tasks, with their parameters and results.

pub use punctual_tokio::{
    AddContext, Args, BoxError, FromContext, Handler, IntoOutcome, IntoTask, JobContext,
    LocalHandler, Output, State,
};
