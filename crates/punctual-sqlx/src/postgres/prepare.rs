//! The steps before a store is open.

use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection, Row};

use super::error::{may_open_later, opening};
use super::line::Line;
use super::schema;
use super::tables::Tables;
use crate::prefix::Prefix;
use crate::{Error, ErrorKind};

/// The time between attempts to open a store.
const PAUSE: Duration = Duration::from_millis(50);
/// The oldest server that has the functions that statements use.
const OLDEST: i32 = 130_000;

/// What is needed to make the tables, or to find them.
pub(super) struct Preparation<'a> {
    pub(super) way: Way<'a>,
    /// The address without its password.
    pub(super) place: &'a str,
    pub(super) schema: Option<String>,
    pub(super) prefix: Prefix,
    pub(super) is_pooled: bool,
    pub(super) patience: Duration,
}

const LAX: &str = "synchronous_commit is off: a crash of the server loses the last changes, and starts of runs \
     among them, so that fire times may run again";

/// A server that is ready.
pub(super) struct Prepared {
    pub(super) tables: Tables,
    /// The reason for which a crash of the server may lose commits, if it may.
    pub(super) may_lose: Option<&'static str>,
}

/// The way to the server.
#[derive(Clone, Copy)]
pub(super) enum Way<'a> {
    /// By a connection that is closed again.
    Server(&'a PgConnectOptions),
    /// By a connection of the application, whose settings stay as they are.
    Pool(&'a PgPool),
}

/// The properties of a server, as it tells them.
struct Server {
    version: i32,
    encoding: String,
    schema: Option<String>,
    is_read_only: bool,
    synchronous_commit: String,
}

impl Preparation<'_> {
    /// Tries to open the store until the server lets it, for at most the patience.
    pub(super) async fn run(&self) -> Result<Prepared, Error> {
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

    async fn attempt(&self, left: Duration) -> Result<Prepared, Error> {
        let failed = |error| opening(self.place, error);
        match self.way {
            Way::Server(options) => {
                let connected = tokio::time::timeout(left.max(PAUSE), options.connect()).await;
                let connected = connected.map_err(|_| self.silent())?;
                let mut own = connected.map_err(failed)?;
                let prepared = self.prepare(&mut own).await?;
                own.close().await.map_err(failed)?;
                Ok(prepared)
            }
            Way::Pool(pool) => {
                let connection = Box::pin(pool.acquire()).await.map_err(failed)?;
                let mut own = Line::to_begin(connection);
                let prepared = self.prepare(&mut own).await?;
                own.has_ended();
                Ok(prepared)
            }
        }
    }

    /// Makes or finds the tables, in a transaction. The caller gives the connection up if this call
    /// fails or is dropped.
    async fn prepare(&self, connection: &mut PgConnection) -> Result<Prepared, Error> {
        let failed = |error| opening(self.place, error);
        connection.execute("BEGIN").await.map_err(failed)?;
        let server = server(&mut *connection).await.map_err(failed)?;
        check(self.place, &server)?;
        let schema = self.schema.clone().or(server.schema);
        let schema = schema.ok_or_else(Self::no_schema)?;
        let tables = Tables::new(schema, self.prefix.clone(), self.is_pooled);
        // A wait for another process that makes the tables ends with the patience.
        let wait = self.patience.as_millis().clamp(1, i32::MAX as u128 / 2);
        let set = format!("SET LOCAL lock_timeout = {wait}; SET LOCAL statement_timeout = {wait}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(set))
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
        schema::prepare(&mut *connection, &tables, self.place).await?;
        connection.execute("COMMIT").await.map_err(failed)?;
        tracing::debug!(
            place = self.place,
            version = server.version,
            synchronous_commit = server.synchronous_commit,
            "the store is open"
        );
        let may_lose = (server.synchronous_commit == "off").then_some(LAX);
        if let Some(reason) = may_lose {
            tracing::warn!(place = self.place, "{reason}");
        }
        Ok(Prepared { tables, may_lose })
    }

    fn silent(&self) -> Error {
        Error::of(
            ErrorKind::Unavailable,
            format!(
                "`{}` gave no answer within {:?} (`OpenPostgres::opening_timeout`); check the host, the \
                 port and the firewall",
                self.place, self.patience
            ),
        )
    }

    fn no_schema() -> Error {
        let error = Error::new(ErrorKind::Invalid, "schema", "is missing");
        error.with_hint(
            "the user has no schema in its `search_path`; name one by `OpenPostgres::schema` or \
             `schema=` in the address",
        )
    }
}

/// Refuses a server that a store cannot use.
fn check(place: &str, server: &Server) -> Result<(), Error> {
    if server.version < OLDEST {
        let (major, oldest) = (server.version / 10_000, OLDEST / 10_000);
        return Err(Error::of(
            ErrorKind::Incompatible,
            format!("`{place}` is PostgreSQL {major}; use PostgreSQL {oldest} or newer"),
        ));
    }
    if server.encoding != "UTF8" {
        return Err(Error::of(
            ErrorKind::Incompatible,
            format!(
                "`{place}` keeps texts as {}, and a store needs UTF-8; create a database with \
                     `ENCODING 'UTF8' TEMPLATE template0`",
                server.encoding
            ),
        ));
    }
    if server.is_read_only {
        return Err(Error::of(
            ErrorKind::Denied,
            format!(
                "`{place}` is read-only, as a replica is, and a store writes; name the primary, or set \
                     `default_transaction_read_only` to off"
            ),
        ));
    }
    Ok(())
}

async fn server(connection: &mut PgConnection) -> Result<Server, sqlx::Error> {
    let statement = "SELECT current_setting('server_version_num')::integer, \
         current_setting('server_encoding'), current_schema()::text, \
         pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on', \
         current_setting('synchronous_commit')";
    let row = sqlx::query(statement)
        .persistent(false)
        .fetch_one(connection)
        .await?;
    Ok(Server {
        version: row.try_get(0)?,
        encoding: row.try_get(1)?,
        schema: row.try_get(2)?,
        is_read_only: row.try_get(3)?,
        synchronous_commit: row.try_get(4)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(change: impl FnOnce(&mut Server)) -> Result<(), Error> {
        let mut server = Server {
            version: 130_004,
            encoding: "UTF8".to_owned(),
            schema: None,
            is_read_only: false,
            synchronous_commit: "on".to_owned(),
        };
        change(&mut server);
        check("postgres://db/app", &server)
    }

    #[test]
    fn a_server_that_a_store_cannot_use_is_told_with_the_fix() {
        checked(|_| {}).unwrap();
        let says = |checked: Result<(), Error>, part: &str| {
            let text = checked.unwrap_err().to_string();
            assert!(
                text.contains(part) && text.contains("postgres://db/app"),
                "{text}"
            );
        };
        says(
            checked(|server| server.version = 120_017),
            "PostgreSQL 12; use PostgreSQL 13",
        );
        let latin = |server: &mut Server| server.encoding = "LATIN1".to_owned();
        says(checked(latin), "ENCODING 'UTF8'");
        says(
            checked(|server| server.is_read_only = true),
            "name the primary",
        );
    }
}
