//! Runs in worker processes. A worker process is this program again, started by
//! [`Executor::process`].
//!
//! A worker process that crashes fails its run and is replaced. A run that does not end can be
//! killed. Arguments and results travel as JSON. Functions are found by name, so only registered
//! tasks run in worker processes.
//!
//! ```text
//!   scheduler                            worker (this program, stopped in `init`)
//!      | {"run":7,"job":{..}}  -- stdin ->  |
//!      |                                    |  the task runs
//!      | <- stdout -- marked line           |
//!      |      {"run":7,"outcome":..}        |
//!      X  stdin closes                      X  ends, whatever runs
//! ```
//!
//! The scheduler's process prints the lines that a job prints.
//!
//! [`Executor::process`]: crate::Executor::process

mod worker;

pub use worker::{Worker, init};
