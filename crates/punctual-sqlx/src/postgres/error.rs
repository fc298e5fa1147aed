//! Errors of the server as errors of the store.

use std::fmt;

use punctual_store as store;
use sqlx::postgres::PgDatabaseError;

use crate::{Error, ErrorKind};

/// The codes of errors, as <https://www.postgresql.org/docs/current/errcodes-appendix.html> lists
/// them.
mod code {
    pub(super) const SERIALIZATION: &str = "40001";
    pub(super) const DEADLOCK: &str = "40P01";
    pub(super) const UNIQUE: &str = "23505";
    pub(super) const READ_ONLY: &str = "25006";
    pub(super) const NO_RIGHT: &str = "42501";
    pub(super) const NO_TABLE: &str = "42P01";
    pub(super) const NO_COLUMN: &str = "42703";
    pub(super) const NO_SCHEMA: &str = "3F000";
    pub(super) const NO_DATABASE: &str = "3D000";
    pub(super) const WRONG_PASSWORD: &str = "28P01";
    pub(super) const NOT_ADMITTED: &str = "28000";
    pub(super) const TOO_MANY: &str = "53300";
    pub(super) const NO_MEMORY: &str = "53200";
    pub(super) const DISK_FULL: &str = "53100";
    pub(super) const LOCK_TIMEOUT: &str = "55P03";
    pub(super) const CANCELLED: &str = "57014";
    pub(super) const STARTING: &str = "57P03";
    pub(super) const STOPPED: [&str; 3] = ["57P01", "57P02", "57P05"];
    pub(super) const NO_STATEMENT: &str = "26000";
    pub(super) const STATEMENT_THERE: &str = "42P05";
    pub(super) const TOO_LONG: &str = "54000";
    pub(super) const PROTOCOL: &str = "08P01";
}

const POOLER: &str = "a pooler between this process and the server loses prepared statements; set \
     `OpenPostgres::transaction_pooler` (`pgbouncer=true` in an address), or let the pooler keep a server \
     connection for each session";

fn code(error: &sqlx::Error) -> Option<&str> {
    let error = error.as_database_error()?;
    Some(error.try_downcast_ref::<PgDatabaseError>()?.code())
}

fn advice(error: &sqlx::Error) -> Option<&'static str> {
    if matches!(error, sqlx::Error::PoolTimedOut) {
        return Some(
            "no connection was free in time; raise `OpenPostgres::pool_size`, or the size of the \
             application's pool, and check that the server answers",
        );
    }
    Some(match code(error)? {
        code::READ_ONLY => {
            "the server is read-only, as a replica is; the address should name the primary"
        }
        code::NO_RIGHT => {
            "the user may not do this; grant it the rights on the tables of the store"
        }
        code::TOO_MANY => {
            "the server has no connection left; raise its `max_connections`, or lower \
             `OpenPostgres::pool_size`"
        }
        code::DISK_FULL => "the disk of the server is full; make room there",
        code::NO_MEMORY => "the server is out of memory; give it more, or lower its `work_mem`",
        code::LOCK_TIMEOUT => {
            "another transaction has kept rows of the store locked for longer than \
             `OpenPostgres::lock_timeout`; end it (`pg_blocking_pids` names its process)"
        }
        code::CANCELLED => {
            "the statement took longer than `OpenPostgres::statement_timeout`, or the server was asked to \
             cancel it"
        }
        code::NO_STATEMENT | code::STATEMENT_THERE => POOLER,
        _ => return None,
    })
}

/// An error of the server. An error of sqlx tells the error below it, so it has none here.
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
            advice: advice(&error),
            error,
        }
    }
}

/// Returns true if the server always answers the same statement with this error.
fn is_final(error: &sqlx::Error) -> bool {
    // Values that no column takes, violated constraints, and rows that are too long for an index.
    let is_final =
        |code: &str| code.starts_with("22") || code.starts_with("23") || code == code::TOO_LONG;
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
    if matches!(code(&error), Some(code::NO_TABLE | code::NO_SCHEMA)) {
        return store::Error::gone(format!(
            "the tables of the store are gone ({error}); open it again, which makes them anew, or restore \
             the database"
        ));
    }
    let is_final = is_final(&error);
    let error = DatabaseError::from(error);
    if is_final {
        store::Error::refused(error)
    } else {
        store::Error::unavailable(error)
    }
}

/// Returns true if the transaction was rolled back in favour of another one. The same call may
/// succeed now.
pub(super) fn gave_way(error: &store::Error) -> bool {
    let is_such = |code| matches!(code, code::SERIALIZATION | code::DEADLOCK);
    reason_code(error).is_some_and(is_such)
}

/// Returns true if the connection leads to a server that takes no writes.
pub(super) fn is_read_only(error: &store::Error) -> bool {
    reason_code(error) == Some(code::READ_ONLY)
}

fn reason_code(error: &store::Error) -> Option<&str> {
    let reason = error.reason()?.downcast_ref::<DatabaseError>()?;
    code(&reason.error)
}

