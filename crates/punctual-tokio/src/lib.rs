//! The Punctual job scheduler on tokio.
//!
//! - [`Scheduler`] is the handle: jobs are added, changed, watched and run through it, from
//!   anywhere, also from inside jobs and listeners.
//! - [`Handler`] says which functions can be jobs: any `async fn`, plain `fn` or closure with up to
//!   eight parameters such as [`Args`], [`State`] and [`JobContext`].
//! - [`Event`]s tell what happens; the store's ledger tells what became of every fire time.
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

mod announce;
mod background;
mod builder;
mod bus;
mod clock;
mod command;
mod core;
mod driver;
mod error;
mod event;
mod executor;
mod gate;
mod handler;
mod health;
mod job_handle;
mod jump;
mod new_job;
mod partition;
mod registry;
mod reports;
mod scheduler;
mod timer;
mod worker;

pub use background::BackgroundScheduler;
pub use builder::SchedulerBuilder;
pub use bus::{Events, Heard, IntoListened, ListenerId};
pub use clock::ManualClock;
pub use command::{RunningRun, ShutdownReport};
pub use error::{BoxError, Error, ErrorKind};
pub use event::{Event, EventKind, EventMask, JobEvent, RunEvent};
pub use executor::Executor;
#[doc(hidden)]
pub use handler::private;
pub use handler::{Args, FromContext, Handler, IntoOutcome, IntoTask, JobContext, Output, State};
pub use health::StoreHealth;
pub use job_handle::JobHandle;
pub use new_job::NewJob;
pub use punctual_store::{JobFilter, LedgerLimits, MemoryStore, RunFilter, Statistics};
pub use scheduler::{
    AddJob, JobSnapshot, JobStatus, ModifyJob, Resume, Scheduler, Upcoming, WeakScheduler,
};

/// The alias of the store and the executor of jobs that name none.
pub const DEFAULT: &str = "default";
