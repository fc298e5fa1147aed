//! Sets of local times, before any time zone looks at them.

use crate::daylight::Daylight;

/// A set of wall times: local times counted in seconds since 1970-01-01T00:00 as if every day had
/// 86,400 of them.
///
/// Cron patterns and calendar intervals are such sets; [`Timeline`](crate::timeline::Timeline)
/// turns them into instants.
pub(crate) trait WallTimes {
    /// How the set is seen when clocks are set.
    fn daylight(&self) -> Daylight;

    /// The first member m with `from` <= m < `until`.
    fn first_between(&self, from: i64, until: i64) -> Option<i64>;

    /// The last member before `wall`.
    fn last_before(&self, wall: i64) -> Option<i64>;

    /// How many members m have `from` <= m < `until`.
    fn count(&self, from: i64, until: i64) -> u64;

    /// Whether there is a member m with `from` <= m < `until`.
    fn any(&self, from: i64, until: i64) -> bool {
        self.first_between(from, until).is_some()
    }

    fn contains(&self, wall: i64) -> bool {
        self.any(wall, wall + 1)
    }
}