/// Returns true if a run with this key existed before.
pub(super) fn is_key_used(error: &sqlx::Error, key: &str) -> bool {
    let found = error.as_database_error();
    code(error) == Some(code::UNIQUE) && found.and_then(|error| error.constraint()) == Some(key)
}

/// Returns the error for a store that cannot be opened. `place` is the address without its password.
pub(super) fn opening(place: &str, error: sqlx::Error) -> Error {
    if matches!(error, sqlx::Error::PoolClosed) {
        let error = Error::new(ErrorKind::Invalid, "pool", "is closed");
        return error.with_hint("give a pool that is open, and close it after the scheduler");
    }
    let (kind, what) = reason(&error);
    let error = DatabaseError::from(error);
    match what {
        Some(what) => Error::of(kind, format!("`{place}` {what}")).because(error),
        None => Error::of(kind, format!("`{place}` cannot be opened: {error}")).telling(error),
    }
}

/// Returns true if a server that could not be used may be used soon.
pub(super) fn may_open_later(error: &Error) -> bool {
    let source = std::error::Error::source(error);
    let error = source.and_then(|source| source.downcast_ref::<DatabaseError>());
    let may = |code| {
        let soon = [
            code::STARTING,
            code::TOO_MANY,
            code::SERIALIZATION,
            code::DEADLOCK,
        ];
        soon.contains(&code)
    };
    error.is_some_and(|error| code(&error.error).is_some_and(may))
}

fn reason(error: &sqlx::Error) -> (ErrorKind, Option<&'static str>) {
    use ErrorKind::{Denied, Incompatible, Invalid, Unavailable};
    let (kind, what) = match (error, code(error)) {
        (_, Some(code::WRONG_PASSWORD)) => (
            Denied,
            "refuses the password; check the user and the password, in which `@`, `/`, `:`, `?`, `#` and \
             `%` are written as `%40`, `%2F`, `%3A`, `%3F`, `%23` and `%25`",
        ),
        (_, Some(code::NOT_ADMITTED)) => (
            Denied,
            "does not admit this user from here; check the user, `pg_hba.conf` of the server, and whether \
             it asks for TLS (`sslmode=require`)",
        ),
        (_, Some(code::NO_DATABASE)) => (
            Invalid,
            "names a database that does not exist; create it (`CREATE DATABASE`), or name another one",
        ),
        (_, Some(code::NO_RIGHT)) => (
            Denied,
            "does not let this user make its tables; grant it `CREATE` and `USAGE` on the schema, or name a \
             schema of its own by `OpenPostgres::schema`",
        ),
        (_, Some(code::READ_ONLY)) => (
            Denied,
            "is read-only, as a replica is, and a store writes; name the primary",
        ),
        (_, Some(code::TOO_MANY)) => (
            Unavailable,
            "has no connection left; raise `max_connections` of the server, or lower \
             `OpenPostgres::pool_size`",
        ),
        (_, Some(code::LOCK_TIMEOUT)) => (
            Unavailable,
            "keeps the tables locked; another process makes or changes them; try again later",
        ),
        (_, Some(code::STARTING)) => (Unavailable, "is starting or stopping; try again later"),
        (_, Some(code)) if code::STOPPED.contains(&code) => {
            (Unavailable, "was stopped; try again later")
        }
        (_, Some(code::NO_STATEMENT | code::STATEMENT_THERE)) => (Invalid, POOLER_HERE),
        // PgBouncer takes few settings at the start of a session.
        (_, Some(code::PROTOCOL)) if error.to_string().contains("startup parameter") => {
            (Invalid, POOLER_SETTINGS)
        }
        (_, Some(code::NO_COLUMN | code::NO_TABLE)) => (
            Incompatible,
            "holds tables of the same names that Punctual did not make; choose another table prefix or schema",
        ),
        (sqlx::Error::Tls(_), _) => (
            Denied,
            "and this process do not agree on TLS; turn it on at the server, check its certificate \
             (`sslrootcert`), or write `sslmode=prefer`",
        ),
        (sqlx::Error::PoolTimedOut, _) => (
            Unavailable,
            "gave no connection in time; check that the server runs, or raise the size of the pool",
        ),
        (sqlx::Error::Io(_), _) => (
            Unavailable,
            "cannot be reached; check that the server runs there, the host, the port and the firewall",
        ),
        _ => return (Unavailable, None),
    };
    (kind, Some(what))
}

const POOLER_SETTINGS: &str = "is behind a pooler that refuses a setting of the session; if it pools transactions, \
     set `OpenPostgres::transaction_pooler` (`pgbouncer=true` in an address), and if it pools sessions, let it \
     pass the setting over (`ignore_startup_parameters` of PgBouncer)";

const POOLER_HERE: &str = "is behind a pooler that loses prepared statements; set \
     `OpenPostgres::transaction_pooler` (`pgbouncer=true` in an address)";
