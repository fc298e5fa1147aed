//! The steps before a store is open.

use std::time::{Duration, Instant};

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlPool};
use sqlx::{ConnectOptions, Connection, Row};

use super::error::{NO_DATABASE, may_open_later, opening};
use super::schema;
use super::tables::Tables;
use crate::prefix::Prefix;
use crate::{Error, ErrorKind};

/// The time between attempts to open a store.
const PAUSE: Duration = Duration::from_millis(50);

const LAX: &str = "innodb_flush_log_at_trx_commit is not 1: a crash of the server loses the last changes, and \
     starts of runs among them, so that fire times may run again";

/// What is needed to make the tables, or to find them.
pub(super) struct Preparation<'a> {
    pub(super) way: Way<'a>,
    /// The address without its password.
    pub(super) place: &'a str,
    pub(super) prefix: Prefix,
    pub(super) patience: Duration,
}

/// The way to the server.
#[derive(Clone, Copy)]
pub(super) enum Way<'a> {
    /// By a connection that is closed again.
    Server(&'a MySqlConnectOptions),
    /// By a connection of the application, whose settings stay as they are.
    Pool(&'a MySqlPool),
}

/// The properties of a server, as it tells them.
pub(super) struct Server {
    version: (u32, u32, u32),
    pub(super) is_mariadb: bool,
    database: Option<String>,
    packet: u64,
    sql_mode: String,
    charset: String,
    is_read_only: bool,
    commits_are_safe: bool,
    has_autocommit: bool,
}

impl Server {
    /// Returns the reason for which a crash of the server may lose commits, if it may.
    pub(super) fn may_lose(&self) -> Option<&'static str> {
        (!self.commits_are_safe).then_some(LAX)
    }

    /// The most bytes that one text of statements should have. A single row may have more, and a row has
    /// room in the smallest packet.
    pub(super) fn room(&self) -> usize {
        usize::try_from(self.packet / 2)
            .unwrap_or(usize::MAX)
            .min(4 << 20)
    }

    /// Returns the collation that compares texts by their bytes, spaces at the end included.
    fn collation(&self) -> &'static str {
        match self.is_mariadb {
            true => "utf8mb4_nopad_bin",
            false => "utf8mb4_0900_bin",
        }
    }
}

