//! Punctual: `APScheduler` for tokio.
//!
//! Jobs run when they are due, in order, once; what became of every fire time is written down.
//! This crate is the one to add; it holds no logic of its own.
//!
//! ```
//! use std::time::Duration;
//!
//! use punctual::{Crontab, Interval, RunFilter, Scheduler};
//!
//! async fn tick() {
//!     println!("tick");
//! }
//!
//! #[tokio::main(flavor = "current_thread", start_paused = true)]
//! async fn main() -> Result<(), punctual::Error> {
//!     let scheduler = Scheduler::builder().timezone("Europe/Paris").build()?;
//!     scheduler.add_job(tick, Interval::every(Duration::from_secs(60))).id("tick").await?;
//!     scheduler.add_job(tick, Crontab::new("30 2 * * mon-fri")).id("nightly").await?;
//!     scheduler.start().await?;
//!
//!     tokio::time::sleep(Duration::from_secs(90)).await;
//!     for run in scheduler.runs(RunFilter::default()).await? {
//!         println!("{} at {}: {:?}", run.job, run.fire_time(), run.state.outcome());
//!     }
//!     scheduler.shutdown().await?;
//!     Ok(())
//! }
//! ```
//!
//! - When: [`Date`], [`Interval`], [`Cron`], [`Crontab`], [`CalendarInterval`], and [`Trigger`]
//!   for their combinations.
//! - What becomes of runs that come late, overlap or fail: [`Policies`].
//! - What may be a job: [`Handler`], with [`Args`], [`State`] and [`JobContext`] as parameters.
//! - Jobs that the code declares: [`macro@scheduled_job`] and [`macro@job`], found by
//!   [`SchedulerBuilder::discover`] or listed with [`jobs!`].
//! - Watching: [`Scheduler::runs`], [`Scheduler::statistics`], [`Scheduler::events`].
//!
//! | feature | what it adds |
//! |---|---|
//! | `macros` (default) | the attributes, `jobs!` and `#[derive(FromContext)]` |
//! | `schemars` | `#[job(schema)]`: tasks publish the JSON Schema of their arguments |
//! | `metrics` | runs counted and timed through the `metrics` facade |
//! | `sqlite` | `SqliteStore`: jobs that survive restarts, in a file |
//! | `testing` | the module `testing`: a clock that tests move, assertions on the ledger, a store that fails as a test wants |

pub use punctual_core::*;
pub use punctual_store as store;
pub use punctual_tokio::*;

#[cfg(feature = "macros")]
mod jobs;

#[cfg(feature = "macros")]
pub use punctual_macros::{FromContext, job, scheduled_job};

#[cfg(feature = "sqlite")]
pub use punctual_sqlx::{SqliteOptions, SqliteStore, limits as sql_limits};

#[cfg(feature = "sqlite")]
mod open_stores;

#[cfg(feature = "sqlite")]
pub use open_stores::open_stores;

#[doc(hidden)]
pub use punctual_tokio::private;

/// The fire times of one trigger; those of all jobs are [`UpcomingRun`]s.
pub use punctual_core::Upcoming;
/// A fire time of a job that is to come.
pub use punctual_tokio::Upcoming as UpcomingRun;

/// The examples of the guide run as tests; that of the README is `examples/macro`.
#[cfg(all(doctest, feature = "macros", feature = "testing"))]
mod guide {
    #[cfg(feature = "sqlite")]
    #[doc = include_str!("../../../docs/guide/configuration.md")]
    struct Configuration;

    #[cfg(feature = "sqlite")]
    #[doc = include_str!("../../../docs/guide/stores.md")]
    struct Stores;

    #[doc = include_str!("../../../docs/guide/handlers.md")]
    struct Handlers;

    #[doc = include_str!("../../../docs/guide/testing.md")]
    struct Testing;

    #[doc = include_str!("../../../docs/guide/errors.md")]
    struct Errors;
}
