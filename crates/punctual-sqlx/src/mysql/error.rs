//! Errors of the server as errors of the store.

use std::fmt;

use punctual_store as store;
use sqlx::mysql::MySqlDatabaseError;

use crate::{Error, ErrorKind};

/// The numbers of errors, which MariaDB and MySQL share.
mod code {
    pub(super) const DUPLICATE: u16 = 1062;
    pub(super) const DEADLOCK: u16 = 1213;
    pub(super) const LOCK_TIMEOUT: u16 = 1205;
    pub(super) const READ_ONLY: [u16; 3] = [1290, 1792, 1836];
    pub(super) const NO_RIGHT: [u16; 4] = [1142, 1143, 1227, 1370];
    pub(super) const WRONG_PASSWORD: [u16; 2] = [1045, 1698];
    pub(super) const NOT_ADMITTED: u16 = 1130;
    pub(super) const DATABASE_DENIED: u16 = 1044;
    pub(super) const NO_DATABASE: u16 = 1049;
    pub(super) const NONE_CHOSEN: u16 = 1046;
    pub(super) const NO_TABLE: [u16; 2] = [1146, 1932];
    pub(super) const NO_COLUMN: u16 = 1054;
    pub(super) const TOO_MANY: [u16; 3] = [1040, 1203, 1226];
    pub(super) const DISK_FULL: [u16; 2] = [1021, 1114];
    pub(super) const STOPPING: [u16; 2] = [1053, 1927];
    pub(super) const INTERRUPTED: [u16; 3] = [1317, 1969, 3024];
    pub(super) const PACKET: u16 = 1153;
    pub(super) const BINLOG: u16 = 1665;
    /// Values that no column takes.
    pub(super) const VALUES: [u16; 6] = [1048, 1264, 1292, 1366, 1406, 1118];
}

fn code(error: &sqlx::Error) -> Option<u16> {
    let error = error.as_database_error()?;
    Some(error.try_downcast_ref::<MySqlDatabaseError>()?.number())
}

const BINLOG: &str = "the server keeps a binary log of statements, which cannot hold what a store writes; set \
     `binlog_format` of the server to ROW or MIXED";

