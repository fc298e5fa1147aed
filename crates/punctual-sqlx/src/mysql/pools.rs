//! The connections of a store, by purpose.

use std::time::Duration;

use punctual_store::Error;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlPool, MySqlPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use tokio::time::timeout;

use super::error::failed;
use super::line::Line;

/// The time for which a call waits for its turn in this process.
const TURN: Duration = Duration::from_secs(30);

/// A connection that was used within this time is taken as it is. One that was idle for longer is
/// asked first whether its server is still there, since a server that was killed or replaced tells
/// that to the next call only.
const RECENTLY: Duration = Duration::from_secs(1);

/// The time in which a connection that was idle has to answer.
const WELL: Duration = Duration::from_secs(1);

/// The time for which closing waits for calls under way. A call on a connection that the network has
/// silenced never ends.
const CLOSING: Duration = Duration::from_secs(5);

/// How long the server lets a call of the store take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// The longest time of a statement.
    pub(super) statement: Duration,
    /// The longest wait for a row that another transaction has locked.
    pub(super) lock: Duration,
}

impl Bounds {
    /// Returns the statement that sets up a connection of the store. The server counts in whole seconds.
    fn text(self, is_mariadb: bool) -> String {
        let lock = self.lock.as_millis().div_ceil(1_000);
        let own = if is_mariadb {
            let statement = self.statement.as_secs_f64();
            format!(
                "max_statement_time = {statement}, idle_transaction_timeout = {}",
                lock + 1
            )
        } else {
            format!("max_execution_time = {}", self.statement.as_millis())
        };
        format!(
            "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; \
             SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', autocommit = 1, \
             innodb_lock_wait_timeout = {lock}, lock_wait_timeout = {lock}, wait_timeout = {IDLE}, {own}"
        )
    }
}

/// The seconds after which the server gives up a connection that says nothing. It holds no locks for
/// longer, though the network was cut. The pool closes idle ones before.
const IDLE: u64 = 120;

/// Hands out connections.
pub(super) struct Pools {
    /// For what a scheduler needs to go on. Long lists never hold these up.
    calls: MySqlPool,
    /// For lists and pages, which people ask for.
    lists: MySqlPool,
}

impl Pools {
    /// Returns pools for a server, of `size` connections together.
    pub(super) fn of_server(
        connect: &MySqlConnectOptions,
        size: u32,
        bounds: Bounds,
        is_mariadb: bool,
    ) -> Self {
        // A single connection serves all purposes. A few more are not worth a division.
        let listing = if size < 3 { 0 } else { (size / 4).max(1) };
        let pool = |size| options(size, bounds, is_mariadb).connect_lazy_with(connect.clone());
        let calls = pool(size - listing);
        let lists = match listing {
            0 => calls.clone(),
            listing => pool(listing),
        };
        Self { calls, lists }
    }

    /// Returns one pool of the application for all purposes.
    pub(super) fn of_application(pool: MySqlPool) -> Self {
        Self {
            calls: pool.clone(),
            lists: pool,
        }
    }

    /// Returns a connection for a call of one statement, or of some that need not agree.
    pub(super) async fn line(&self) -> Result<Line, Error> {
        self.line_of(&self.calls).await
    }

    /// Returns a connection for a list.
    pub(super) async fn lister(&self) -> Result<Line, Error> {
        self.line_of(&self.lists).await
    }

    async fn line_of(&self, pool: &MySqlPool) -> Result<Line, Error> {
        // The futures of the driver are large.
        let connection = Box::pin(pool.acquire()).await.map_err(failed)?;
        Ok(Line::plain(connection))
    }

    /// Closes a connection that leads to a server that takes no writes. The next one may lead to
    /// another server.
    pub(super) async fn close_read_only(&self) -> Result<(), sqlx::Error> {
        tracing::debug!("closing a connection to a read-only server; the next call opens another");
        Box::pin(self.calls.acquire()).await?.close().await
    }

    /// Closes all connections after the calls under way have finished, or some seconds later.
    pub(super) async fn close(&self) {
        let closing = futures::future::join(self.lists.close(), self.calls.close());
        if timeout(CLOSING, closing).await.is_err() {
            tracing::warn!("a connection was left as it is, since its server did not answer");
        }
    }
}

/// Returns the settings of a pool.
fn options(size: u32, bounds: Bounds, is_mariadb: bool) -> MySqlPoolOptions {
    MySqlPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(TURN)
        .idle_timeout(Duration::from_secs(IDLE / 2))
        .test_before_acquire(false)
        .before_acquire(|connection, used| {
            Box::pin(async move {
                if used.idle_for > RECENTLY {
                    is_well(connection).await?;
                }
                Ok(true)
            })
        })
        .after_connect(move |connection, _| {
            Box::pin(async move {
                // Built by this module, of numbers.
                let set = AssertSqlSafe(bounds.text(is_mariadb));
                connection.execute(sqlx::raw_sql(set)).await.map(drop)
            })
        })
}

/// Asks a connection whether its server is still there. An error makes the pool try another one.
async fn is_well(connection: &mut MySqlConnection) -> Result<(), sqlx::Error> {
    let answered = timeout(WELL, connection.ping()).await;
    answered.unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
}
