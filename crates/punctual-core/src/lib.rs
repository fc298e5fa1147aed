//! The pure half of the Punctual job scheduler.
//!
//! This crate computes when jobs run and decides what becomes of every fire time. Callers pass in
//! the time. The crate reads no clock, no environment and no disk, and spawns nothing. It answers
//! with values, so every decision of the scheduler can be tested without a clock.
//!
//! - [`Trigger`] names fire times. It is a [`Date`], [`Interval`], [`Cron`], [`Crontab`],
//!   [`CalendarInterval`], [`And`], [`Or`] or a custom trigger.
//! - [`Zone`] is a time zone of the IANA database. [`Gap`] and [`Fold`] decide about local times
//!   that do not exist or exist twice.
//! - [`Policies`] decide about runs that come late, overlap or fail.
//! - [`plan`](plan::plan) decides, from a [`JobView`](plan::JobView) and the time, which fire times
//!   to start and which to record.
//! - [`Run`], [`Outcome`] and [`FireRange`] are what the ledger keeps.
//!
//! ```
//! use punctual_core::{Crontab, Zone};
//!
//! let trigger = Crontab::new("30 2 * * *").timezone("Europe/Berlin").build()?;
//! let zone = Zone::new("Europe/Berlin")?;
//! let from = "2026-03-28T00:00:00Z".parse().unwrap();
//! let local: Vec<_> = trigger.upcoming(from).take(3).map(|t| zone.local(t).to_string()).collect();
//! // On the 29th there is no 02:30: clocks go from 02:00 to 03:00.
//! assert_eq!(local, [
//!     "2026-03-28 02:30:00 +01:00",
//!     "2026-03-29 03:00:00 +02:00",
//!     "2026-03-30 02:30:00 +02:00",
//! ]);
//! # Ok::<(), punctual_core::Error>(())
//! ```

#![warn(
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    clippy::partial_pub_fields
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod civil;
mod daylight;
mod declared;
mod error;
mod id;
mod instant;
mod job;
pub mod json;
mod legible;
pub mod limits;
mod outcomes;
#[expect(
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    reason = "a new decision has to fail to compile where it is carried out"
)]
pub mod plan;
mod policy;
mod run;
mod sealed;
#[cfg(test)]
mod short_messages;
mod span;
#[doc(hidden)]
pub mod suggest;
mod timeline;
mod trigger;
mod wall_times;
mod warning;
#[cfg(feature = "with-chrono-tz-0_10")]
mod with_chrono_tz;
#[cfg(feature = "with-jiff-0_2")]
mod with_jiff;
mod zone;

pub use daylight::{Fold, Gap};
pub use declared::Declared;
pub use error::{Error, ErrorKind};
pub use id::JobId;
pub use job::{Job, JobState};
#[doc(hidden)]
pub use legible::legible;
pub use outcomes::Outcomes;
pub use policy::{
    CANCEL_GRACE, Coalesce, IntoPolicies, IntoRetry, OnLost, Overlap, Policies, PoliciesBuilder,
    Retry, RetryBuilder,
};
pub use run::{
    CancelReason, FireRange, MissReason, Origin, Outcome, Run, RunId, RunKey, RunState, SkipReason,
};
pub use span::{IntoLimit, IntoSpan, Unlimited};
pub use trigger::{
    And, CalendarInterval, CalendarIntervalBuilder, CombinationBuilder, Count, Cron, CronBuilder,
    Crontab, CrontabBuilder, Custom, CustomBuilder, CustomTrigger, Date, DateBuilder, Draft,
    Explanation, FieldReason, FirstRun, Interval, IntervalBuilder, IntoField, IntoTrigger,
    IntoTriggers, IntoWhen, Or, Reason, Trigger, TriggerRegistry, Undecided, Upcoming, When,
};
pub use warning::{Warning, WarningKind};
pub use zone::{DatabaseInfo, IntoZone, Zone, ZoneDatabase};
