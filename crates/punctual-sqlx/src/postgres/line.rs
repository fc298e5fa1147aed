//! A connection that a call uses.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use punctual_store::Error;
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection, Postgres};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::error::failed;

/// The time in which a connection has to go back to its pool. The driver asks the server on it first, and
/// waits for ever if the network has silenced the connection. Its place in the pool would be lost.
const GIVING_BACK: Duration = Duration::from_secs(5);

const HELD: &str = "a line holds its connection until it is dropped";

/// A connection, with a transaction or without.
///
/// A transaction that is dropped is rolled back.
pub(super) struct Line {
    connection: Option<PoolConnection<Postgres>>,
    is_within: bool,
}

impl Line {
    /// Returns a connection on which each statement is a transaction of its own.
    pub(super) fn plain(connection: PoolConnection<Postgres>) -> Self {
        Self {
            connection: Some(connection),
            is_within: false,
        }
    }

    /// Returns a connection on which its user begins a transaction.
    pub(super) fn to_begin(connection: PoolConnection<Postgres>) -> Self {
        // It counts as a transaction from here on, since a future that is dropped may have begun it.
        Self {
            connection: Some(connection),
            is_within: true,
        }
    }

    /// Tells that the transaction has ended.
    pub(super) fn has_ended(&mut self) {
        self.is_within = false;
    }

    /// Begins a transaction with these statements.
    pub(super) async fn within(
        connection: PoolConnection<Postgres>,
        begin: AssertSqlSafe<String>,
    ) -> Result<Self, Error> {
        let mut line = Self::to_begin(connection);
        let begun = Box::pin(line.execute(sqlx::raw_sql(begin))).await;
        begun.map_err(failed)?;
        Ok(line)
    }

    /// Ends the transaction, if there is one, so that its changes are made.
    pub(super) async fn commit(self) -> Result<(), Error> {
        self.end("COMMIT").await
    }

    /// Ends the transaction, if there is one, without its changes.
    pub(super) async fn rollback(self) -> Result<(), Error> {
        self.end("ROLLBACK").await
    }

    async fn end(mut self, how: &'static str) -> Result<(), Error> {
        if self.is_within {
            let ended = Box::pin(self.execute(how)).await;
            ended.map_err(failed)?;
            self.has_ended();
        }
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(give_back(connection, self.is_within))),
            // Without a runtime nothing can wait until the pool has the connection again.
            Err(_) => drop(connection.detach()),
        }
    }
}

async fn give_back(mut connection: PoolConnection<Postgres>, is_within: bool) {
    if is_within {
        let ended = timeout(GIVING_BACK, connection.execute("ROLLBACK")).await;
        if !matches!(ended, Ok(Ok(_))) {
            // The server rolls back what is left of it as soon as it finds the connection gone.
            return drop(connection.detach());
        }
    }
    let _ = timeout(GIVING_BACK, connection.return_to_pool()).await;
}

impl Deref for Line {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.connection.as_deref().expect(HELD)
    }
}

impl DerefMut for Line {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection.as_deref_mut().expect(HELD)
    }
}
