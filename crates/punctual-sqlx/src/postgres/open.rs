//! The settings with which a store is opened.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use punctual_core::IntoSpan;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPool};
use tokio::runtime::Handle;

use super::address::{Address, checked_schema};
use super::ear::Ear;
use super::pools::{Bounds, Pools};
use super::prepare::{Preparation, Prepared, Way};
use super::{Inner, PostgresStore};
use crate::prefix::Prefix;
use crate::{Error, ErrorKind};

/// The default time for which the server works on one statement.
const STATEMENT: Duration = Duration::from_secs(30);
/// The default time for which a statement waits for a row that another transaction has locked.
const LOCK: Duration = Duration::from_secs(8);
/// The longest of these times. PostgreSQL holds milliseconds in 31 bits.
const LONGEST: Duration = Duration::from_millis(i32::MAX as u64 / 2);
/// The default time for which opening waits.
const OPENING: Duration = Duration::from_secs(30);
/// The default time between two looks for edits of other processes.
const POLL: Duration = Duration::from_secs(1);
/// The default number of connections.
const POOL: u32 = 8;

/// Opens a [`PostgresStore`] when it is awaited.
///
/// [`PostgresStore::open`] and `PostgresStore::open_in` return it. It owns what it needs, so it can be
/// spawned.
///
/// ```no_run
/// # async fn open() -> Result<(), punctual_sqlx::Error> {
/// use punctual_sqlx::PostgresStore;
///
/// let store = PostgresStore::open("postgres://localhost/app").schema("jobs").await?;
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
/// - is older than PostgreSQL 13, is read-only, or keeps texts in another encoding than UTF-8,
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
pub struct OpenPostgres {
    location: Location,
    schema: Option<String>,
    prefix: Option<String>,
    pool: u32,
    bounds: Bounds,
    opening: Duration,
    poll: Duration,
    is_pooled: bool,
    /// The first setting that cannot be read.
    error: Option<Error>,
}

/// The place of the tables, as the caller gave it.
#[derive(Clone)]
enum Location {
    Address(String),
    Pool(PgPool),
}

impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(url) => punctual_store::address::redacted(url).fmt(f),
            Self::Pool(_) => f.write_str("a pool"),
        }
    }
}

impl OpenPostgres {
    pub(super) fn address(url: String) -> Self {
        Self::at(Location::Address(url))
    }

