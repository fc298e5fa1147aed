//! The Punctual job scheduler on tokio.
//!
//! - [`Scheduler`] is the handle. A program adds, changes, watches and runs jobs through it, from
//!   anywhere, also from inside jobs and listeners.
//! - [`Handler`] says which functions can be jobs. They are any `async fn`, plain `fn` or closure
//!   with up to eight parameters such as [`Args`], [`State`] and [`JobContext`].
//! - [`Event`]s tell what happens. The store's ledger tells the outcome of every fire time.
//! - The feature `metrics` counts and times runs through the `metrics` facade.
//!
//! ```
//! use std::time::Duration;
//!
//! use punctual_core::Interval;
//! use punctual_tokio::Scheduler;
//!
//! async fn tick() {
//!     println!("tick");
//! }
//!
//! #[tokio::main(flavor = "current_thread", start_paused = true)]
//! async fn main() -> Result<(), punctual_tokio::Error> {
//!     let scheduler = Scheduler::builder().build()?;
//!     scheduler.add_job(tick, Interval::every(Duration::from_secs(2))).id("tick").await?;
//!     scheduler.start().await?;
//!     tokio::time::sleep(Duration::from_secs(5)).await;
//!     scheduler.shutdown().await?;
//!     assert_eq!(scheduler.statistics("tick").await?.succeeded, 2);
//!     Ok(())
//! }
//! ```

#![warn(
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    clippy::partial_pub_fields
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(hidden)]
pub mod __private;
mod apart;
mod beginning;
mod builder;
mod command;
mod config;
mod declared;
mod driver;
mod error;
mod events;
mod executor;
mod handler;
mod job;
mod json_path;
mod metrics;
mod nearest;
pub mod process;
mod random_id;
mod report;
mod runtime;
mod scheduler;
mod shared;
mod site;
mod store_link;
mod stores;
#[cfg(feature = "testing")]
pub mod testing;
mod time;
mod voice;

pub use builder::SchedulerBuilder;
pub use config::{Config, StoreConfig};
pub use declared::Declaration;
pub use error::{BoxError, Error, ErrorKind};
pub use events::event::{Event, EventKind, EventMask, JobRef, RunEvent};
pub use events::listener::{IntoListened, ListenerId};
pub use events::stream::{Events, Lagged};
pub use executor::Executor;
pub use executor::program::Program;
pub use handler::{
    Args, Cancelled, CheckContext, FromContext, Handler, IntoJobError, IntoOutcome, IntoTask,
    JobContext, LocalHandler, Output, State,
};
pub use job::new_job::NewJob;
pub use job::snapshot::{JobSnapshot, JobStatus};
pub use punctual_store::{Drift, JobOrder, LastRun, LedgerLimits, MemoryStore, Statistics};
pub use report::{EndedRun, HandedOnRun, RunningRun, ShutdownReport};
pub use scheduler::background::BackgroundScheduler;
pub use scheduler::{
    AddJob, Call, CancelRun, Client, Cursor, DropGuard, GetJobTable, GetJobs, GetJobsPage,
    IntoJobId, IntoRun, JobHandle, JobStream, JobTable, ModifyJob, Page, PauseAllJobs, PauseJob,
    RemoveAllJobs, RemoveJob, RescheduleJob, ResumeAllJobs, ResumeJob, RunHandle, RunJob,
    RunStream, Runs, RunsPage, Scheduler, Shutdown, ShutdownSignal, Start, Stopped, TaskInfo,
    UpcomingRun, WeakScheduler, shutdown_signal,
};
pub use stores::health::StoreHealth;
pub use stores::skew::ClockOffset;
pub use stores::timely::PendingCall;
pub use time::clock::AnyClock;
pub use time::manual_clock::ManualClock;

/// The alias of the store and of the executor of a job that names none.
pub const DEFAULT: &str = "default";

/// The alias of the executor of jobs that are programs.
pub const COMMAND: &str = "command";
