//! Punctual: `APScheduler` for tokio.
//!
//! Jobs run when they are due, in order, once; what became of every fire time is written down.
//! This crate is the one to add; it holds no logic of its own.
//!
//! ```
//! use std::time::Duration;
//!
//! use punctual::{Interval, Scheduler};
//!
//! async fn tick() {
//!     println!("tick");
//! }
//!
//! #[tokio::main(flavor = "current_thread", start_paused = true)]
//! async fn main() -> Result<(), punctual::Error> {
//!     let scheduler = Scheduler::builder().timezone("Europe/Paris").build()?;
//!     scheduler.add_job(tick, Interval::every("1m")).id("tick").await?;
//!     scheduler.add_job(tick, "30 2 * * mon-fri").id("nightly").await?;
//!     scheduler.start().await?;
//!
//!     tokio::time::sleep(Duration::from_secs(90)).await;
//!     for run in scheduler.runs().await? {
//!         println!("{} at {}: {:?}", run.job, run.fire_time(), run.outcome());
//!     }
//!     scheduler.shutdown().await?;
//!     Ok(())
//! }
//! ```
//!
//! - When: [`Date`], [`Interval`], [`Cron`], [`Crontab`](trigger::Crontab),
//!   [`CalendarInterval`](trigger::CalendarInterval), and [`Trigger`]
//!   for their combinations.
//! - What becomes of runs that come late, overlap or fail: [`Policies`](policy::Policies).
//! - What may be a job: [`Handler`](handler::Handler), with [`Args`], [`State`] and [`JobContext`] as parameters.
//! - Jobs that the code declares: [`macro@scheduled_job`] and [`macro@job`], found by
//!   [`SchedulerBuilder::discover`](scheduler::SchedulerBuilder::discover) or listed with [`jobs!`].
//! - Watching: [`Scheduler::runs`], [`Scheduler::statistics`], [`Scheduler::events`].
//!
//! | feature | what it adds |
//! |---|---|
//! | `macros` (default) | the attributes, `jobs!` and `#[derive(FromContext)]` |
//! | `schemars` | `#[job(schema)]`: tasks publish the JSON Schema of their arguments |
//! | `metrics` | runs counted and timed through the `metrics` facade |
//! | `sqlite` | `SqliteStore`: jobs that survive restarts, in a file |
//! | `with-tokio-util-0_7` | `JobContext::cancellation_token`, a type of tokio-util 0.7 |
//! | `testing` | the module `testing`: a clock that tests move, assertions on the ledger, a store that fails as a test wants |

#[cfg(feature = "macros")]
mod jobs;
mod open;

#[cfg(any(
    all(doc, not(doctest)),
    all(doctest, feature = "macros", feature = "sqlite", feature = "testing")
))]
pub mod guide;

pub mod config;
pub mod error;
pub mod event;
pub mod executor;
pub mod handler;
pub mod ledger;
pub mod policy;
pub mod process;
pub mod scheduler;
pub mod store;
pub mod time;
pub mod trigger;

pub use error::Error;
pub use handler::{Args, FromContext, JobContext, Output, State};
pub use punctual_tokio::shutdown_signal;
pub use scheduler::{JobHandle, Scheduler};
pub use trigger::{Cron, Date, Interval, Trigger};

#[cfg(feature = "macros")]
pub use punctual_macros::{FromContext, job, scheduled_job};

/// The version of `chrono` that is in the signatures of this crate.
pub use chrono;

#[cfg(feature = "testing")]
pub use punctual_tokio::testing;

#[doc(hidden)]
pub use punctual_tokio::__private;
