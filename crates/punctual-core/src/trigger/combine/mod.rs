//! The intersection `and` and the union `or` of the members of other triggers.

mod and;
mod builder;
mod check;
mod children;
mod or;

pub use and::And;
pub use builder::CombinationBuilder;
pub(super) use check::too_deep;
pub use or::Or;

use chrono::{DateTime, Utc};

use crate::instant::{self, TICK};
use crate::limits::MAX_TRIES;
use crate::trigger::fuel::Fuel;
use crate::trigger::{Count, Trigger};

/// Counts members by listing, for triggers without a better way.
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
