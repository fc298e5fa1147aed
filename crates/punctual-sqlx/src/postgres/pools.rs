//! The connections of a store, by purpose.

use std::time::Duration;

use punctual_store::Error;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tokio::time::timeout;

use super::error::failed;
use super::line::Line;

/// The time for which a call waits for its turn in this process.
const TURN: Duration = Duration::from_secs(30);

/// The time for which a connection is taken as it is after its last use. After a longer pause the pool
/// asks first whether its server is still there. A server that was killed or replaced tells that to the
/// next call only.
const RECENTLY: Duration = Duration::from_secs(1);

/// The time in which a connection that was idle has to answer.
const WELL: Duration = Duration::from_secs(1);

/// The time for which closing waits for calls under way. A call never ends if the network has silenced
/// its connection.
const CLOSING: Duration = Duration::from_secs(5);

/// The time limits of the server for a call of the store.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// The longest time of a statement.
    pub(super) statement: Duration,
    /// The longest wait for a row that another transaction has locked.
    pub(super) lock: Duration,
}

impl Bounds {
    /// Returns the settings as a server takes them, each with these words before it.
    fn text(&self, set: &str) -> String {
        let Self { statement, lock } = self;
        format!(
            "{set} statement_timeout = {}; {set} lock_timeout = {}; \
             {set} idle_in_transaction_session_timeout = {}",
            statement.as_millis(),
            lock.as_millis(),
            lock.as_millis()
        )
    }
}

/// Hands out connections.
pub(super) struct Pools {
    /// For the calls that a scheduler needs to go on. Long lists never hold these up.
    calls: PgPool,
    /// For lists and pages, which people ask for.
    lists: PgPool,
    /// Leads to the server for the connection that listens for edits. It is absent if a pooler would
    /// not keep that connection.
    hearing: Option<PgConnectOptions>,
    /// The statement that begins a transaction.
    begin: String,
    /// True if a pooler may give the connection to another client between two transactions.
    is_pooled: bool,
}

impl Pools {
    /// Returns pools for a server, of `size` connections together.
    pub(super) fn of_server(
        connect: &PgConnectOptions,
        size: u32,
        bounds: Bounds,
        is_pooled: bool,
        lock: i64,
    ) -> Self {
        // A single connection serves all purposes. A few more are not worth a division.
        let listing = if size < 3 { 0 } else { (size / 4).max(1) };
        let calls = options(size - listing, bounds, is_pooled).connect_lazy_with(connect.clone());
        let lists = match listing {
            0 => calls.clone(),
            listing => options(listing, bounds, is_pooled).connect_lazy_with(connect.clone()),
        };
        Self {
            calls,
            lists,
            hearing: (!is_pooled).then(|| connect.clone()),
            begin: begin(bounds, lock),
            is_pooled,
        }
    }

    /// Returns one pool of the application for all purposes.
    pub(super) fn of_application(pool: PgPool, bounds: Bounds, is_pooled: bool, lock: i64) -> Self {
        Self {
            hearing: (!is_pooled).then(|| PgConnectOptions::clone(&pool.connect_options())),
            calls: pool.clone(),
            lists: pool,
            begin: begin(bounds, lock),
            is_pooled,
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

    async fn line_of(&self, pool: &PgPool) -> Result<Line, Error> {
        if self.is_pooled {
            return self.begin_on(pool).await;
        }
        // The futures of the driver are large.
        let connection = Box::pin(pool.acquire()).await.map_err(failed)?;
        Ok(Line::plain(connection))
    }

    /// Begins a transaction, whose rows are part of the feed as soon as it has ended.
    pub(super) async fn begin(&self) -> Result<Line, Error> {
        self.begin_on(&self.calls).await
    }

    async fn begin_on(&self, pool: &PgPool) -> Result<Line, Error> {
        let connection = Box::pin(pool.acquire()).await.map_err(failed)?;
        // Built by this module, of numbers.
        let begin = AssertSqlSafe(self.begin.clone());
        Line::within(connection, begin).await
    }

    /// Returns a connection on which notifications arrive, unless a pooler would not keep it.
    ///
    /// The connection has a pool of its own, because it keeps its place in a pool if the network silences
    /// it.
    pub(super) async fn listener(&self) -> Result<Option<PgListener>, sqlx::Error> {
        let Some(connect) = &self.hearing else {
            return Ok(None);
        };
        let options = PgPoolOptions::new().max_connections(1).max_lifetime(None);
        let pool = options
            .acquire_timeout(TURN)
            .connect_lazy_with(connect.clone());
        Box::pin(PgListener::connect_with(&pool)).await.map(Some)
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

    pub(super) fn is_closed(&self) -> bool {
        self.calls.is_closed()
    }
}

/// Returns the statement that begins a transaction. It does not say `READ WRITE`, because a standby
/// refuses that with another error than a write. The transaction shares the lock of the feed before it
/// has a number, so that the feed knows that it is under way.
fn begin(bounds: Bounds, lock: i64) -> String {
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED; {}; \
         SELECT pg_advisory_xact_lock_shared({lock})",
        bounds.text("SET LOCAL")
    )
}

/// Lets the planner look rows up by their index. All statements name a few hundred of them, and walking
/// through a table of some thousand jobs for each would halve the rate of claims.
const SEARCHES: &str = "SET random_page_cost = 1.1";

/// Returns the settings of a pool.
fn options(size: u32, bounds: Bounds, is_pooled: bool) -> PgPoolOptions {
    let options = PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(TURN)
        .test_before_acquire(false)
        .before_acquire(|connection, used| {
            Box::pin(async move {
                if used.idle_for > RECENTLY {
                    is_well(connection).await?;
                }
                Ok(true)
            })
        });
    if is_pooled {
        // Settings of a session would pass to the next client of the pooler. Transactions have their own.
        return options;
    }
    options.after_connect(move |connection, _| {
        Box::pin(async move {
            let set = AssertSqlSafe(format!("{}; {SEARCHES}", bounds.text("SET")));
            connection.execute(sqlx::raw_sql(set)).await.map(drop)
        })
    })
}

/// Asks a connection whether its server is still there. An error makes the pool try another one.
async fn is_well(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let answered = timeout(WELL, connection.ping()).await;
    answered.unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
}
