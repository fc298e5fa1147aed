//! The settings with which a store is opened.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use punctual_core::IntoSpan;
use sqlx::ConnectOptions;
use sqlx::mysql::MySqlPool;
use tokio::runtime::Handle;

use super::address::Address;
use super::pools::{Bounds, Pools};
use super::prepare::{Preparation, Server, Way};
use super::tables::Tables;
use super::{Inner, MysqlStore};
use crate::prefix::Prefix;
use crate::{Error, ErrorKind};

/// The default time for which the server works on one statement.
const STATEMENT: Duration = Duration::from_secs(30);
/// The default time for which a statement waits for a row that another transaction has locked.
const LOCK: Duration = Duration::from_secs(8);
/// The longest such times.
const LONGEST: Duration = Duration::from_secs(86_400);
/// The default time for which opening waits.
const OPENING: Duration = Duration::from_secs(30);
/// The default time between two looks for edits of other processes.
const POLL: Duration = Duration::from_millis(500);
/// The default number of connections.
const POOL: u32 = 8;

/// Opens a [`MysqlStore`] when it is awaited.
///
/// [`MysqlStore::open`] and `MysqlStore::open_in` return it. It owns what it needs, so it can be
/// spawned.
///
/// ```no_run
/// # async fn open() -> Result<(), punctual_sqlx::Error> {
/// use punctual_sqlx::MysqlStore;
///
/// let store = MysqlStore::open("mysql://localhost/app").prefix("billing_").await?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Returns an error if the server
///
/// - cannot be reached, or does not admit the user,
/// - is older than MariaDB 10.6 or MySQL 8.0.19, is read-only, or takes only short packets,
/// - holds tables that were made by a newer version, or
/// - holds tables of these names that Punctual did not make.
///
/// Returns an error of kind [`Invalid`](ErrorKind::Invalid) if the address or a setting is not
/// valid, and of kind [`NoRuntime`](ErrorKind::NoRuntime) outside a tokio runtime. The message names
/// the fix and never the password. Nothing was changed.
///
/// # Cancel safety
///
/// This future is cancel safe. If it is dropped, the tables may have been made.
#[derive(Debug, Clone)]
#[must_use = "a store is opened when this is awaited"]
pub struct OpenMysql {
    location: Location,
    prefix: Option<String>,
    pool: u32,
    bounds: Bounds,
    opening: Duration,
    poll: Duration,
    /// The first setting that cannot be read.
    error: Option<Error>,
}

/// The place of the tables, as the caller gave it.
#[derive(Clone)]
enum Location {
    Address(String),
    Pool(MySqlPool),
}

impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(url) => punctual_store::address::redacted(url).fmt(f),
            Self::Pool(_) => f.write_str("a pool"),
        }
    }
}

impl OpenMysql {
    pub(super) fn address(url: String) -> Self {
        Self::at(Location::Address(url))
    }

    #[cfg_attr(
        not(feature = "with-sqlx-0_9"),
        allow(dead_code, reason = "only the feature hands it out")
    )]
    pub(super) fn pool(pool: MySqlPool) -> Self {
        Self::at(Location::Pool(pool))
    }

    fn at(location: Location) -> Self {
        Self {
            location,
            prefix: None,
            pool: POOL,
            bounds: Bounds {
                statement: STATEMENT,
                lock: LOCK,
            },
            opening: OPENING,
            poll: POLL,
            error: None,
        }
    }

    /// Sets the beginning of the names of all tables. The default is `punctual_`.
    ///
    /// Stores with different prefixes share a database without knowing of each other.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// Sets the greatest number of connections. The default is 8, and 0 counts as 1.
    ///
    /// From three on, one in four is for lists alone, so that long ones hold up no scheduler. A pool of the application has a size of its own.
    pub fn pool_size(mut self, connections: u32) -> Self {
        self.pool = connections.max(1);
        self
    }

    /// Sets the time for which the server works on one statement of the store before it gives it up.
    /// The default is 30 s.
    pub fn statement_timeout(mut self, time: impl IntoSpan) -> Self {
        let time = self.kept(time.into_span("statement_timeout"), STATEMENT);
        self.bounds.statement = time.clamp(Duration::from_millis(1), LONGEST);
        self
    }

    /// Sets the time for which a statement waits for rows that another transaction has locked, before
    /// the call fails as unavailable. The default is 8 s, and the server counts whole seconds.
    pub fn lock_timeout(mut self, time: impl IntoSpan) -> Self {
        let time = self.kept(time.into_span("lock_timeout"), LOCK);
        self.bounds.lock = time.clamp(Duration::from_millis(1), LONGEST);
        self
    }

    /// Sets the time for which opening waits for a server that is starting, has no connection left, or
    /// whose tables another process is making. The default is 30 s.
    pub fn opening_timeout(mut self, wait: impl IntoSpan) -> Self {
        self.opening = self.kept(wait.into_span("opening_timeout"), self.opening);
        self
    }

    /// Sets the time between two looks for edits of other processes. The default is half a second.
    ///
    /// The server tells of nothing by itself. A look is one short statement.
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

    async fn run(mut self) -> Result<MysqlStore, Error> {
        if Handle::try_current().is_err() {
            let message = "a store is opened on a tokio runtime; call it in an `async fn` under `#[tokio::main]`, or in `Runtime::block_on`";
            return Err(Error::of(ErrorKind::NoRuntime, message));
        }
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let prefix = self
            .prefix
            .as_deref()
            .map_or_else(|| Ok(Prefix::default()), Prefix::new)?;
        match self.location.clone() {
            Location::Address(url) => {
                let address = Address::read(&url)?;
                let connect = address.options.disable_statement_logging();
                let prepared = self.prepare(Way::Server(&connect), &address.place, prefix);
                let (tables, server) = prepared.await?;
                let pools = Pools::of_server(&connect, self.pool, self.bounds, server.is_mariadb);
                Ok(self.store(pools, tables, address.place, &server))
            }
            Location::Pool(pool) => {
                let place = "the pool".to_owned();
                let (tables, server) = self.prepare(Way::Pool(&pool), &place, prefix).await?;
                let pools = Pools::of_application(pool);
                Ok(self.store(pools, tables, place, &server))
            }
        }
    }

    async fn prepare(
        &self,
        way: Way<'_>,
        place: &str,
        prefix: Prefix,
    ) -> Result<(Tables, Server), Error> {
        let preparation = Preparation {
            way,
            place,
            prefix,
            patience: self.opening,
        };
        preparation.run().await
    }

    fn store(&self, pools: Pools, tables: Tables, place: String, server: &Server) -> MysqlStore {
        MysqlStore(Arc::new(Inner {
            pools,
            tables,
            place,
            may_lose: server.may_lose(),
            poll: self.poll,
            room: server.room(),
            edited: tokio::sync::watch::Sender::default(),
        }))
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

impl IntoFuture for OpenMysql {
    type Output = Result<MysqlStore, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
