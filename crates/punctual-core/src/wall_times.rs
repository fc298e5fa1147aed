//! Sets of local times, before any time zone looks at them.

use crate::daylight::Daylight;

/// A set of wall times. A wall time is a local time counted in seconds since 1970-01-01T00:00, as
/// if every day had 86,400 of them.
///
/// Cron patterns and calendar intervals are such sets. [`Timeline`](crate::timeline::Timeline)
/// turns them into instants.
pub(crate) trait WallTimes {
    /// Returns the gap and fold rules of the set.
    fn daylight(&self) -> Daylight;

    /// Returns the first member m with `from` <= m < `until`.
    fn first_between(&self, from: i64, until: i64) -> Option<i64>;

    /// Returns the last member before `wall`.
    fn last_before(&self, wall: i64) -> Option<i64>;

    /// Counts the members m with `from` <= m < `until`.
    fn count(&self, from: i64, until: i64) -> u64;

    /// Returns whether there is a member m with `from` <= m < `until`.
    fn any(&self, from: i64, until: i64) -> bool {
        self.first_between(from, until).is_some()
    }

    fn contains(&self, wall: i64) -> bool {
        self.any(wall, wall + 1)
    }
}
