//! Punctual: `APScheduler` for tokio.
//!
//! Jobs run when they are due, in order, once. What became of every fire time is written down.
//! This crate is the one to add. It holds no logic of its own.
//!
//! ```
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
//!     tokio::time::sleep(std::time::Duration::from_secs(90)).await;
//!     for run in scheduler.runs().job("tick").await? {
//!         println!("{}: {:?}", run.fire_time(), run.outcome());
//!     }
//!     scheduler.shutdown().await?;
//!     Ok(())
//! }
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`scheduler`] | the scheduler, its builder, its verbs and what they answer |
//! | [`trigger`] | when a job fires |
//! | [`handler`] | functions as tasks, with their parameters and results |
//! | [`policy`] | what becomes of runs that come late, overlap, fail or lose their process |
//! | [`ledger`] | what became of each fire time |
//! | [`event`] | what a scheduler tells while it happens |
//! | [`store`] | where jobs and the ledger are kept |
//! | [`executor`], [`process`] | where tasks run, and jobs that are programs |
//! | [`time`] | times, time zones and clocks |
//! | [`config`] | a scheduler from a file or from the environment |
//! | [`error`] | the one error of all calls |
//!
//! Jobs that the code declares have [`macro@scheduled_job`] or [`macro@job`] above them. A builder
//! [discovers](scheduler::SchedulerBuilder::discover) them, or is given them by [`jobs!`].
//!
//! | feature | what it adds |
//! |---|---|
//! | `macros` (default) | the attributes, `jobs!` and `#[derive(FromContext)]` |
//! | `with-schemars-1` | `#[job(schema)]`: tasks publish the JSON Schema of their arguments |
//! | `metrics` | runs counted and timed through the `metrics` facade |
//! | `sqlite` | `SqliteStore`: jobs that survive restarts, in a file |
//! | `postgres` | `PostgresStore`: jobs in a database that processes on many machines share |
//! | `mysql` | `MysqlStore`: the same in a MariaDB or MySQL database |
//! | `with-sqlx-0_9` | `open_in` of stores: the tables in a pool of sqlx 0.9 of the application |
//! | `with-chrono-tz-0_10` | `Tz` of chrono-tz 0.10 wherever a time zone is taken |
//! | `with-jiff-0_2` | zones, times and spans of jiff 0.2 wherever those are taken |
//! | `with-tokio-util-0_7` | `JobContext::cancellation_token`, a type of tokio-util 0.7 |
//! | `testing` | the module `testing`: a clock that tests move, assertions on the ledger, a store that fails as a test wants |

#![warn(
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    clippy::partial_pub_fields
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

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
