//! Weekdays as a crontab counts them.

/// Converts weekdays counted from Sunday, as a crontab has them, into weekdays counted from Monday.
/// 7 is Sunday, too.
pub(super) fn monday_first(sunday_first: u64) -> u8 {
    let days = sunday_first | sunday_first >> 7 & 1;
    ((days >> 1 & 0x3f) | (days & 1) << 6) as u8
}
