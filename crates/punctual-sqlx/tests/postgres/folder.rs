//! Schemas for the stores of a test, which are dropped after it. This file has the name of the folder for
//! the SQLite store, because some tests are the same for both stores.

use std::future::Future;
use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use punctual_sqlx::{OpenPostgres, PostgresStore};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

/// The store of these tests.
pub(crate) type Store = PostgresStore;
pub(crate) type Opening = OpenPostgres;

/// The round trips of a claim that ends runs. The first reads the rows and takes numbers. The second
/// locks, compares and writes.
pub(crate) const CLAIM: u32 = 2;

/// A rare character that the store keeps. It does not keep NUL.
pub(crate) const NUL: &str = "\u{1}";

/// The ways to damage a row that only this store has.
pub(crate) const OWN_DAMAGE: &[(&str, &str, &str)] = &[];

/// The variable with the address of the server.
const VARIABLE: &str = "SERVER_TESTS_POSTGRES";
const DEFAULT: &str = "postgres://postgres@127.0.0.1:5432/test";

/// Commits need not wait for the disk, since no test lets the server crash.
const SETTINGS: &str = "options=-c%20synchronous_commit%3Doff";

pub(crate) struct Folder {
    url: String,
    /// What the names of the schemas of this test begin with.
    own: String,
    next: AtomicU32,
}

impl Folder {
    /// Returns schemas on the server.
    ///
    /// Without a server this program ends and says so. Where `SERVER_TESTS` is `required`, the test
    /// fails.
    pub(crate) fn new() -> Self {
        static TESTS: AtomicU32 = AtomicU32::new(0);
        let test = TESTS.fetch_add(1, Ordering::Relaxed);
        let own = format!("test_{}_{test}_", std::process::id());
        let url = std::env::var(VARIABLE).unwrap_or_else(|_| DEFAULT.to_owned());
        let join = if url.contains('?') { '&' } else { '?' };
        let folder = Self {
            url: format!("{url}{join}application_name={own}&{SETTINGS}"),
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

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn options(&self) -> PgConnectOptions {
        self.url.parse().unwrap()
    }

    /// Returns the name of the schema that belongs to a name.
    pub(crate) fn schema(&self, name: &str) -> String {
        self.own.clone() + &name.replace(['.', '-'], "_")
    }

    pub(crate) fn server(&self) -> (String, u16) {
        let options = self.options();
        (options.get_host().to_owned(), options.get_port())
    }

    /// Opens a store by way of another port of this machine.
    pub(crate) fn opening_at(&self, near: u16, name: &str) -> OpenPostgres {
        let (_, port) = self.server();
        let url = self.url.replace(&format!(":{port}/"), &format!(":{near}/"));
        PostgresStore::open(format!("{url}&sslmode=disable")).schema(self.schema(name))
    }

    pub(crate) fn opening(&self, name: &str) -> OpenPostgres {
        PostgresStore::open(&self.url)
            .schema(self.schema(name))
            .pool_size(3)
    }

    pub(crate) async fn open(&self, name: &str) -> PostgresStore {
        self.opening(name).await.unwrap()
    }

    /// Opens a store in a schema of its own.
    pub(crate) async fn fresh(&self) -> PostgresStore {
        self.open(&self.name()).await
    }

    /// Opens two stores in one schema of their own.
    pub(crate) async fn two(&self) -> (PostgresStore, PostgresStore) {
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
        "there has to be a PostgreSQL server here: {error}"
    );
    // Not `eprintln!`, which the test harness keeps to itself.
    let told = "NOT RUN: the tests of the PostgreSQL store, since there is no server";
    let told = format!("\n{told} ({VARIABLE}): {error}\n");
    std::io::stderr().write_all(told.as_bytes()).unwrap();
    std::process::exit(0);
}

/// Ends the connections of a test. The runtime of the test stands still by then, so they would keep
/// their locks.
const END: &str =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1";

const LEFT: &str = "SELECT nspname::text FROM pg_namespace WHERE starts_with(nspname::text, $1)";

impl Drop for Folder {
    fn drop(&mut self) {
        let (options, own) = (
            self.options().application_name("cleaning"),
            self.own.clone(),
        );
        let cleaned = elsewhere(async move {
            let mut connection = options.connect().await?;
            sqlx::query(END).bind(&own).execute(&mut connection).await?;
            let left: Vec<String> = sqlx::query_scalar(LEFT)
                .bind(&own)
                .fetch_all(&mut connection)
                .await?;
            for schema in left {
                let drop = format!("DROP SCHEMA IF EXISTS {schema} CASCADE");
                let quiet = "SET client_min_messages = error; SET lock_timeout = 20000";
                let all = AssertSqlSafe(format!("{quiet}; {drop}"));
                sqlx::raw_sql(all).execute(&mut connection).await?;
            }
            connection.close().await
        });
        if !thread::panicking() {
            cleaned.unwrap();
        }
    }
}
