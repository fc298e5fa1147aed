//! The Punctual job scheduler on tokio.
//!
//! - [`Scheduler`] is the handle: jobs are added, changed, watched and run through it, from
//!   anywhere, also from inside jobs and listeners.
//! - [`Handler`] says which functions can be jobs: any `async fn`, plain `fn` or closure with up to
//!   eight parameters such as [`Args`], [`State`] and [`JobContext`].
//! - [`Event`]s tell what happens; the store's ledger tells what became of every fire time.
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

mod announce;
mod background;
mod builder;
mod bus;
mod checked_job;
mod clock;
mod command;
mod config;
mod core;
mod declared;
mod driver;
mod elsewhere;
mod error;
mod event;
mod executor;
mod fleet;
mod forget;
mod forgotten;
mod handler;
mod health;
mod hints;
mod job_handle;
mod jump;
mod keep;
mod late;
mod lease;
mod life;
mod metrics;
mod nearest;
mod new_job;
mod own_policies;
mod peers;
#[doc(hidden)]
pub mod private;
pub mod process;
mod program;
mod pulse;
mod recount;
mod registry;
mod reports;
mod runtime;
mod scheduler;
mod skew;
#[cfg(feature = "testing")]
pub mod testing;
mod timely;
mod timer;
mod voice;
mod worker;

pub use background::BackgroundScheduler;
pub use builder::SchedulerBuilder;
pub use bus::{Events, Heard, IntoListened, ListenerId};
pub use clock::ManualClock;
pub use command::{RunningRun, ShutdownReport};
pub use config::{SchedulerConfig, SqlStoreConfig};
pub use declared::Declaration;
pub use error::{BoxError, Error, ErrorKind};
pub use event::{Event, EventKind, EventMask, JobEvent, RunEvent};
pub use executor::Executor;
pub use handler::{
    AddContext, Args, FromContext, Handler, IntoOutcome, IntoTask, JobContext, LocalHandler,
    Output, State,
};
pub use health::StoreHealth;
pub use job_handle::JobHandle;
pub use new_job::NewJob;
pub use program::Program;
pub use punctual_store::{
    Drift, JobCursor, JobFilter, JobOrder, LedgerLimits, MemoryStore, RunFilter, Statistics,
};
pub use scheduler::{
    AddJob, Cursor, DropGuard, JobSnapshot, JobStatus, ModifyJob, Page, Resume, Scheduler,
    TaskInfo, Upcoming, WeakScheduler,
};
pub use skew::ClockOffset;
pub use timely::PendingCall;

/// The alias of the store and the executor of jobs that name none.
pub const DEFAULT: &str = "default";

/// The alias of the executor that jobs look for that are programs.
pub const COMMAND: &str = "command";
