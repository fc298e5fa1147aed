//! Where the tasks of jobs run.

pub use punctual_tokio::{COMMAND, Executor};
