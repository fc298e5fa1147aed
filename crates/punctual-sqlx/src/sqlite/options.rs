//! How a store is opened.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqliteSynchronous};

use super::address::Address;
use super::missing::IfMissing;
use super::pools::Pools;
use super::prepare::{Preparation, Way};
use super::{Inner, SqliteStore};
use crate::Error;
use crate::prefix::Prefix;

/// How long a statement waits for the lock of another process.
const BUSY: Duration = Duration::from_secs(5);
/// SQLite counts the milliseconds of that in 31 bits.
const LONGEST_BUSY: Duration = Duration::from_millis(i32::MAX as u64);
/// How long one who opens a file waits for that: processes of a deployment start together, and a lock
/// that those which run wait out should not end those which start.
const OPENING: Duration = Duration::from_secs(30);
/// How long each look at the lock takes while a file is opened, at most.
const LOOK: Duration = Duration::from_secs(1);
/// How often edits of other processes are looked for.
const POLL: Duration = Duration::from_secs(1);

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
    location: Location,
    prefix: Option<String>,
    busy: Duration,
    opening: Duration,
    poll: Duration,
}

/// Where the file lies, as it was said.
#[derive(Debug, Clone)]
enum Location {
    Address(String),
    Path(PathBuf),
}

impl SqliteOptions {
    /// A file, as `sqlite:jobs.db` or `sqlite:///var/lib/app/jobs.db`. It is made if it is not
    /// there; `?mode=rw` at the end asks for one that is.
    ///
    /// In an address `%` and `?` mean something, and a name that holds them writes `%25` and `%3F`.
    /// [`file`](Self::file) takes a path as it is.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self::at(Location::Address(url.to_owned()))
    }

    /// A file, by its path. It is made if it is not there.
    ///
    /// ```no_run
    /// # async fn open() -> Result<(), punctual_sqlx::Error> {
    /// use punctual_sqlx::SqliteOptions;
    ///
    /// let store = SqliteOptions::file("/var/lib/app/100% jobs?.db").open().await?;
    /// # let _ = store;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self::at(Location::Path(path.as_ref().to_owned()))
    }

    fn at(location: Location) -> Self {
        Self {
            location,
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

    /// How long [`open`](Self::open) and [`open_in`](Self::open_in) wait for other processes that keep
    /// the file locked; 30 s by default. The log says at `WARN` that it is waited for.
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
    /// may do this at the same time.
    ///
    /// # Errors
    ///
    /// If the database cannot be opened for writing, is locked for longer than the
    /// [opening timeout](Self::opening_timeout), was made by a newer version, or holds tables of
    /// these names that Punctual did not make. The message says what to do, and nothing was changed.
    pub async fn open(self) -> Result<SqliteStore, Error> {
        let prefix = self.checked_prefix()?;
        let Address { path, creates } = self.address()?;
        // Connections that come later find the same file, wherever the process works by then.
        let path = std::path::absolute(&path).unwrap_or(path);
        let connect = self.connect_options(&path);
        let first = connect.clone().create_if_missing(creates);
        let first = first.busy_timeout(self.busy.min(LOOK));
        let preparation = Preparation {
            way: Way::File(&first),
            creates: if creates {
                IfMissing::Make
            } else {
                IfMissing::Refuse
            },
            prefix: &prefix,
            file: path.display().to_string(),
        };
        Box::pin(preparation.run(self.opening)).await?;
        let pools = Pools::of_file(connect, self.busy);
        let inner = Inner::new(pools, prefix, self.poll);
        Ok(SqliteStore::new(inner))
    }

    /// Opens the store in a pool of the application. Its settings are left as they are: use a
    /// write-ahead log, `synchronous = FULL` and a busy timeout, as [`open`](Self::open) does.
    /// The address is not looked at. A log that is deleted is not noticed there, only the file is watched.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub async fn open_in(self, pool: SqlitePool) -> Result<SqliteStore, Error> {
        let prefix = self.checked_prefix()?;
        let path = pool.connect_options().get_filename().display().to_string();
        let preparation = Preparation {
            way: Way::Pool(&pool),
            creates: IfMissing::AskPool,
            prefix: &prefix,
            file: path,
        };
        Box::pin(preparation.run(self.opening)).await?;
        let inner = Inner::new(Pools::of_application(pool), prefix, self.poll);
        Ok(SqliteStore::new(inner))
    }

    fn checked_prefix(&self) -> Result<Prefix, Error> {
        match &self.prefix {
            Some(prefix) => Prefix::new(prefix),
            None => Ok(Prefix::default()),
        }
    }

    fn address(&self) -> Result<Address, Error> {
        match &self.location {
            Location::Address(url) => Address::read(url),
            Location::Path(path) => Address::of(path),
        }
    }

    fn connect_options(&self, path: &Path) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(self.busy.min(LONGEST_BUSY))
            .synchronous(SqliteSynchronous::Full)
            .disable_statement_logging()
    }
}
