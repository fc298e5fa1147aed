//! `and` and `or`: intersection and union of the members of other triggers.

mod and;
mod builder;
mod check;
mod children;
mod or;

pub use and::And;
pub use builder::CombinationBuilder;
pub(super) use check::too_deep;
pub use or::Or;

use chrono::{DateTime, TimeDelta, Utc};

use crate::instant;
use crate::limits::MAX_TRIES;
use crate::trigger::{Count, Trigger, Undecided};

pub(crate) const TICK: TimeDelta = TimeDelta::microseconds(1);

/// How many more steps a search may take. One lot is shared by all levels of a nested trigger, so
/// nesting does not multiply it.
#[derive(Debug)]
pub(crate) struct Fuel(u32);

impl Fuel {
    pub(crate) fn new() -> Self {
        Self(MAX_TRIES)
    }

    /// For counting: as many members as are tried, with some steps for each.
    fn for_count() -> Self {
        Self(MAX_TRIES * 10)
    }

    pub(crate) fn spend(&mut self) -> Result<(), Undecided> {
        self.0 = self.0.checked_sub(1).ok_or(Undecided::SearchLimit)?;
        Ok(())
    }
}

/// Counts by listing, for triggers that know no better way.
pub(crate) fn count_members(
    trigger: &Trigger,
    from: DateTime<Utc>,
    through: DateTime<Utc>,
) -> Count {
    let mut fuel = Fuel::for_count();
    let mut count = 0;
    let (mut t, through) = (instant::ceil(from) - TICK, instant::floor(through));
    while count < u64::from(MAX_TRIES) {
        match trigger.after_with(t, &mut fuel) {
            Ok(Some(member)) if member <= through => {
                t = member;
                count += 1;
            }
            Ok(_) => return Count::Exact(count),
            Err(_) => return Count::AtLeast(count),
        }
    }
    Count::AtLeast(count)
}