impl Preparation<'_> {
    /// Tries for at most the patience until the server lets it.
    pub(super) async fn run(&self) -> Result<(Tables, Server), Error> {
        let started = Instant::now();
        let mut is_told = false;
        loop {
            let left = self.patience.saturating_sub(started.elapsed());
            match Box::pin(self.attempt(left)).await {
                Err(error) if may_open_later(&error) && !left.is_zero() => {
                    if !std::mem::replace(&mut is_told, true) {
                        tracing::warn!(place = self.place, %error, "waiting to open the store");
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                prepared => return prepared,
            }
        }
    }

    async fn attempt(&self, left: Duration) -> Result<(Tables, Server), Error> {
        let failed = |error| opening(self.place, error);
        let mut own = match self.way {
            Way::Server(options) => {
                let connected =
                    Box::pin(tokio::time::timeout(left.max(PAUSE), options.connect())).await;
                connected.map_err(|_| self.silent())?.map_err(failed)?
            }
            // It leaves its pool, so that its lock ends with it in any case.
            Way::Pool(pool) => Box::pin(pool.acquire()).await.map_err(failed)?.detach(),
        };
        let prepared = self.prepare(&mut own, left).await?;
        own.close().await.map_err(failed)?;
        Ok(prepared)
    }

    /// Makes or finds the tables.
    async fn prepare(
        &self,
        connection: &mut MySqlConnection,
        left: Duration,
    ) -> Result<(Tables, Server), Error> {
        let failed = |error| opening(self.place, error);
        let server = server(&mut *connection).await.map_err(failed)?;
        let is_own = matches!(self.way, Way::Server(_));
        check(self.place, &server, is_own)?;
        let database = server
            .database
            .clone()
            .ok_or_else(|| Error::new(ErrorKind::Invalid, "database", NO_DATABASE))?;
        let tables = Tables::new(database, self.prefix.clone(), server.collation());
        schema::prepare(&mut *connection, &tables, self.place, left).await?;
        tracing::debug!(place = self.place, version = ?server.version, "the store is open");
        if let Some(reason) = server.may_lose() {
            tracing::warn!(place = self.place, "{reason}");
        }
        Ok((tables, server))
    }

    fn silent(&self) -> Error {
        Error::of(
            ErrorKind::Unavailable,
            format!(
                "`{}` gave no answer within {:?} (`OpenMysql::opening_timeout`); check the host, the \
                 port and the firewall",
                self.place, self.patience
            ),
        )
    }
}

/// The smallest packet, in which the longest row has room.
const PACKET: u64 = 8 << 20;

/// Refuses a server that a store cannot use. Modes of own connections are set.
fn check(place: &str, server: &Server, is_own: bool) -> Result<(), Error> {
    let incompatible = |what: String| {
        Err(Error::of(
            ErrorKind::Incompatible,
            format!("`{place}` {what}"),
        ))
    };
    let (name, oldest) = match server.is_mariadb {
        true => ("MariaDB", (10, 6, 0)),
        false => ("MySQL", (8, 0, 19)),
    };
    if server.version < oldest {
        let (major, minor, patch) = server.version;
        let (needed, at_least, last) = oldest;
        return incompatible(format!(
            "is {name} {major}.{minor}.{patch}; use {name} {needed}.{at_least}.{last} or newer"
        ));
    }
    if server.packet < PACKET {
        return incompatible(format!(
            "takes packets of {} bytes, and a store needs {PACKET}; raise `max_allowed_packet` of the server",
            server.packet
        ));
    }
    if server.is_read_only {
        let what = "is read-only, as a replica is, and a store writes; name the primary";
        return Err(Error::of(ErrorKind::Denied, format!("`{place}` {what}")));
    }
    if is_own {
        return Ok(());
    }
    let mode = &server.sql_mode;
    if !mode.contains("STRICT_") || mode.contains("EMPTY_STRING_IS_NULL") {
        return incompatible(format!(
            "has connections of the mode `{mode}`, which changes values; add STRICT_ALL_TABLES to `sql_mode`, \
             and leave out EMPTY_STRING_IS_NULL"
        ));
    }
    if server.charset != "utf8mb4" || !server.has_autocommit {
        return incompatible(format!(
            "has connections with `{}` and `autocommit = {}`; a store needs utf8mb4 and 1",
            server.charset,
            u8::from(server.has_autocommit)
        ));
    }
    Ok(())
}

async fn server(connection: &mut MySqlConnection) -> Result<Server, sqlx::Error> {
    let statement = "SELECT VERSION(), DATABASE(), @@max_allowed_packet, @@SESSION.sql_mode, \
         @@character_set_client, @@GLOBAL.read_only, @@GLOBAL.innodb_flush_log_at_trx_commit, \
         @@SESSION.autocommit";
    let row = sqlx::raw_sql(statement).fetch_one(connection).await?;
    let version: String = row.try_get_unchecked(0)?;
    let is_on = |index| Ok::<_, sqlx::Error>(row.try_get_unchecked::<i64, _>(index)? == 1);
    Ok(Server {
        version: parts(&version),
        is_mariadb: version.contains("MariaDB"),
        database: row.try_get_unchecked(1)?,
        packet: row.try_get_unchecked::<i64, _>(2)?.unsigned_abs(),
        sql_mode: row.try_get_unchecked(3)?,
        charset: row.try_get_unchecked(4)?,
        is_read_only: is_on(5)?,
        commits_are_safe: is_on(6)?,
        has_autocommit: is_on(7)?,
    })
}

/// Returns the numbers at the beginning of a version. Some servers write `5.5.5-` before theirs.
fn parts(version: &str) -> (u32, u32, u32) {
    let version = version.strip_prefix("5.5.5-").unwrap_or(version);
    let end = version.find(|c: char| c != '.' && !c.is_ascii_digit());
    let mut parts = version[..end.unwrap_or(version.len())].split('.');
    let mut part = || parts.next().and_then(|part| part.parse().ok()).unwrap_or(0);
    (part(), part(), part())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mariadb() -> Server {
        Server {
            version: (10, 11, 6),
            is_mariadb: true,
            database: Some("app".to_owned()),
            packet: 16 << 20,
            sql_mode: "STRICT_TRANS_TABLES".to_owned(),
            charset: "utf8mb4".to_owned(),
            is_read_only: false,
            commits_are_safe: true,
            has_autocommit: true,
        }
    }

    #[track_caller]
    fn refuses(server: &Server, is_own: bool, kind: ErrorKind, parts: &[&str]) {
        let error = check("mysql://app@db/app", server, is_own).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        for part in parts {
            assert!(error.to_string().contains(part), "`{part}`: {error}");
        }
    }

    #[test]
    fn a_server_that_is_too_old_is_told_with_the_oldest_that_serves() {
        for (version, is_mariadb, parts) in [
            ((10, 5, 99), true, ["MariaDB 10.5.99", "10.6.0 or newer"]),
            ((8, 0, 18), false, ["MySQL 8.0.18", "8.0.19 or newer"]),
            ((5, 7, 44), false, ["MySQL 5.7.44", "8.0.19 or newer"]),
        ] {
            let server = Server {
                version,
                is_mariadb,
                ..mariadb()
            };
            refuses(&server, true, ErrorKind::Incompatible, &parts);
        }
        check("db", &mariadb(), true).unwrap();
    }

    #[test]
    fn versions_are_read_in_all_their_forms() {
        assert_eq!(parts("10.11.6-MariaDB-0+deb12u1"), (10, 11, 6));
        assert_eq!(parts("5.5.5-10.6.18-MariaDB"), (10, 6, 18));
        assert_eq!(parts("8.0.36"), (8, 0, 36));
        assert_eq!(parts("8.4"), (8, 4, 0));
    }

    #[test]
    fn a_server_that_takes_short_packets_or_no_writes_is_refused() {
        let short = Server {
            packet: 1 << 20,
            ..mariadb()
        };
        let parts = ["1048576 bytes", "max_allowed_packet"];
        refuses(&short, true, ErrorKind::Incompatible, &parts);
        let replica = Server {
            is_read_only: true,
            ..mariadb()
        };
        refuses(&replica, true, ErrorKind::Denied, &["read-only", "primary"]);
    }

    #[test]
    fn a_pool_whose_connections_change_values_is_refused() {
        let lax = Server {
            sql_mode: "ANSI_QUOTES".to_owned(),
            ..mariadb()
        };
        refuses(&lax, false, ErrorKind::Incompatible, &["STRICT_ALL_TABLES"]);
        let narrow = Server {
            charset: "utf8mb3".to_owned(),
            ..mariadb()
        };
        refuses(&narrow, false, ErrorKind::Incompatible, &["utf8mb4"]);
        let open = Server {
            has_autocommit: false,
            ..mariadb()
        };
        refuses(&open, false, ErrorKind::Incompatible, &["autocommit = 0"]);
        // The store sets these of its own connections.
        for server in [lax, narrow, open] {
            check("db", &server, true).unwrap();
        }
    }
}
