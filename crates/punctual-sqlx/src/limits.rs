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

/// Longest arguments in bytes that the list of due jobs shows: longer ones are read only with the
/// claim that needs them.
pub(crate) const HEAD_BYTES: usize = 1 << 10;

/// Beyond this many edited jobs, or [`BYTES_A_STATEMENT`] of them, who asks for changes is told to
/// read the due jobs again.
pub(crate) const MAX_CHANGES: usize = 1_024;

/// Waiting jobs that are named at a time.
pub(crate) const MAX_WAITING: usize = 256;

/// How many jobs go into one statement, and one transaction: others get their turn in between.
pub(crate) const JOBS_A_STATEMENT: usize = 1_000;

/// Bytes of definitions that go into one statement. A single job may hold more.
pub(crate) const BYTES_A_STATEMENT: usize = 4 << 20;

/// Jobs that are removed in one transaction.
pub(crate) const JOBS_A_CLEARING: usize = 500;

/// Rows that are read at a time by those who may need more.
pub(crate) const PAGE: usize = 500;

/// Jobs with all their arguments that are read at a time.
pub(crate) const WHOLE_JOBS: usize = 100;