    #[cfg_attr(
        not(feature = "with-sqlx-0_9"),
        allow(dead_code, reason = "only the feature hands it out")
    )]
    pub(super) fn pool(pool: PgPool) -> Self {
        Self::at(Location::Pool(pool))
    }

    fn at(location: Location) -> Self {
        Self {
            location,
            schema: None,
            prefix: None,
            pool: POOL,
            bounds: Bounds {
                statement: STATEMENT,
                lock: LOCK,
            },
            opening: OPENING,
            poll: POLL,
            is_pooled: false,
            error: None,
        }
    }

    /// Sets the schema of the tables, which is made if it is missing. The default is the first one of
    /// the user's `search_path`, mostly `public`.
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = Some(schema.into());
        self
    }

    /// Sets the beginning of the names of all tables. The default is `punctual_`.
    ///
    /// Stores with different prefixes share a schema without knowing of each other.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// Sets the greatest number of connections. The default is 8, and 0 counts as 1.
    ///
    /// From three on, one in four is for lists alone, so that long ones hold up no scheduler. One more
    /// connection listens for edits of other processes. A pool of the application has a size of its own.
    pub fn pool_size(mut self, connections: u32) -> Self {
        self.pool = connections.max(1);
        self
    }

    /// Sets the time for which the server works on one statement of the store before it gives it up.
    /// The default is 30 s.
    ///
    /// In a pool of the application (`open_in`), only transactions of the store have this limit. A
    /// statement outside of a transaction has the limit of the pool.
    pub fn statement_timeout(mut self, time: impl IntoSpan) -> Self {
        let time = self.kept(time.into_span("statement_timeout"), STATEMENT);
        self.bounds.statement = time.clamp(Duration::from_millis(1), LONGEST);
        self
    }

    /// Sets the time for which a statement waits for rows that another transaction has locked, before
    /// the call fails as unavailable. The default is 8 s.
    ///
    /// The server also ends a transaction of the store that has been idle for this time. In a pool of
    /// the application (`open_in`), only transactions of the store have this limit. A statement outside
    /// of a transaction has the limit of the pool.
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

    /// Sets the time between two looks for edits of other processes. The default is one second.
    ///
    /// Edits are also notified, and known within milliseconds. A look finds those whose notification
    /// was lost with its connection.
    pub fn poll_interval(mut self, interval: impl IntoSpan) -> Self {
        let interval = interval.into_span("poll_interval").and_then(not_zero);
        self.poll = self.kept(interval, self.poll);
        self
    }

    /// Says whether a pooler such as `PgBouncer` gives each transaction another connection
    /// (`pool_mode = transaction`). The default is `false`.
    ///
    /// The store then prepares no statement for later, begins a transaction for each call, and looks for
    /// edits of other processes instead of listening for them. Each call costs more round trips. A pooler
    /// that gives each session its own connection (`pool_mode = session`) needs no setting.
    pub fn transaction_pooler(mut self, is_there: bool) -> Self {
        self.is_pooled = is_there;
        self
    }

    /// Keeps the first error.
    fn kept(&mut self, span: Result<Duration, Error>, default: Duration) -> Duration {
        span.unwrap_or_else(|error| {
            self.error.get_or_insert(error);
            default
        })
    }

    async fn run(mut self) -> Result<PostgresStore, Error> {
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
        let schema = self.schema.as_deref().map(checked_schema).transpose()?;
        match self.location.clone() {
            Location::Address(url) => {
                let address = Address::read(&url)?;
                let is_pooled = self.is_pooled || address.is_pooled;
                let schema = schema.or(address.schema);
                let connect = connect_options(address.options, is_pooled);
                let way = Way::Server(&connect);
                let prepared = self.prepare(way, &address.place, schema, prefix, is_pooled);
                let prepared = prepared.await?;
                let pools =
                    |lock| Pools::of_server(&connect, self.pool, self.bounds, is_pooled, lock);
                Ok(self.store(&pools, prepared, address.place, is_pooled))
            }
            Location::Pool(pool) => {
                let options = pool.connect_options();
                let place = format!(
                    "{}:{}/{}",
                    options.get_host(),
                    options.get_port(),
                    options.get_database().unwrap_or_default()
                );
                let way = Way::Pool(&pool);
                let prepared = self.prepare(way, &place, schema, prefix, self.is_pooled);
                let prepared = prepared.await?;
                let pools =
                    |lock| Pools::of_application(pool.clone(), self.bounds, self.is_pooled, lock);
                Ok(self.store(&pools, prepared, place, self.is_pooled))
            }
        }
    }

    async fn prepare(
        &self,
        way: Way<'_>,
        place: &str,
        schema: Option<String>,
        prefix: Prefix,
        is_pooled: bool,
    ) -> Result<Prepared, Error> {
        let preparation = Preparation {
            way,
            place,
            schema,
            prefix,
            is_pooled,
            patience: self.opening,
        };
        Box::pin(preparation.run()).await
    }

    fn store(
        &self,
        pools: &dyn Fn(i64) -> Pools,
        Prepared { tables, may_lose }: Prepared,
        place: String,
        is_pooled: bool,
    ) -> PostgresStore {
        PostgresStore(Arc::new_cyclic(|own| Inner {
            own: own.clone(),
            pools: pools(tables.lock_key("feed")),
            tables,
            place,
            poll: self.poll,
            may_lose,
            hears: !is_pooled,
            ear: Ear::default(),
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

/// Returns the settings of the connections of the store.
fn connect_options(options: PgConnectOptions, is_pooled: bool) -> PgConnectOptions {
    let options = match options.get_application_name() {
        Some(_) => options,
        None => options.application_name("punctual"),
    };
    // PgBouncer refuses `extra_float_digits` unless it is configured to pass it over, and no column of
    // the store is a float.
    let options = options.disable_statement_logging().extra_float_digits(None);
    match is_pooled {
        true => options.statement_cache_capacity(0),
        false => options,
    }
}

impl IntoFuture for OpenPostgres {
    type Output = Result<PostgresStore, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
