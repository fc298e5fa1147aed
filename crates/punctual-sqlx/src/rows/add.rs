//! Jobs that are to be added, the same in every database.

use punctual_store::{Error, Insert, StoredJob};

use crate::limits::{BYTES_A_STATEMENT, JOBS_A_STATEMENT};
use crate::row::{Definition, Written};

/// The columns of a job, or the error for a job that is larger than a store keeps.
pub(crate) type Defined<'i> = Result<Definition<'i>, Error>;

/// Returns the first of these jobs, as many as go into one transaction.
pub(crate) fn piece_of(jobs: &[Insert]) -> Vec<Defined<'_>> {
    let mut piece = Vec::new();
    let mut bytes = 0;
    for insert in jobs.iter().take(JOBS_A_STATEMENT) {
        let defined = Definition::of(&insert.job);
        bytes += defined.as_ref().map_or(0, Definition::bytes);
        if bytes > BYTES_A_STATEMENT && !piece.is_empty() {
            break;
        }
        piece.push(defined);
    }
    piece
}

/// Returns the error for a job after one that failed. It is unknown whether an earlier part of the
/// same transaction was made, as it is for a later part.
pub(crate) fn not_tried(error: &Error) -> Error {
    Error::unavailable(format!(
        "an earlier job of the call could not be added: {error}"
    ))
}

/// Returns a new job as it is stored, and its columns.
pub(crate) fn added<'i>(
    insert: &'i Insert,
    defined: Defined<'i>,
    incarnation: u64,
    token: u64,
) -> Result<(StoredJob, Written<'i>), Error> {
    let mut state = insert.state;
    state.incarnation = incarnation;
    state.birth = incarnation;
    state.revision = 1;
    state.token = token;
    (state.running, state.queued) = (0, 0);
    let row = Written::of(insert.job.id(), defined?, &state);
    let stored = StoredJob::new(insert.job.clone(), state);
    Ok((stored, row))
}
