//! The bounds of the crate, each with its reason.

pub use punctual_store::limits::MAX_JOB_BYTES;

/// The greatest length of the result or error text of a run in bytes.
///
/// Of a longer error the store keeps the beginning, and of a longer result only the length. An end
/// is never refused for its length.
pub const MAX_TEXT_BYTES: usize = 1 << 20;

/// The greatest length of the prefix of table names in bytes. With the longest table name after it,
/// every database accepts the whole name.
pub const MAX_PREFIX_BYTES: usize = 32;

/// The greatest length of arguments in bytes that the list of due jobs holds. Longer arguments are
/// read only with the claim that needs them.
pub(crate) const HEAD_BYTES: usize = 1 << 10;

/// The number of edited jobs beyond which a node is told to read the due jobs again. Jobs of more
/// than [`BYTES_A_STATEMENT`] have the same effect.
pub(crate) const MAX_CHANGES: usize = 1_024;

/// The maximum number of waiting jobs in one answer.
pub(crate) const MAX_WAITING: usize = 256;

/// The number of jobs in one statement and one transaction, so that other calls get their turn.
pub(crate) const JOBS_A_STATEMENT: usize = 1_000;

/// The bytes of definitions in one statement. A single job may hold more.
pub(crate) const BYTES_A_STATEMENT: usize = 4 << 20;

/// The number of jobs that are removed in one transaction.
pub(crate) const JOBS_A_CLEARING: usize = 500;

/// The number of rows in one read of a call that may need more.
pub(crate) const PAGE: usize = 500;

/// The number of jobs with all their arguments in one read.
pub(crate) const WHOLE_JOBS: usize = 100;
