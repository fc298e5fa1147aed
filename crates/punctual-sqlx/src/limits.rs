//! Every bound of the crate, with its reason.

/// Longest definition of one job in bytes, arguments, trigger and all: a job is read whole each
/// time it comes near, so large data belongs elsewhere and its place into the arguments.
pub const MAX_JOB_BYTES: usize = 1 << 20;

/// Longest result or error text of a run in bytes. Of a longer error the beginning is kept, of a
/// longer result its length: an end is never refused.
pub const MAX_TEXT_BYTES: usize = 1 << 20;

/// Longest prefix of table names in bytes: with the longest name after it, every database accepts
/// it.
pub const MAX_PREFIX_BYTES: usize = 32;

/// Beyond this many edited jobs, who asks for changes is told to read the window again.
pub(crate) const MAX_CHANGES: usize = 1_024;

/// How many jobs go into one statement: some megabytes of text at the most common sizes.
pub(crate) const JOBS_A_STATEMENT: usize = 1_000;
