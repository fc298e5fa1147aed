//! The settings with which a store is opened.

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

/// The default time for which a statement waits for the lock of another process.
const BUSY: Duration = Duration::from_secs(5);
/// The longest such time, since SQLite holds the milliseconds in 31 bits.
const LONGEST_BUSY: Duration = Duration::from_millis(i32::MAX as u64);
/// The default time for which opening a file waits.
///
/// Processes of a deployment start together, and a lock that running processes wait out should not
/// end those that start.
const OPENING: Duration = Duration::from_secs(30);
/// The longest time of one attempt to get the lock while a file is opened.
const LOOK: Duration = Duration::from_secs(1);
/// The default time between two looks for edits of other processes.
const POLL: Duration = Duration::from_secs(1);

/// The settings with which a [`SqliteStore`] is opened.
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

/// The place of the file, as the caller gave it.
#[derive(Debug, Clone)]
enum Location {
    Address(String),
    Path(PathBuf),
}

impl SqliteOptions {
    /// Returns the settings for an address such as `sqlite:jobs.db` or
    /// `sqlite:///var/lib/app/jobs.db`.
    ///
    /// A missing file is created, unless the address ends with `?mode=rw`. In an address `%` and
    /// `?` have a meaning, and a file name that contains them writes `%25` and `%3F`.
    /// [`file`](Self::file) takes a path as it is.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self::at(Location::Address(url.to_owned()))
    }

    /// Returns the settings for a file by its path. A missing file is created.
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

    /// Sets the beginning of the names of all tables. The default is `punctual_`.
    ///
    /// Stores with different prefixes share a file without knowing of each other.
    #[must_use]
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.prefix = Some(prefix.to_owned());
        self
    }

    /// Sets the time for which a call waits for other processes before it fails as unavailable. The
    /// default is 5 s.
    #[must_use]
    pub fn busy_timeout(mut self, wait: Duration) -> Self {
        self.busy = wait;
        self
    }

    /// Sets the time for which [`open`](Self::open) and [`open_in`](Self::open_in) wait for other
    /// processes that keep the file locked.
    ///
    /// The default is 30 s. The wait is logged at level `WARN`.
    #[must_use]
    pub fn opening_timeout(mut self, wait: Duration) -> Self {
        self.opening = wait;
        self
    }

    /// Sets the time between two looks for edits of other processes. The default is one second.
    ///
    /// Edits of this process are known immediately.
    #[must_use]
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll = interval;
        self
    }

    /// Opens the store, and creates the file and the tables if they are missing. Any number of
    /// processes may do this at the same time.
    ///
    /// # Errors
    ///
    /// Returns an error if the database
    ///
    /// - cannot be opened for writing,
    /// - is locked for longer than the [opening timeout](Self::opening_timeout),
    /// - was made by a newer version, or
    /// - holds tables of these names that Punctual did not make.
    ///
    /// The message names the fix. Nothing was changed.
    pub async fn open(self) -> Result<SqliteStore, Error> {
        let prefix = self.checked_prefix()?;
        let Address { path, creates } = self.address()?;
        // An absolute path, so that later connections find the same file if the working directory
        // changes.
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

    /// Opens the store in a pool of the application.
    ///
    /// The settings of the pool are left as they are. Use a write-ahead log, `synchronous = FULL`
    /// and a busy timeout, as [`open`](Self::open) does. The address is ignored. The store watches
    /// only the database file and does not notice a deleted log.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`open`](Self::open).
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
