//! How a store is opened.

use std::str::FromStr;
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

use super::fault::{is_locked, opening};
use super::{Inner, SqliteStore, schema};
use crate::prefix::Prefix;
use crate::{Error, ErrorKind};

/// Connections that only read.
const READERS: u32 = 3;
/// How long a statement waits for the lock of another process.
const BUSY: Duration = Duration::from_secs(5);
/// How long a call waits for its turn in this process.
const TURN: Duration = Duration::from_secs(30);
/// How often edits of other processes are looked for.
const POLL: Duration = Duration::from_secs(1);
/// Between attempts to switch the journal, which does not wait for locks by itself.
const PAUSE: Duration = Duration::from_millis(20);

/// How a [`SqliteStore`] is opened.
///
/// ```no_run
/// # async fn open() -> Result<(), punctual_sqlx::Error> {
/// use punctual_sqlx::SqliteOptions;
///
/// let store = SqliteOptions::new("sqlite:jobs.db").prefix("billing_").open().await?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    url: String,
    prefix: Option<String>,
    busy: Duration,
    poll: Duration,
}

impl SqliteOptions {
    /// A file, as `sqlite:jobs.db` or `sqlite:///var/lib/app/jobs.db`. It is made if it is not
    /// there; `?mode=rw` at the end asks for one that is.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            prefix: None,
            busy: BUSY,
            poll: POLL,
        }
    }

    /// What the names of all tables begin with; `punctual_` by default. Stores with different
    /// prefixes share a file without knowing of each other.
    #[must_use]
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.prefix = Some(prefix.to_owned());
        self
    }

    /// How long a call waits for other processes before it fails as unavailable; 5 s by default.
    #[must_use]
    pub fn busy_timeout(mut self, wait: Duration) -> Self {
        self.busy = wait;
        self
    }

    /// How often edits of other processes are looked for; every second by default. Edits of this
    /// process are known at once.
    #[must_use]
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll = interval;
        self
    }

    /// Opens the store: makes the file and the tables if they are not there, and brings tables of
    /// older versions up to date. Any number of processes may do this at once.
    ///
    /// # Errors
    ///
    /// If the database cannot be opened for writing, is locked for longer than the busy timeout,
    /// was made by a newer version, or holds tables of these names that Punctual did not make. The
    /// message says what to do, and nothing was changed.
    pub async fn open(self) -> Result<SqliteStore, Error> {
        let prefix = self.checked_prefix()?;
        let connect = self.connect_options()?;
        let file = connect.get_filename().display().to_string();
        let failed = |error| opening(&file, error);
        if connect.get_filename().is_dir() {
            return Err(invalid(&self.url, "name a file; this is a folder"));
        }
        let mut first = connect.connect().await.map_err(failed)?;
        check_writable(&mut first, &file).await?;
        schema::prepare(&mut first, &prefix, &file).await?;
        self.use_wal(&mut first, &file).await?;
        first.close().await.map_err(failed)?;
        // Connections that come later never make a file anew: somebody has deleted this one.
        let connect = connect.create_if_missing(false);
        let pool = |size| pool_options(size).connect_lazy_with(connect.clone());
        let inner = Inner::new(pool(1), pool(READERS), prefix, self.poll);
        Ok(SqliteStore::new(inner))
    }

    /// Opens the store in a pool of the application. Its settings are left as they are: use a
    /// write-ahead log, `synchronous = FULL` and a busy timeout, as [`open`](Self::open) does.
    /// The address is not looked at.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub async fn open_in(self, pool: SqlitePool) -> Result<SqliteStore, Error> {
        let prefix = self.checked_prefix()?;
        let file = pool.connect_options().get_filename().display().to_string();
        let connection = pool.acquire().await;
        let mut connection = connection.map_err(|error| opening(&file, error))?;
        check_writable(&mut connection, &file).await?;
        schema::prepare(&mut connection, &prefix, &file).await?;
        drop(connection);
        let inner = Inner::new(pool.clone(), pool, prefix, self.poll);
        Ok(SqliteStore::new(inner))
    }

    fn checked_prefix(&self) -> Result<Prefix, Error> {
        match &self.prefix {
            Some(prefix) => Prefix::new(prefix),
            None => Ok(Prefix::default()),
        }
    }

    fn connect_options(&self) -> Result<SqliteConnectOptions, Error> {
        let (address, query) = self.url.split_once('?').unwrap_or((&self.url, ""));
        let should = |what| invalid(&self.url, what);
        let path = address
            .strip_prefix("sqlite:")
            .ok_or_else(|| should("begin with `sqlite:`, as in `sqlite:jobs.db`"))?;
        let path = path.trim_start_matches("//");
        if path.is_empty() {
            return Err(should("name a file, as in `sqlite:jobs.db`"));
        }
        if path == ":memory:" || query.contains("mode=memory") {
            return Err(should(
                "name a file; to keep jobs in memory, use `MemoryStore`",
            ));
        }
        let parsed = SqliteConnectOptions::from_str(&self.url).map_err(|error| {
            should("look like `sqlite:jobs.db` or `sqlite:///path/jobs.db`").because(error)
        })?;
        Ok(parsed
            .create_if_missing(!query.contains("mode="))
            .busy_timeout(self.busy)
            .synchronous(SqliteSynchronous::Full)
            .disable_statement_logging())
    }

    /// Switches to the write-ahead log, once for the file: readers and the writer then do not wait
    /// for each other.
    async fn use_wal(&self, connection: &mut SqliteConnection, file: &str) -> Result<(), Error> {
        let started = Instant::now();
        loop {
            let mode: Result<String, _> = sqlx::query_scalar("PRAGMA journal_mode = WAL")
                .fetch_one(&mut *connection)
                .await;
            match mode {
                Ok(mode) => {
                    if mode != "wal" {
                        tracing::warn!(file, mode, "no write-ahead log: readers will wait");
                    }
                    return Ok(());
                }
                Err(error) if is_locked(&error) && started.elapsed() < self.busy => {
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => return Err(opening(file, error)),
            }
        }
    }
}

/// The settings that a pool of ours has.
fn pool_options(size: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(size)
        .acquire_timeout(TURN)
        .test_before_acquire(false)
}

fn invalid(url: &str, what: &str) -> Error {
    let url = url.escape_debug();
    Error::new(
        ErrorKind::Invalid,
        format!("the address `{url}` should {what}"),
    )
}

/// A file that may only be read is opened, and its lock taken, without a word: only a write is
/// refused. This one writes what is there, and takes it back.
async fn check_writable(connection: &mut SqliteConnection, file: &str) -> Result<(), Error> {
    let failed = |error| opening(file, error);
    let begun = connection.begin_with("BEGIN IMMEDIATE").await;
    let mut transaction = begun.map_err(failed)?;
    let version: i64 = sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(&mut *transaction)
        .await
        .map_err(failed)?;
    let same = AssertSqlSafe(format!("PRAGMA user_version = {version}"));
    sqlx::query(same)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
    transaction.rollback().await.map_err(failed)
}
