//! A run that somebody asks for.

use chrono::{DateTime, Utc};

use super::{JobView, Next, Plan, admit};
use crate::instant;

/// Decides about a run by hand at `now`: it passes admission like any other, takes part in the
/// overlap policy, and leaves the schedule where it is ([`Plan::next`] says nothing).
///
/// A paused job can be run by hand.
#[must_use]
pub fn manual(job: &JobView<'_>, now: DateTime<Utc>) -> Plan {
    let mut plan = Plan::nothing(Next::Paused);
    admit::admit(job, vec![instant::floor(now)], &mut plan);
    plan
}
