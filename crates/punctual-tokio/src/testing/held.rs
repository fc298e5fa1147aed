//! What the scheduler task holds. For tests of this package; no promise is made about it.

use chrono::{DateTime, Utc};

use crate::command::Command;
use crate::error::Error;
use crate::scheduler::Scheduler;

pub use punctual_machine::{Held, HeldOfStore};

/// Asks a scheduler what its task holds. `latest` is the latest time that its clock has shown.
///
/// # Errors
///
/// If the scheduler does not run.
///
/// # Cancel safety
///
/// Nothing is changed.
pub async fn held(scheduler: &Scheduler, latest: DateTime<Utc>) -> Result<Held, Error> {
    let latest = latest.timestamp_micros();
    let held = scheduler.ask(|answer| Command::Held { latest, answer });
    held.await
}
