//! Every bound of the crate, with its reason.

/// Longest id of a job in characters: an indexed `utf8mb4` column of MariaDB holds 191.
pub const MAX_ID_CHARS: usize = 191;

/// Longest text of one cron field or crontab expression in bytes: a list of all sixty minutes
/// written out takes 170.
pub const MAX_EXPRESSION_BYTES: usize = 1_000;

/// Deepest nesting of `and` and `or`: more is a generated mistake, and recursion must be bounded.
pub const MAX_DEPTH: usize = 16;

/// Deepest nesting of arrays and objects in arguments and results: readers of JSON stop at 127, and a
/// job is written into documents that are some levels deep themselves.
pub const MAX_JSON_DEPTH: usize = 100;

/// Most triggers in one tree of `and` and `or`, so that one evaluation stays in the microseconds.
pub const MAX_TRIGGERS: usize = 256;

/// How often `and` alternates between its children, and how many members of a combined or custom
/// trigger are tried, before the answer is "undecided" or "at least".
pub const MAX_TRIES: u32 = 10_000;

/// Shortest interval: below a millisecond a timer cannot tell the ticks apart.
pub const MIN_INTERVAL_MICROS: i64 = 1_000;

/// Longest backlog that `Coalesce::All` may keep.
pub const MAX_CATCH_UP: u32 = 10_000;

/// First year of the cron field `year`, as in `APScheduler`.
pub const MIN_YEAR: i32 = 1970;

/// Last year of any answer; the last with four digits.
pub const MAX_YEAR: i32 = 9999;
