//! What errors of the database mean.

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

const IO_ADVICE: &str = "the disk failed, or the file was replaced while a process had it open: end \
     all processes that use it, and look whether a `-wal` file lies beside it that is not its own";

/// The code without its refinement.
fn code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

fn advice(error: &sqlx::Error) -> Option<&'static str> {
    Some(match code(error)? {
        BUSY => "another process keeps the database locked",
        READ_ONLY => "the database may only be read: check the rights of the file and its folder",
        CORRUPT | NO_DATABASE => "the file is damaged, or no database: restore it from a backup",
        FULL => "the disk is full",
        IO_ERROR => IO_ADVICE,
        CANNOT_OPEN => "the file cannot be opened: check its folder and its rights",
        _ => return None,
    })
}

/// An error while a store is in use.
#[derive(Debug)]
struct DatabaseError {
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

impl std::error::Error for DatabaseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// Whether SQLite will always answer the same statement so. A wrong type in a column is a constraint
/// too, since the tables are strict.
fn is_final(error: &sqlx::Error) -> bool {
    let is_final = |code| matches!(code, TOO_BIG | CONSTRAINT | MISMATCH);
    matches!(error, sqlx::Error::Encode(_)) || code(error).is_some_and(is_final)
}

/// An error while a store is in use: it is final, or whether the change was made is not known.
pub(super) fn failed(error: sqlx::Error) -> store::Error {
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

/// Whether another process has the lock.
pub(super) fn is_locked(error: &sqlx::Error) -> bool {
    code(error) == Some(BUSY)
}

/// Whether a store could not be opened because another process has the lock.
pub(super) fn was_locked(error: &Error) -> bool {
    let source = std::error::Error::source(error);
    let error = source.and_then(|source| source.downcast_ref::<sqlx::Error>());
    error.is_some_and(is_locked)
}

/// Whether the connection may only read.
pub(super) fn is_read_only(error: &store::Error) -> bool {
    let source = std::error::Error::source(error);
    let error = source.and_then(|source| source.downcast_ref::<sqlx::Error>());
    error.and_then(code) == Some(READ_ONLY)
}

/// Whether a row with this key was there already.
pub(super) fn is_conflict(error: &sqlx::Error) -> bool {
    let error = error.as_database_error();
    error.is_some_and(|error| error.is_unique_violation())
}

/// An error while a file is opened by its path.
pub(super) fn unopened(path: &Path, creates: IfMissing, error: sqlx::Error) -> Error {
    let file = path.display();
    if code(&error) != Some(CANNOT_OPEN) {
        return opening(&file.to_string(), error);
    }
    let reason = missing::reason(path, creates);
    Error::of(ErrorKind::Unavailable, format!("`{file}` {reason}")).because(error)
}

/// An error while a store is opened.
pub(super) fn opening(file: &str, error: sqlx::Error) -> Error {
    let (kind, what) = match code(&error) {
        Some(BUSY) => (
            ErrorKind::Unavailable,
            "is kept locked by another process: end it, or try again later".to_owned(),
        ),
        Some(READ_ONLY) => (
            ErrorKind::Denied,
            "may only be read, and a store writes: check the rights of the file and its folder"
                .to_owned(),
        ),
        Some(CORRUPT | NO_DATABASE) => (
            ErrorKind::Incompatible,
            "is damaged, or no SQLite database: restore it from a backup, or name another file"
                .to_owned(),
        ),
        Some(IO_ERROR) => (
            ErrorKind::Unavailable,
            format!("cannot be read: {IO_ADVICE}"),
        ),
        Some(CANNOT_OPEN) => (
            ErrorKind::Unavailable,
            "cannot be opened: this process needs the right to write in its folder".to_owned(),
        ),
        _ => {
            let message = format!("`{file}` cannot be opened: {error}");
            return Error::of(ErrorKind::Unavailable, message).telling(error);
        }
    };
    Error::of(kind, format!("`{file}` {what}")).because(error)
}
