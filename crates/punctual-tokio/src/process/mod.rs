//! Runs in other processes: workers are this program again, started by [`Executor::process`].
//!
//! A worker that crashes fails its run and is replaced; a run that does not end can be killed.
//! Arguments and results travel as JSON, functions are found by name: only registered tasks run
//! here.
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
//! What a job prints is printed by the scheduler's process.
//!
//! [`Executor::process`]: crate::Executor::process

mod worker;

pub use worker::{Worker, init};
