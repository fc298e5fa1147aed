//! The settings with which a store is opened.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use punctual_core::IntoSpan;
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqliteSynchronous};
use tokio::runtime::Handle;

use super::address::Address;
use super::missing::IfMissing;
use super::pools::Pools;
use super::prepare::{Preparation, Way};
use super::{Inner, SqliteStore};
use crate::prefix::Prefix;
use crate::{Error, ErrorKind};

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

/// Opens a [`SqliteStore`] when it is awaited.
///
/// [`SqliteStore::open`], [`SqliteStore::open_file`] and `SqliteStore::open_in` return it. It owns
/// what it needs, so it can be spawned.
///
/// ```no_run
/// # async fn open() -> Result<(), punctual_sqlx::Error> {
/// use punctual_sqlx::SqliteStore;
///
/// let store = SqliteStore::open("sqlite:jobs.db").prefix("billing_").await?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
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
/// Returns an error of kind [`Invalid`](ErrorKind::Invalid) if the address or a setting is not
/// valid, and of kind [`NoRuntime`](ErrorKind::NoRuntime) outside a tokio runtime. The message names
/// the fix. Nothing was changed.
///
/// # Cancel safety
///
/// This future is cancel safe. If it is dropped, the file and the tables may have been made.
#[derive(Debug, Clone)]
#[must_use = "a store is opened when this is awaited"]
pub struct OpenSqlite {
    location: Location,
    prefix: Option<String>,
    busy: Duration,
    opening: Duration,
    poll: Duration,
    /// The first setting that cannot be read.
    error: Option<Error>,
}

/// The place of the tables, as the caller gave it.
#[derive(Debug, Clone)]
enum Location {
    Address(String),
    Path(PathBuf),
    Pool(SqlitePool),
}

impl OpenSqlite {
    pub(super) fn address(url: String) -> Self {
        Self::at(Location::Address(url))
    }

    pub(super) fn path(path: PathBuf) -> Self {
        Self::at(Location::Path(path))
    }

    #[cfg_attr(
        not(feature = "with-sqlx-0_9"),
        allow(dead_code, reason = "only the feature hands it out")
    )]
    pub(super) fn pool(pool: SqlitePool) -> Self {
        Self::at(Location::Pool(pool))
    }

    fn at(location: Location) -> Self {
        Self {
            location,
            prefix: None,
            busy: BUSY,
            opening: OPENING,
            poll: POLL,
            error: None,
        }
    }

    /// Sets the beginning of the names of all tables. The default is `punctual_`.
    ///
    /// Stores with different prefixes share a file without knowing of each other.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// Sets the time for which a call waits for other processes before it fails as unavailable. The
    /// default is 5 s. A pool of the application has a setting of its own.
    pub fn busy_timeout(mut self, wait: impl IntoSpan) -> Self {
        self.busy = self.kept(wait.into_span("busy_timeout"), self.busy);
        self
    }

    /// Sets the time for which opening waits for other processes that keep the file locked.
    ///
    /// The default is 30 s. The wait is logged at level `WARN`.
    pub fn opening_timeout(mut self, wait: impl IntoSpan) -> Self {
        self.opening = self.kept(wait.into_span("opening_timeout"), self.opening);
        self
    }

    /// Sets the time between two looks for edits of other processes. The default is one second.
    ///
    /// Edits of this process are known immediately.
    pub fn poll_interval(mut self, interval: impl IntoSpan) -> Self {
        let interval = interval.into_span("poll_interval").and_then(not_zero);
        self.poll = self.kept(interval, self.poll);
        self
    }

    /// Keeps the first error.
    fn kept(&mut self, span: Result<Duration, Error>, default: Duration) -> Duration {
        span.unwrap_or_else(|error| {
            self.error.get_or_insert(error);
            default
        })
    }

    async fn run(self) -> Result<SqliteStore, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if Handle::try_current().is_err() {
            let message = "a store is opened on a tokio runtime; call it in an `async fn` under `#[tokio::main]`, or in `Runtime::block_on`";
            return Err(Error::of(ErrorKind::NoRuntime, message));
        }
        let prefix = self
            .prefix
            .as_deref()
            .map_or_else(|| Ok(Prefix::default()), Prefix::new)?;
        let pools = match &self.location {
            Location::Address(url) => self.file(Address::read(url)?, &prefix).await,
            Location::Path(path) => self.file(Address::of(path)?, &prefix).await,
            Location::Pool(pool) => self.tables_in(pool, &prefix).await,
        }?;
        Ok(SqliteStore::new(Inner::new(pools, prefix, self.poll)))
    }

    async fn file(&self, address: Address, prefix: &Prefix) -> Result<Pools, Error> {
        let Address { path, creates } = address;
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
            prefix,
            file: path.display().to_string(),
        };
        preparation.run(self.opening).await?;
        Ok(Pools::of_file(connect, self.busy))
    }

    async fn tables_in(&self, pool: &SqlitePool, prefix: &Prefix) -> Result<Pools, Error> {
        let path = pool.connect_options().get_filename().display().to_string();
        let preparation = Preparation {
            way: Way::Pool(pool),
            creates: IfMissing::AskPool,
            prefix,
            file: path,
        };
        preparation.run(self.opening).await?;
        Ok(Pools::of_application(pool.clone()))
    }

    fn connect_options(&self, path: &Path) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(self.busy.min(LONGEST_BUSY))
            .synchronous(SqliteSynchronous::Full)
            .disable_statement_logging()
    }
}

/// Refuses to look for edits without a pause.
fn not_zero(interval: Duration) -> Result<Duration, Error> {
    if interval.is_zero() {
        let error = Error::invalid("poll_interval", "0", "leaves no time between two looks");
        return Err(error.with_hint("give it a second, or at least some milliseconds"));
    }
    Ok(interval)
}

impl IntoFuture for OpenSqlite {
    type Output = Result<SqliteStore, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
