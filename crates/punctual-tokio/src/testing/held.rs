//! The contents of the scheduler task. They are for tests of this package, and no promise is made
//! about them.

use chrono::{DateTime, Utc};

use crate::command::Command;
use crate::error::Error;
use crate::scheduler::Scheduler;

pub use punctual_machine::{Held, HeldOfStore};

/// Asks a scheduler for the contents of its task. `latest` is the latest time that its clock has
/// shown.
///
/// # Errors
///
/// Returns an error if the scheduler does not run.
///
/// # Cancel safety
///
/// This method is cancel safe. It changes nothing.
pub async fn held(scheduler: &Scheduler, latest: DateTime<Utc>) -> Result<Held, Error> {
    let latest = latest.timestamp_micros();
    let held = scheduler.ask(|answer| Command::Held { latest, answer });
    held.await
}
