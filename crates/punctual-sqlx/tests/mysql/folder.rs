//! Prefixes for the stores of a test, whose tables are dropped after it. The name is that of the folder in
//! which the SQLite store is tested, because some tests are the same.

use std::future::Future;
use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use punctual_sqlx::{MysqlStore, OpenMysql};
use sqlx::mysql::MySqlConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};

/// The store of these tests.
pub(crate) type Store = MysqlStore;
pub(crate) type Opening = OpenMysql;

/// The round trips of a claim that ends runs. The first finds the jobs of those runs, the second locks,
/// and the third writes.
pub(crate) const CLAIM: u32 = 3;

/// A text that is rare, and that the store keeps.
pub(crate) const NUL: &str = "\0";

/// What damages rows of this store only.
pub(crate) const OWN_DAMAGE: &[(&str, &str, &str)] = &[];

/// The variable with the address of the server.
const VARIABLE: &str = "SERVER_TESTS_MYSQL";
const DEFAULT: &str = "mysql://root@127.0.0.1:3306/test";

pub(crate) struct Folder {
    url: String,
    /// What the names of the databases of this test begin with.
    own: String,
    next: AtomicU32,
}

impl Folder {
    /// Returns databases on the server.
    ///
    /// Where there is no server, the tests of this program end, and say so. Where `SERVER_TESTS` is
    /// `required`, that is a failure.
    pub(crate) fn new() -> Self {
        static TESTS: AtomicU32 = AtomicU32::new(0);
        let test = TESTS.fetch_add(1, Ordering::Relaxed);
        let own = format!("punctual_test_{}_{test}_", std::process::id());
        let url = std::env::var(VARIABLE).unwrap_or_else(|_| DEFAULT.to_owned());
        let folder = Self {
            url,
            own,
            next: AtomicU32::new(0),
        };
        let options = folder.options();
        let found = elsewhere(async move { options.connect().await?.close().await });
        if let Err(error) = found {
            end_without_server(&error);
        }
        folder
    }

    pub(crate) fn options(&self) -> MySqlConnectOptions {
        self.url.parse().unwrap()
    }

    /// Returns the address of the database that belongs to a name, and makes it.
    pub(crate) fn url(&self, name: &str) -> String {
        let database = self.own.clone() + &name.replace(['.', '-'], "_");
        let make = AssertSqlSafe(format!("CREATE DATABASE IF NOT EXISTS {database}"));
        let options = self.options();
        let made = elsewhere(async move {
            let mut connection = options.connect().await?;
            sqlx::raw_sql(make).execute(&mut connection).await?;
            connection.close().await
        });
        made.unwrap();
        let (server, _) = self.url.rsplit_once('/').unwrap();
        format!("{server}/{database}")
    }

    pub(crate) fn server(&self) -> (String, u16) {
        let options = self.options();
        (options.get_host().to_owned(), options.get_port())
    }

    /// Opens a store by way of another port of this machine.
    pub(crate) fn opening_at(&self, near: u16, name: &str) -> OpenMysql {
        let (_, port) = self.server();
        let url = self.url(name);
        MysqlStore::open(url.replace(&format!(":{port}/"), &format!(":{near}/")))
    }

    pub(crate) fn opening(&self, name: &str) -> OpenMysql {
        MysqlStore::open(self.url(name)).pool_size(3)
    }

    pub(crate) async fn open(&self, name: &str) -> MysqlStore {
        self.opening(name).await.unwrap()
    }

    /// Opens a store in a database of its own.
    pub(crate) async fn fresh(&self) -> MysqlStore {
        self.open(&self.name()).await
    }

    /// Opens two stores in one database of their own.
    pub(crate) async fn two(&self) -> (MysqlStore, MysqlStore) {
        let name = self.name();
        (self.open(&name).await, self.open(&name).await)
    }

    fn name(&self) -> String {
        self.next.fetch_add(1, Ordering::Relaxed).to_string()
    }
}

/// Drives a future to its end on a thread of its own, since the thread of the test may be the only
/// one of its runtime.
fn elsewhere<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let driving = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(future)
    });
    driving.join().unwrap()
}

#[expect(clippy::exit, reason = "none of the tests can run")]
fn end_without_server(error: &sqlx::Error) {
    let is_required = std::env::var_os("SERVER_TESTS").is_some_and(|value| value == "required");
    assert!(
        !is_required,
        "there has to be a MariaDB server here: {error}"
    );
    // Not `eprintln!`, which the test harness keeps to itself.
    let told = "NOT RUN: the tests of the MariaDB store, since there is no server";
    let told = format!("\n{told} ({VARIABLE}): {error}\n");
    std::io::stderr().write_all(told.as_bytes()).unwrap();
    std::process::exit(0);
}

const LEFT: &str = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA";

impl Drop for Folder {
    fn drop(&mut self) {
        let (options, own) = (self.options(), self.own.clone());
        let cleaned = elsewhere(async move {
            let mut connection = options.connect().await?;
            // The runtime of the test stands still by now, so its connections would keep their locks.
            let open = "SELECT ID, COALESCE(DB, '') FROM information_schema.PROCESSLIST";
            for row in sqlx::raw_sql(open).fetch_all(&mut connection).await? {
                let database: String = row.try_get_unchecked(1)?;
                if database.starts_with(&own) {
                    let id: i64 = row.try_get_unchecked(0)?;
                    let end = AssertSqlSafe(format!("KILL {id}"));
                    let _ = sqlx::raw_sql(end).execute(&mut connection).await;
                }
            }
            for row in sqlx::raw_sql(LEFT).fetch_all(&mut connection).await? {
                let database: String = row.try_get_unchecked(0)?;
                if database.starts_with(&own) {
                    let drop = AssertSqlSafe(format!("DROP DATABASE IF EXISTS {database}"));
                    sqlx::raw_sql(drop).execute(&mut connection).await?;
                }
            }
            connection.close().await
        });
        if !thread::panicking() {
            cleaned.unwrap();
        }
    }
}
