//! Sets of local times, before any time zone looks at them.

/// A set of wall times: local times counted in seconds since 1970-01-01T00:00 as if every day had
/// 86,400 of them.
///
/// Cron patterns and calendar intervals are such sets; [`Timeline`](crate::daylight::Timeline)
/// turns them into instants.
pub(crate) trait WallTimes {
    /// The first member that is not before `wall`.
    fn first_from(&self, wall: i64) -> Option<i64>;

    /// The last member before `wall`.
    fn last_before(&self, wall: i64) -> Option<i64>;

    /// How many members m have `from` <= m < `until`.
    fn count(&self, from: i64, until: i64) -> u64;

    /// Whether there is a member m with `from` <= m < `until`.
    fn any(&self, from: i64, until: i64) -> bool {
        self.first_from(from).is_some_and(|first| first < until)
    }

    fn contains(&self, wall: i64) -> bool {
        self.first_from(wall) == Some(wall)
    }
}
