//! A store in a MariaDB or MySQL database.

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
mod edit;
mod error;
mod feed;
mod ledger;
mod line;
mod list;
mod nodes;
mod open;
mod open_runs;
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
mod turns;
mod values;
mod waiting;

pub use open::OpenMysql;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use punctual_store::Error;
use tokio::sync::watch;

use self::at::{At, Taken};
use self::line::Line;
use self::pools::Pools;
use self::tables::Tables;

/// Keeps jobs and their ledger in a MariaDB or MySQL database, which any number of processes on any number
/// of machines may share.
///
/// MariaDB 10.6, MySQL 8.0.19 and newer are served. It was tested on MariaDB 10.11, and is written for MySQL
/// without a test. A change is committed before it is answered. How safe that is says the setting
/// `innodb_flush_log_at_trx_commit` of the server. Clones are the same store. Of a Galera cluster, all
/// processes have to use the same server.
///
/// The store does not purge runs by itself. A caller of [`purge`](punctual_store::JobStore::purge)
/// says which entries it may delete. A scheduler calls it every minute. By default it purges
/// entries that are older than 90 days, and all but the newest 10,000 of a job.
///
/// ```no_run
/// # async fn open() -> Result<(), punctual_sqlx::Error> {
/// use punctual_sqlx::MysqlStore;
///
/// let store = MysqlStore::open("mysql://app:s3cret@db.example.com/app").await?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MysqlStore(Arc<Inner>);

struct Inner {
    pools: Pools,
    tables: Tables,
    /// The address without its password.
    place: String,
    /// The reason for which a crash of the server may lose commits, if it may.
    may_lose: Option<&'static str>,
    poll: Duration,
    /// The most bytes that one text of statements should have.
    room: usize,
    /// Wakes the callers of this process that wait for edits.
    edited: watch::Sender<()>,
}

/// Makes a call again whose transaction was rolled back in favour of another one.
macro_rules! retried {
    ($call:expr) => {{
        let mut tries = 0;
        loop {
            match $call.await {
                Err(error) if $crate::mysql::goes_on(&error, &mut tries) => {
                    $crate::mysql::give_way(tries).await;
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
    *tries < error::tries(error)
}

/// Lets other transactions end.
async fn give_way(tries: u32) {
    tokio::time::sleep(Duration::from_millis(5) * tries).await;
}

impl Inner {
    fn at<'c>(&'c self, line: &'c mut Line) -> At<'c> {
        At {
            line,
            tables: &self.tables,
            room: self.room,
            taken: Taken::default(),
        }
    }

    async fn line(&self) -> Result<Line, Error> {
        self.pools.line().await
    }

    async fn lister(&self) -> Result<Line, Error> {
        self.pools.lister().await
    }

    /// Returns a connection on which the next statement begins a transaction.
    async fn begin(&self) -> Result<Line, Error> {
        let mut line = self.line().await?;
        line.begin();
        Ok(line)
    }
}

impl MysqlStore {
    /// Opens a database by an address such as `mysql://app:s3cret@db.example.com:3306/app`.
    ///
    /// `mariadb://` is the same. The tables are made if they are missing. Any number of processes may do
    /// this at the same time. In a user, a password or a name, `@`, `/`, `:`, `?`, `#` and `%` are written as
    /// `%40`, `%2F`, `%3A`, `%3F`, `%23` and `%25`.
    ///
    /// An address may have these parameters after its `?`.
    ///
    /// | parameter | what it is for |
    /// |---|---|
    /// | `ssl-mode` | `DISABLED`, `PREFERRED` (the default), `REQUIRED`, `VERIFY_CA` or `VERIFY_IDENTITY` |
    /// | `ssl-ca`, `ssl-cert`, `ssl-key` | files with certificates and a key |
    /// | `socket` | the path of a socket |
    ///
    /// ```no_run
    /// # async fn open() -> Result<(), punctual_sqlx::Error> {
    /// use punctual_sqlx::MysqlStore;
    ///
    /// let store = MysqlStore::open("mysql://app:s3cret@db.example.com/app?ssl-mode=VERIFY_CA")
    ///     .prefix("billing_")
    ///     .pool_size(8)
    ///     .poll_interval("250ms")
    ///     .await?;
    /// # let _ = store;
    /// # Ok(())
    /// # }
    /// ```
    pub fn open(url: impl Into<String>) -> OpenMysql {
        OpenMysql::address(url.into())
    }

    /// Opens the store in a pool of the application.
    ///
    /// The settings of its connections are left as they are. They need utf8mb4, a strict `sql_mode` and
    /// `autocommit`. The pool needs one connection free now and then, and a few of them
    /// if much is to run.
    ///
    /// ```no_run
    /// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
    /// use punctual_sqlx::MysqlStore;
    /// use punctual_sqlx::sqlx::mysql::MySqlPool;
    ///
    /// let pool = MySqlPool::connect("mysql://app:s3cret@db.example.com/app").await?;
    /// let store = MysqlStore::open_in(pool).prefix("billing_").await?;
    /// # let _ = store;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "with-sqlx-0_9")]
    #[cfg_attr(docsrs, doc(cfg(feature = "with-sqlx-0_9")))]
    pub fn open_in(pool: sqlx::mysql::MySqlPool) -> OpenMysql {
        OpenMysql::pool(pool)
    }

    /// Closes the connections after the calls under way have finished, or after five seconds.
    ///
    /// Later calls fail and say so. A pool of the application is closed too.
    pub async fn close(&self) {
        self.0.pools.close().await;
    }
}

impl fmt::Debug for MysqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MysqlStore")
            .field("place", &self.0.place)
            .field("database", &self.0.tables.database())
            .field("prefix", self.0.tables.prefix())
            .finish_non_exhaustive()
    }
}