fn advice(error: &sqlx::Error) -> Option<&'static str> {
    if matches!(error, sqlx::Error::PoolTimedOut) {
        return Some(
            "no connection was free in time; raise `OpenMysql::pool_size`, or the size of the \
             application's pool, and check that the server answers",
        );
    }
    let code = code(error)?;
    Some(match code {
        code::LOCK_TIMEOUT => {
            "another transaction has kept rows of the store locked for longer than \
             `OpenMysql::lock_timeout`; end it (`SHOW ENGINE INNODB STATUS` names it)"
        }
        code::BINLOG => BINLOG,
        code::PACKET => "the server takes no packet of this size; raise its `max_allowed_packet`",
        _ if code::READ_ONLY.contains(&code) => {
            "the server is read-only, as a replica is; the address should name the primary"
        }
        _ if code::NO_RIGHT.contains(&code) => {
            "the user may not do this; grant it the rights on the tables of the store"
        }
        _ if code::TOO_MANY.contains(&code) => {
            "the server has no connection left; raise its `max_connections`, or lower \
             `OpenMysql::pool_size`"
        }
        _ if code::DISK_FULL.contains(&code) => "the disk of the server is full; make room there",
        _ if code::INTERRUPTED.contains(&code) => {
            "the statement took longer than `OpenMysql::statement_timeout`, or the server was asked to \
             end it"
        }
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
    let is_final = |code| code == code::DUPLICATE || code::VALUES.contains(&code);
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
    let is_gone = |code| code::NO_TABLE.contains(&code) || code == code::NO_DATABASE;
    if code(&error).is_some_and(is_gone) {
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

/// Returns how often a call should be tried that has failed in this way. The server rolls back a deadlock as
/// a whole, and of a wait that was too long only the statement, so the call gives up its transaction.
pub(super) fn tries(error: &store::Error) -> u32 {
    match reason_code(error) {
        Some(code::DEADLOCK) => 8,
        // Each try has waited for seconds already.
        Some(code::LOCK_TIMEOUT) => 2,
        _ => 1,
    }
}

/// Returns true if the connection leads to a server that takes no writes.
pub(super) fn is_read_only(error: &store::Error) -> bool {
    reason_code(error).is_some_and(|code| code::READ_ONLY.contains(&code))
}

fn reason_code(error: &store::Error) -> Option<u16> {
    let reason = error.reason()?.downcast_ref::<DatabaseError>()?;
    code(&reason.error)
}

/// Returns true if a run with this key existed before.
pub(super) fn is_key_used(error: &sqlx::Error) -> bool {
    code(error) == Some(code::DUPLICATE) && error.to_string().contains("runs_key")
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
        code::TOO_MANY.contains(&code)
            || code::STOPPING.contains(&code)
            || [code::DEADLOCK, code::LOCK_TIMEOUT].contains(&code)
    };
    error.is_some_and(|error| code(&error.error).is_some_and(may))
}

fn reason(error: &sqlx::Error) -> (ErrorKind, Option<&'static str>) {
    use ErrorKind::{Denied, Incompatible, Invalid, Unavailable};
    let code = code(error).unwrap_or(0);
    let (kind, what) = match error {
        _ if code::WRONG_PASSWORD.contains(&code) => (
            Denied,
            "refuses the user or the password; check both, in which `@`, `/`, `:`, `?`, `#` and `%` are \
             written as `%40`, `%2F`, `%3A`, `%3F`, `%23` and `%25`; a user that needs TLS is refused in \
             the same way without `ssl-mode=REQUIRED`",
        ),
        _ if code == code::NOT_ADMITTED => (
            Denied,
            "does not admit this host; check from where the user may come (`'app'@'%'`)",
        ),
        _ if code == code::DATABASE_DENIED => (
            Denied,
            "does not let this user into the database; grant it the rights (`GRANT ALL ON app.* TO app`)",
        ),
        _ if code == code::NO_DATABASE => (
            Invalid,
            "names a database that does not exist; create it (`CREATE DATABASE`), or name another one",
        ),
        _ if code == code::NONE_CHOSEN => (Invalid, NO_DATABASE),
        _ if code::NO_RIGHT.contains(&code) => (
            Denied,
            "does not let this user make its tables; grant it `CREATE`, `SELECT`, `INSERT`, `UPDATE` and \
             `DELETE` on the database",
        ),
        _ if code::READ_ONLY.contains(&code) => (
            Denied,
            "is read-only, as a replica is, and a store writes; name the primary",
        ),
        _ if code::TOO_MANY.contains(&code) => (
            Unavailable,
            "has no connection left; raise `max_connections` of the server, or lower \
             `OpenMysql::pool_size`",
        ),
        _ if code::STOPPING.contains(&code) => (Unavailable, "is stopping; try again later"),
        _ if code == code::BINLOG => (Incompatible, BINLOG_HERE),
        _ if code == code::NO_COLUMN || code::NO_TABLE.contains(&code) => (
            Incompatible,
            "holds tables of the same names that Punctual did not make; choose another table prefix",
        ),
        sqlx::Error::Tls(_) => (
            Denied,
            "and this process do not agree on TLS; turn it on at the server, check its certificate \
             (`ssl-ca`), or write `ssl-mode=PREFERRED`",
        ),
        sqlx::Error::PoolTimedOut => (
            Unavailable,
            "gave no connection in time; check that the server runs, or raise the size of the pool",
        ),
        sqlx::Error::Io(_) => (
            Unavailable,
            "cannot be reached; check that the server runs there, the host, the port and the firewall",
        ),
        _ => return (Unavailable, None),
    };
    (kind, Some(what))
}

pub(super) const NO_DATABASE: &str =
    "names no database; write one after the host, as in `mysql://app@db/app`";

const BINLOG_HERE: &str = "keeps a binary log of statements, which cannot hold what a store writes; set \
     `binlog_format` of the server to ROW or MIXED";
