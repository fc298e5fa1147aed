//! How a store is opened.

use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

use super::fault::opening;
use super::file::OpenLog;
use super::{Inner, Pools, SqliteStore, schema};
use crate::prefix::Prefix;
use crate::{Error, ErrorKind};

/// Connections of a scheduler that only read.
const READERS: u32 = 3;
/// Connections for lists: that many run beside each other, further ones wait.
const LISTERS: u32 = 2;
/// How long a statement waits for the lock of another process.
const BUSY: Duration = Duration::from_secs(5);
/// How long the writer leaves that to SQLite, which sleeps the longer the longer it waits, up to 100 ms:
/// eight nodes would leave the lock unused for a fifth of the time.
const ASK: Duration = Duration::from_millis(4);
/// How long one who opens a file waits for that: processes of a deployment start together, and a lock
/// that those which run wait out should not end those which start.
const OPENING: Duration = Duration::from_secs(30);
/// How long each look at the lock takes while a file is opened, at most.
const LOOK: Duration = Duration::from_secs(1);
/// How long a call waits for its turn in this process.
const TURN: Duration = Duration::from_secs(30);
/// How often edits of other processes are looked for.
const POLL: Duration = Duration::from_secs(1);
/// Between attempts to open a file that is locked, not all of which wait for the lock by themselves.
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
    opening: Duration,
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
            opening: OPENING,
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

    /// How long [`open`](Self::open) waits for other processes that keep the file locked; 30 s by
    /// default.
    #[must_use]
    pub fn opening_timeout(mut self, wait: Duration) -> Self {
        self.opening = wait;
        self
    }

    /// How often edits of other processes are looked for; every second by default. Edits of this
    /// process are known at once.
    #[must_use]
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll = interval;
        self
    }

    /// Opens the store: makes the file and the tables if they are not there. Any number of processes
    /// may do this at once.
    ///
    /// # Errors
    ///
    /// If the database cannot be opened for writing, is locked for longer than the
    /// [opening timeout](Self::opening_timeout), was made by a newer version, or holds tables of
    /// these names that Punctual did not make. The message says what to do, and nothing was changed.
    pub async fn open(self) -> Result<SqliteStore, Error> {
        let prefix = self.checked_prefix()?;
        let connect = self.connect_options()?;
        if connect.get_filename().is_dir() {
            return Err(invalid(&self.url, "name a file; this is a folder"));
        }
        self.prepare_in_time(&connect, &prefix).await?;
        // Connections that come later never make a file anew: the one that was there is deleted.
        let connect = connect.create_if_missing(false);
        let log = Arc::new(OpenLog::of(connect.get_filename()));
        let asking = connect.clone().busy_timeout(self.busy.min(ASK));
        let writer = writer_options(&log).connect_lazy_with(asking);
        let pools = Pools {
            writer,
            readers: pool_options(READERS).connect_lazy_with(connect.clone()),
            listers: pool_options(LISTERS).connect_lazy_with(connect),
        };
        let inner = Inner::new(pools, Some(log), prefix, self.busy, self.poll);
        Ok(SqliteStore::new(inner))
    }

    /// Prepares the file once other processes let it.
    async fn prepare_in_time(
        &self,
        connect: &SqliteConnectOptions,
        prefix: &Prefix,
    ) -> Result<(), Error> {
        let file = connect.get_filename().display().to_string();
        let connect = connect.clone().busy_timeout(self.busy.min(LOOK));
        let started = Instant::now();
        let mut is_told = false;
        loop {
            match self.prepare(&connect, prefix, &file).await {
                Err(error) if error.kind() == ErrorKind::Locked => {
                    if started.elapsed() >= self.opening {
                        return Err(error);
                    }
                    if !std::mem::replace(&mut is_told, true) {
                        let patience = self.opening;
                        tracing::warn!(
                            file,
                            ?patience,
                            "another process keeps the database locked: waiting to open it"
                        );
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                prepared => return prepared,
            }
        }
    }

    async fn prepare(
        &self,
        connect: &SqliteConnectOptions,
        prefix: &Prefix,
        file: &str,
    ) -> Result<(), Error> {
        let failed = |error| opening(file, error);
        let mut first = connect.connect().await.map_err(failed)?;
        check_writable(&mut first, file).await?;
        schema::prepare(&mut first, prefix, file).await?;
        use_wal(&mut first, file).await?;
        first.close().await.map_err(failed)
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
        let pools = Pools {
            writer: pool.clone(),
            readers: pool.clone(),
            listers: pool,
        };
        let inner = Inner::new(pools, None, prefix, Duration::ZERO, self.poll);
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
        let is_chosen = query.split('&').any(|part| part.starts_with("mode="));
        let parsed = if is_chosen {
            parsed
        } else {
            parsed.create_if_missing(true)
        };
        Ok(parsed
            .busy_timeout(self.busy)
            .synchronous(SqliteSynchronous::Full)
            .disable_statement_logging())
    }
}

/// Switches to the write-ahead log, once for the file: readers and the writer then do not wait for
/// each other.
async fn use_wal(connection: &mut SqliteConnection, file: &str) -> Result<(), Error> {
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode = WAL")
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| opening(file, error))?;
    if mode != "wal" {
        tracing::warn!(file, mode, "no write-ahead log: readers will wait");
    }
    Ok(())
}

/// The settings of the connection that writes. It stays open, and the log with it.
fn writer_options(log: &Arc<OpenLog>) -> SqlitePoolOptions {
    let log = Arc::clone(log);
    pool_options(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(move |_, _| {
            log.begin_anew();
            Box::pin(async { Ok(()) })
        })
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
