//! Jobs that are programs, and the processes in which tasks of this program run.

pub use punctual_tokio::Program;
pub use punctual_tokio::process::{Worker, init};
