//! A connection that a call uses.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use punctual_store::Error;
use sqlx::mysql::MySqlConnection;
use sqlx::pool::PoolConnection;
use sqlx::{Executor as _, MySql};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::error::failed;

/// The time in which a connection has to go back to its pool. The driver asks it whether it is well,
/// and waits for ever if the network has silenced it. Its place in the pool would be lost.
const GIVING_BACK: Duration = Duration::from_secs(5);

const HELD: &str = "a line holds its connection until it is dropped";

/// What begins a transaction. A connection of the application may have another isolation.
const BEGIN: [&str; 2] = [
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "START TRANSACTION",
];

/// A connection, with a transaction or without.
///
/// A transaction that is dropped is rolled back.
pub(super) struct Line {
    connection: Option<PoolConnection<MySql>>,
    is_within: bool,
    /// True if the transaction begins with the next statement.
    begins: bool,
}

impl Line {
    /// Returns a connection on which each statement is a transaction of its own.
    pub(super) fn plain(connection: PoolConnection<MySql>) -> Self {
        Self {
            connection: Some(connection),
            is_within: false,
            begins: false,
        }
    }

    /// Begins a transaction with the next statement, which saves a round trip.
    pub(super) fn begin(&mut self) {
        self.begins = true;
    }

    /// Returns what has to come before the next statement.
    pub(super) fn before(&mut self) -> Vec<&'static str> {
        if !std::mem::take(&mut self.begins) {
            return Vec::new();
        }
        // A future that is dropped may have begun it.
        self.is_within = true;
        BEGIN.to_vec()
    }

    /// Tells that the transaction has ended.
    pub(super) fn has_ended(&mut self) {
        self.is_within = false;
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
            // Nothing can wait for it here.
            Err(_) => drop(connection.detach()),
        }
    }
}

async fn give_back(mut connection: PoolConnection<MySql>, is_within: bool) {
    if is_within {
        let ended = timeout(GIVING_BACK, connection.execute("ROLLBACK")).await;
        if !matches!(ended, Ok(Ok(_))) {
            // The server rolls back what is left of it as soon as it finds the connection gone.
            return drop(connection.detach());
        }
    }
    let _ = Box::pin(timeout(GIVING_BACK, connection.return_to_pool())).await;
}

impl Deref for Line {
    type Target = MySqlConnection;

    fn deref(&self) -> &MySqlConnection {
        self.connection.as_deref().expect(HELD)
    }
}

impl DerefMut for Line {
    fn deref_mut(&mut self) -> &mut MySqlConnection {
        self.connection.as_deref_mut().expect(HELD)
    }
}
