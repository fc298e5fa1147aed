//! A store in a PostgreSQL database.

mod add;
mod address;
mod at;
mod batch_read;
mod batch_write;
mod batch_write_runs;
mod cancel;
mod changes;
mod claim;
mod columns;
mod due;
mod ear;
mod edit;
mod error;
mod feed;
mod ledger;
mod line;
mod list;
mod nodes;
mod open;
mod open_runs;
#[cfg(test)]
mod plans;
mod pools;
mod prepare;
mod purge;
mod read;
mod recent;
mod recount;
mod recover;
mod remove;
mod removed;
mod schema;
mod store;
mod tables;
mod values;
mod waiting;

pub use open::OpenPostgres;

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use punctual_store::Error;
use sqlx::PgConnection;

use self::at::At;
use self::ear::Ear;
use self::line::Line;
use self::pools::Pools;
use self::tables::Tables;

/// Keeps jobs and their ledger in a PostgreSQL database, which any number of processes on any number
/// of machines may share.
///
/// The store serves PostgreSQL 13 and newer. It commits a change before it answers. The setting
/// `synchronous_commit` of the server, the database or the user says how safe that is, and the store
/// leaves it as it is. Clones are the same store.
///
/// The store does not purge runs by itself. A caller of [`purge`](punctual_store::JobStore::purge)
/// says which entries it may delete. A scheduler calls it every minute. By default it purges
/// entries that are older than 90 days, and all but the newest 10,000 of a job.
///
/// ```no_run
/// # async fn open() -> Result<(), punctual_sqlx::Error> {
/// use punctual_sqlx::PostgresStore;
///
/// let store = PostgresStore::open("postgres://app:s3cret@db.example.com/app").await?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PostgresStore(Arc<Inner>);

struct Inner {
    /// The store itself, for the task that listens.
    own: Weak<Self>,
    pools: Pools,
    tables: Tables,
    /// The address without its password.
    place: String,
    poll: Duration,
    /// The reason for which a crash of the server may lose commits, if it may.
    may_lose: Option<&'static str>,
    /// False if the store looks for edits and does not listen.
    hears: bool,
    ear: Ear,
}

/// The number of times that a call is tried whose transaction gave way to another one.
const TRIES: u32 = 8;

/// Makes a call again whose transaction was rolled back in favour of another one.
macro_rules! retried {
    ($call:expr) => {{
        let mut tries = 0;
        loop {
            match $call.await {
                Err(error) if $crate::postgres::goes_on(&error, &mut tries) => {
                    $crate::postgres::give_way(tries).await;
                }
                answer => break answer,
            }
        }
    }};
}

use retried;

/// Counts a try, and returns true if another one may succeed.
fn goes_on(error: &Error, tries: &mut u32) -> bool {
    *tries += 1;
    *tries < TRIES && error::gave_way(error)
}

/// Lets other transactions end.
async fn give_way(tries: u32) {
    tokio::time::sleep(Duration::from_millis(5) * tries).await;
}

impl Inner {
    fn at<'c>(&'c self, connection: &'c mut PgConnection) -> At<'c> {
        At {
            connection,
            tables: &self.tables,
            written: 0,
        }
    }

    async fn line(&self) -> Result<Line, Error> {
        self.pools.line().await
    }

    async fn lister(&self) -> Result<Line, Error> {
        self.pools.lister().await
    }

    async fn begin(&self) -> Result<Line, Error> {
        self.pools.begin().await
    }
}

impl PostgresStore {
    /// Opens a database by an address such as `postgres://app:s3cret@db.example.com:5432/app`.
    ///
    /// The tables are made if they are missing. Any number of processes may do this at the same time.
    /// In a user, a password or a name, `@`, `/`, `:`, `?`, `#` and `%` are written as `%40`, `%2F`,
    /// `%3A`, `%3F`, `%23` and `%25`. What an address leaves out is taken from the variables of
    /// `psql`, such as `PGUSER`, and from its password file.
    ///
    /// An address may have these parameters after its `?`.
    ///
    /// | parameter | what it is for |
    /// |---|---|
    /// | `sslmode` | `disable`, `prefer` (the default), `require`, `verify-ca` or `verify-full` |
    /// | `sslrootcert`, `sslcert`, `sslkey` | files with certificates and a key |
    /// | `schema` | as [`OpenPostgres::schema`] |
    /// | `pgbouncer` | `true` as [`OpenPostgres::transaction_pooler`] |
    /// | `host`, `hostaddr`, `port`, `user`, `password`, `dbname` | parts of the address, where a `host` that begins with `/` is the folder of a socket |
    /// | `application_name`, `options` | settings of a session |
    ///
    /// ```no_run
    /// # async fn open() -> Result<(), punctual_sqlx::Error> {
    /// use punctual_sqlx::PostgresStore;
    ///
    /// let store = PostgresStore::open("postgres://app:s3cret@db.example.com/app?sslmode=verify-full")
    ///     .schema("jobs")
    ///     .prefix("billing_")
    ///     .pool_size(8)
    ///     .poll_interval("5s")
    ///     .await?;
    /// # let _ = store;
    /// # Ok(())
    /// # }
    /// ```
    pub fn open(url: impl Into<String>) -> OpenPostgres {
        OpenPostgres::address(url.into())
    }

    /// Opens the store in a pool of the application.
    ///
    /// The store leaves the settings of its connections as they are, and sets limits for its own
    /// transactions only. A connection beside the pool listens for edits of other processes. The pool
    /// needs one connection free now and then, and a few of them if much is to run.
    ///
    /// ```no_run
    /// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
    /// use punctual_sqlx::PostgresStore;
    /// use punctual_sqlx::sqlx::postgres::PgPool;
    ///
    /// let pool = PgPool::connect("postgres://app:s3cret@db.example.com/app").await?;
    /// let store = PostgresStore::open_in(pool).schema("jobs").await?;
    /// # let _ = store;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "with-sqlx-0_9")]
    #[cfg_attr(docsrs, doc(cfg(feature = "with-sqlx-0_9")))]
    pub fn open_in(pool: sqlx::postgres::PgPool) -> OpenPostgres {
        OpenPostgres::pool(pool)
    }

    /// Closes the connections after the calls under way have finished, or after five seconds.
    ///
    /// Later calls fail and say so. A pool of the application is closed too.
    pub async fn close(&self) {
        self.0.ear.stop();
        self.0.pools.close().await;
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("place", &self.0.place)
            .field("schema", &self.0.tables.schema())
            .field("prefix", self.0.tables.prefix())
            .finish_non_exhaustive()
    }
}
