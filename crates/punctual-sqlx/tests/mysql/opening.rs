//! Stores that cannot be opened. The message names the fix and not the password, and nothing is
//! changed.

use std::time::Duration;

use punctual_sqlx::{Error, ErrorKind, MysqlStore, OpenMysql};
use punctual_store::{JobFilter, JobStore};
use sqlx::mysql::{MySqlConnection, MySqlPool, MySqlPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions};

use crate::fake::{error, greeting};
use crate::fixture::{add, advance, at, due, job, node, renew, request};
use crate::folder::Folder;

/// Opens a connection that does not belong to the store, in the database of a name.
pub(crate) async fn connect(folder: &Folder, name: &str) -> MySqlConnection {
    let options: sqlx::mysql::MySqlConnectOptions = folder.url(name).parse().unwrap();
    options.connect().await.unwrap()
}

/// Executes a statement, which may cut a text as other servers do.
pub(crate) async fn run(connection: &mut MySqlConnection, statement: &str) {
    let cut = "trim(TRAILING '?' FROM trigger_json)";
    let statement = statement.replace("rtrim(trigger_json, '?')", cut);
    let statement = AssertSqlSafe(statement);
    sqlx::raw_sql(statement).execute(connection).await.unwrap();
}

async fn refused(options: OpenMysql) -> Error {
    options.await.unwrap_err()
}

#[track_caller]
fn says(error: &Error, kind: ErrorKind, parts: &[&str]) {
    let text = format!("{error:?}");
    assert_eq!(error.kind(), kind, "{text}");
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    assert!(!text.contains("s3cret"), "the password is in: {text}");
}

/// Returns an address of the server for another user and another database.
fn url(folder: &Folder, user: &str, rest: &str) -> String {
    let (host, port) = folder.server();
    format!("mysql://{user}@{host}:{port}/{rest}")
}

/// A user of the server, with the password `s3cret`. It is dropped after the test.
struct User<'a> {
    folder: &'a Folder,
    name: String,
}

impl<'a> User<'a> {
    /// Makes a user who has some rights on the database of a name.
    async fn with(folder: &'a Folder, database: &str, rights: &str, demand: &str) -> Self {
        static USERS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = USERS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("punctual_{}_{number}", std::process::id());
        let mut root = connect(folder, database).await;
        let make = format!("CREATE USER '{name}'@'%' IDENTIFIED BY 's3cret' {demand}");
        run(&mut root, &make).await;
        let local = make.replace("'%'", "'localhost'");
        run(&mut root, &local).await;
        if !rights.is_empty() {
            let database = folder.url(database);
            let (_, database) = database.rsplit_once('/').unwrap();
            for host in ["%", "localhost"] {
                let grant = format!("GRANT {rights} ON {database}.* TO '{name}'@'{host}'");
                run(&mut root, &grant).await;
            }
        }
        Self { folder, name }
    }

    fn url(&self, password: &str, database: &str) -> String {
        let database = self.folder.url(database);
        let (_, database) = database.rsplit_once('/').unwrap();
        url(self.folder, &format!("{}:{password}", self.name), database)
    }

