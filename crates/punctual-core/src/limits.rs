//! The limits of the crate, each with its reason.

/// The longest id of a job in characters. An indexed `utf8mb4` column of MariaDB holds 191.
pub const MAX_ID_CHARS: usize = 191;

/// The longest text of one cron field or crontab expression in bytes. A list of all sixty minutes
/// takes 170.
pub const MAX_EXPRESSION_BYTES: usize = 1_000;

/// The deepest nesting of `and` and `or`. Recursion must be bounded, and deeper nesting is a
/// generated mistake.
pub const MAX_DEPTH: usize = 16;

/// The deepest nesting of arrays and objects in arguments and results. JSON readers stop at 127,
/// and a job is written into documents that have some levels themselves.
pub const MAX_JSON_DEPTH: usize = 100;

/// The largest number of triggers in one tree of `and` and `or`. It keeps one evaluation in the
/// microseconds.
pub const MAX_TRIGGERS: usize = 256;

/// The largest number of steps of a search, after which the answer is "undecided" or "at least". A
/// step moves `and` from one child to the next, or tries one member of a combined or custom
/// trigger.
pub const MAX_TRIES: u32 = 10_000;

/// The shortest interval. Below a millisecond a timer cannot tell the ticks apart.
pub const MIN_INTERVAL_MICROS: i64 = 1_000;

/// The longest backlog that `Coalesce::All` may keep.
pub const MAX_CATCH_UP: u32 = 10_000;

/// The first year of the cron field `year`, as in `APScheduler`.
pub const MIN_YEAR: i32 = 1970;

/// The last year of any answer, which is the last with four digits.
pub const MAX_YEAR: i32 = 9999;
