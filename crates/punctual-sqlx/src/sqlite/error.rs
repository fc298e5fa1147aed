//! Errors of the database as errors of the store.

use std::fmt;
use std::path::Path;

use punctual_store as store;

use super::missing::{self, IfMissing};
use crate::{Error, ErrorKind};

const BUSY: i32 = 5;
const READ_ONLY: i32 = 8;
const IO_ERROR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANNOT_OPEN: i32 = 14;
const TOO_BIG: i32 = 18;
const CONSTRAINT: i32 = 19;
const MISMATCH: i32 = 20;
const NO_DATABASE: i32 = 26;

const IO_ADVICE: &str = "disk I/O error, or the file was replaced while open; stop every process that uses it, \
     and check for a stale `-wal` file next to it";

/// Returns the primary code, without its extension.
fn code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

fn advice(error: &sqlx::Error) -> Option<&'static str> {
    Some(match code(error)? {
        BUSY => "another process keeps the database locked",
        READ_ONLY => "the database is read-only; check the rights of the file and its folder",
        CORRUPT | NO_DATABASE => "the file is damaged or not a database; restore it from a backup",
        FULL => "the disk is full",
        IO_ERROR => IO_ADVICE,
        CANNOT_OPEN => "the file cannot be opened; check its folder and its rights",
        _ => return None,
    })
}

/// An error of the database. An error of sqlx tells the error below it, so it has none here.
#[derive(Debug)]
pub(super) struct DatabaseError {
    advice: Option<&'static str>,
    error: sqlx::Error,
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.advice {
            Some(advice) => write!(f, "{advice} ({})", self.error),
            None => self.error.fmt(f),
        }
    }
}

impl std::error::Error for DatabaseError {}

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        Self {
            advice: None,
            error,
        }
    }
}

/// Returns true if SQLite always answers the same statement with this error.
///
/// A wrong type in a column is a violated constraint too, since the tables are strict.
fn is_final(error: &sqlx::Error) -> bool {
    let is_final = |code| matches!(code, TOO_BIG | CONSTRAINT | MISMATCH);
    matches!(error, sqlx::Error::Encode(_)) || code(error).is_some_and(is_final)
}

/// Returns the store's error for an error while it is in use. The error is final, or it is unknown
/// whether the change was made.
pub(super) fn failed(error: sqlx::Error) -> store::Error {
    if matches!(error, sqlx::Error::PoolClosed) {
        return store::Error::gone(
            "the store was closed, or the pool that it was given; open it again and build a \
             scheduler with it",
        );
    }
    let is_final = is_final(&error);
    let error = DatabaseError {
        advice: advice(&error),
        error,
    };
    if is_final {
        store::Error::refused(error)
    } else {
        store::Error::unavailable(error)
    }
}

/// Returns true if another process has the lock.
pub(super) fn is_locked(error: &sqlx::Error) -> bool {
    code(error) == Some(BUSY)
}

/// Returns true if a store could not be opened because another process has the lock.
pub(super) fn was_locked(error: &Error) -> bool {
    let source = std::error::Error::source(error);
    let error = source.and_then(|source| source.downcast_ref::<DatabaseError>());
    error.is_some_and(|error| is_locked(&error.error))
}

/// Returns true if the connection is read-only.
pub(super) fn is_read_only(error: &store::Error) -> bool {
    let reason = error.reason();
    let reason = reason.and_then(|reason| reason.downcast_ref::<DatabaseError>());
    reason.and_then(|reason| code(&reason.error)) == Some(READ_ONLY)
}

/// Returns true if a row with this key existed before.
pub(super) fn is_conflict(error: &sqlx::Error) -> bool {
    let error = error.as_database_error();
    error.is_some_and(|error| error.is_unique_violation())
}

/// Returns the error for a file that cannot be opened by its path.
pub(super) fn unopened(path: &Path, creates: IfMissing, error: sqlx::Error) -> Error {
    let file = path.display();
    if code(&error) != Some(CANNOT_OPEN) {
        return opening(&file.to_string(), error);
    }
    let (kind, reason) = missing::reason(path, creates);
    Error::of(kind, format!("`{file}` {reason}")).because(DatabaseError::from(error))
}

/// Returns the error for a store that cannot be opened.
pub(super) fn opening(file: &str, error: sqlx::Error) -> Error {
    if matches!(error, sqlx::Error::PoolClosed) {
        let error = Error::new(ErrorKind::Invalid, "pool", "is closed");
        return error.with_hint("give a pool that is open, and close it after the scheduler");
    }
    let (kind, what) = match code(&error) {
        Some(BUSY) => (
            ErrorKind::Unavailable,
            "is locked by another process; stop that process, or try again later".to_owned(),
        ),
        Some(READ_ONLY) => (
            ErrorKind::Denied,
            "is read-only, and a store writes; check the rights of the file and its folder"
                .to_owned(),
        ),
        Some(CORRUPT | NO_DATABASE) => (
            ErrorKind::Incompatible,
            "is damaged or not an SQLite database; restore it from a backup, or name another file"
                .to_owned(),
        ),
        Some(IO_ERROR) => (
            ErrorKind::Unavailable,
            format!("cannot be read: {IO_ADVICE}"),
        ),
        Some(CANNOT_OPEN) => (
            ErrorKind::Denied,
            "cannot be opened; this process needs write permission in its folder".to_owned(),
        ),
        _ => {
            let message = format!("`{file}` cannot be opened: {error}");
            return Error::of(ErrorKind::Unavailable, message).telling(DatabaseError::from(error));
        }
    };
    Error::of(kind, format!("`{file}` {what}")).because(DatabaseError::from(error))
}