    async fn drop(self) {
        let mut root = connect(self.folder, "jobs").await;
        for host in ["%", "localhost"] {
            run(&mut root, &format!("DROP USER '{}'@'{host}'", self.name)).await;
        }
    }
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named() {
    let folder = Folder::new();
    let user = folder.options().get_username().to_owned();
    let error = refused(MysqlStore::open(url(&folder, &user, "no_such_database"))).await;
    says(
        &error,
        ErrorKind::Invalid,
        &["no_such_database", "CREATE DATABASE"],
    );
}

#[tokio::test]
async fn a_wrong_password_is_told_without_it() {
    let folder = Folder::new();
    let user = User::with(&folder, "jobs", "ALL", "").await;
    let error = refused(MysqlStore::open(user.url("no-s3cret", "jobs"))).await;
    let right = MysqlStore::open(user.url("s3cret", "jobs")).await;
    user.drop().await;
    says(&error, ErrorKind::Denied, &["the password", "%40"]);
    assert!(right.is_ok(), "{right:?}");
}

#[tokio::test]
async fn a_user_without_rights_is_told_which_it_needs() {
    let folder = Folder::new();
    let stranger = User::with(&folder, "jobs", "", "").await;
    let reader = User::with(&folder, "jobs", "SELECT", "").await;
    let no_database = refused(MysqlStore::open(stranger.url("s3cret", "jobs"))).await;
    let no_tables = refused(MysqlStore::open(reader.url("s3cret", "jobs"))).await;
    stranger.drop().await;
    reader.drop().await;
    says(&no_database, ErrorKind::Denied, &["GRANT ALL"]);
    says(&no_tables, ErrorKind::Denied, &["CREATE", "DELETE"]);
}

#[tokio::test]
async fn a_user_who_may_make_no_tables_opens_tables_that_are_there() {
    let folder = Folder::new();
    folder.open("jobs").await.close().await;
    let rights = "SELECT, INSERT, UPDATE, DELETE";
    let user = User::with(&folder, "jobs", rights, "").await;
    let store = MysqlStore::open(user.url("s3cret", "jobs")).await;
    let store = store.unwrap();
    works(store.clone()).await;
    store.close().await;
    user.drop().await;
}

#[tokio::test]
async fn a_server_without_tls_is_told_of() {
    let folder = Folder::new();
    let mut root = connect(&folder, "jobs").await;
    let has: String = sqlx::query_scalar("SELECT CAST(@@have_ssl AS CHAR)")
        .fetch_one(&mut root)
        .await
        .unwrap();
    let url = folder.url("jobs") + "?ssl-mode=REQUIRED";
    let opened = MysqlStore::open(url).await;
    if has == "YES" {
        assert!(opened.is_ok(), "{opened:?}");
        return;
    }
    let error = opened.unwrap_err();
    says(&error, ErrorKind::Denied, &["TLS", "ssl-mode=PREFERRED"]);
}

#[tokio::test]
async fn a_server_that_demands_tls_is_told_of() {
    let folder = Folder::new();
    let user = User::with(&folder, "jobs", "ALL", "REQUIRE SSL").await;
    let url = user.url("s3cret", "jobs") + "?ssl-mode=DISABLED";
    let error = refused(MysqlStore::open(url)).await;
    user.drop().await;
    says(&error, ErrorKind::Denied, &["ssl-mode=REQUIRED"]);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_of() {
    // Port 1 takes no connections.
    let error = refused(MysqlStore::open("mysql://app:s3cret@127.0.0.1:1/jobs")).await;
    says(
        &error,
        ErrorKind::Unavailable,
        &["cannot be reached", "127.0.0.1:1"],
    );
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for_for_ever() {
    let address = greeting(Vec::new()).await;
    let opening = MysqlStore::open(format!("mysql://app:s3cret@{address}/jobs"));
    let error = refused(opening.opening_timeout(Duration::from_millis(200))).await;
    says(
        &error,
        ErrorKind::Unavailable,
        &["no answer", "opening_timeout"],
    );
}

#[tokio::test]
async fn a_server_that_takes_no_connection_is_told_of() {
    for (number, text, kind, parts) in [
        (
            1040,
            "Too many connections",
            ErrorKind::Unavailable,
            ["max_connections", "pool_size"],
        ),
        (
            1053,
            "Server shutdown in progress",
            ErrorKind::Unavailable,
            ["is stopping", "later"],
        ),
        (
            1130,
            "Host '10.0.0.1' is not allowed to connect",
            ErrorKind::Denied,
            ["does not admit this host", "'app'@'%'"],
        ),
    ] {
        let address = greeting(error(number, text)).await;
        let opening = MysqlStore::open(format!("mysql://app:s3cret@{address}/jobs"));
        let error = refused(opening.opening_timeout(Duration::from_millis(200))).await;
        says(&error, kind, &parts);
    }
}

#[tokio::test]
async fn tables_of_a_newer_version_are_refused() {
    let folder = Folder::new();
    folder.open("jobs").await.close().await;
    let mut other = connect(&folder, "jobs").await;
    let newer = "INSERT INTO punctual_schema VALUES (99, 'punctual 9.0.0', 0)";
    run(&mut other, newer).await;
    let error = refused(folder.opening("jobs")).await;
    says(&error, ErrorKind::Incompatible, &["newer", "form 99"]);
}

#[tokio::test]
async fn tables_of_other_programs_are_refused() {
    let folder = Folder::new();
    folder.open("jobs").await.close().await;
    let mut other = connect(&folder, "jobs").await;
    let renamed = "ALTER TABLE punctual_runs RENAME COLUMN turn TO turned";
    run(&mut other, renamed).await;
    let error = refused(folder.opening("jobs")).await;
    says(
        &error,
        ErrorKind::Incompatible,
        &["punctual_runs", "`turn`"],
    );
    run(&mut other, "DROP TABLE punctual_schema").await;
    let error = refused(folder.opening("jobs")).await;
    says(
        &error,
        ErrorKind::Incompatible,
        &["was not made by Punctual", "prefix"],
    );
}

#[tokio::test]
async fn a_prefix_that_is_no_word_is_refused() {
    let error = refused(MysqlStore::open("mysql://db/x").prefix("a b")).await;
    says(&error, ErrorKind::Invalid, &["prefix"]);
}

/// All calls of a scheduler get their turn on one connection.
async fn works(store: MysqlStore) {
    let stored = add(&store, job("a")).await.unwrap();
    let lease = node(&store, "one").await;
    let claims = request(&lease, vec![advance(&stored, at(10))], vec![]);
    let (claimed, listed, soon, renewed) = futures::join!(
        store.claim(&claims),
        store.list(JobFilter::default()),
        due(&store, at(60)),
        renew(&store, &lease, at(10)),
    );
    assert_eq!(claimed.unwrap().answers.len(), 1);
    assert_eq!(listed.unwrap().jobs.len(), 1);
    assert_eq!(soon.jobs.len(), 1);
    assert_eq!(renewed.beats.len(), 1);
    let (cleared, left) = futures::join!(store.clear(at(10)), store.leave(lease));
    assert_eq!(cleared.unwrap(), 1);
    left.unwrap();
}

#[tokio::test]
async fn one_connection_is_enough() {
    let folder = Folder::new();
    works(folder.opening("jobs").pool_size(0).await.unwrap()).await;
}

#[tokio::test]
async fn one_connection_of_the_application_is_enough() {
    let folder = Folder::new();
    let pool = MySqlPoolOptions::new().max_connections(1);
    let pool: MySqlPool = pool.connect(&folder.url("jobs")).await.unwrap();
    works(MysqlStore::open_in(pool.clone()).await.unwrap()).await;
    pool.close().await;
    let error = refused(MysqlStore::open_in(pool)).await;
    says(&error, ErrorKind::Invalid, &["pool", "open"]);
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let folder = Folder::new();
    let store = folder.open("jobs").await;
    store.close().await;
    let error = store.list(JobFilter::default()).await.unwrap_err();
    assert_eq!(error.kind(), punctual_store::ErrorKind::Gone, "{error}");
}

#[tokio::test]
async fn stores_of_one_database_are_told_apart_by_their_prefix() {
    let folder = Folder::new();
    let one = folder.opening("jobs").prefix("One_").await.unwrap();
    let two = folder.opening("jobs").prefix("two_").await.unwrap();
    add(&one, job("a")).await.unwrap();
    assert_eq!(two.list(JobFilter::default()).await.unwrap().jobs.len(), 0);
    let again = folder.opening("jobs").prefix("One_").await.unwrap();
    let jobs = again.list(JobFilter::default()).await.unwrap().jobs;
    assert_eq!(jobs.len(), 1);
}

#[tokio::test]
async fn a_server_that_may_lose_commits_says_so() {
    let folder = Folder::new();
    let mut root = connect(&folder, "jobs").await;
    let level: i64 =
        sqlx::query_scalar("SELECT CAST(@@GLOBAL.innodb_flush_log_at_trx_commit AS SIGNED)")
            .fetch_one(&mut root)
            .await
            .unwrap();
    let may_lose = folder.open("jobs").await.capabilities().may_lose;
    assert_eq!(may_lose.is_some(), level != 1, "{may_lose:?}");
}
