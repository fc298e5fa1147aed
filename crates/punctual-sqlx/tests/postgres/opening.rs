//! Stores that cannot be opened. The message names the fix and not the password, and nothing is
//! changed.

use std::time::Duration;

use punctual_sqlx::{Error, ErrorKind, OpenPostgres, PostgresStore};
use punctual_store::{JobFilter, JobStore};
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection};

use crate::fake::{answering, error, password};
use crate::fixture::{add, advance, at, due, job, node, renew, request};
use crate::folder::Folder;

/// Opens a connection that does not belong to the store, in the schema of a name.
pub(crate) async fn connect(folder: &Folder, name: &str) -> PgConnection {
    let mut connection = folder.options().connect().await.unwrap();
    let schema = folder.schema(name);
    let path = AssertSqlSafe(format!("SET search_path = {schema}"));
    sqlx::raw_sql(path).execute(&mut connection).await.unwrap();
    connection
}

pub(crate) async fn run(connection: &mut PgConnection, statement: &'static str) {
    sqlx::raw_sql(statement).execute(connection).await.unwrap();
}

async fn refused(options: OpenPostgres) -> Error {
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

/// Returns an address of the server with another part after the host.
fn url(folder: &Folder, user: &str, rest: &str) -> String {
    let options = folder.options();
    let (host, port) = (options.get_host(), options.get_port());
    format!("postgres://{user}@{host}:{port}/{rest}")
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named() {
    let folder = Folder::new();
    let user = folder.options().get_username().to_owned();
    let error = refused(PostgresStore::open(url(&folder, &user, "no_such_database"))).await;
    says(
        &error,
        ErrorKind::Invalid,
        &["no_such_database", "CREATE DATABASE"],
    );
}

#[tokio::test]
async fn a_wrong_password_is_told_without_it() {
    let refusal = error("28P01", "password authentication failed for user \"app\"");
    let address = answering(vec![password(), refusal]).await;
    let url = format!("postgres://app:s3cret@{address}/jobs?sslmode=disable");
    let error = refused(PostgresStore::open(url)).await;
    says(&error, ErrorKind::Denied, &["refuses the password", "%40"]);
}

#[tokio::test]
async fn a_server_without_tls_is_told_of() {
    let address = answering(vec![b"N".to_vec()]).await;
    let url = format!("postgres://app:s3cret@{address}/jobs?sslmode=require");
    let error = refused(PostgresStore::open(url)).await;
    says(&error, ErrorKind::Denied, &["TLS", "sslmode=prefer"]);
}

#[tokio::test]
async fn a_server_that_asks_for_tls_is_told_of() {
    let refusal = error("28000", "no pg_hba.conf entry for host, no encryption");
    let address = answering(vec![refusal]).await;
    let url = format!("postgres://app:s3cret@{address}/jobs?sslmode=disable");
    let error = refused(PostgresStore::open(url)).await;
    says(
        &error,
        ErrorKind::Denied,
        &["sslmode=require", "pg_hba.conf"],
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_of() {
    // Port 1 takes no connections.
    let error = refused(PostgresStore::open(
        "postgres://app:s3cret@127.0.0.1:1/jobs",
    ))
    .await;
    says(
        &error,
        ErrorKind::Unavailable,
        &["cannot be reached", "127.0.0.1:1"],
    );
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for_for_ever() {
    let address = answering(vec![Vec::new()]).await;
    let url = format!("postgres://app:s3cret@{address}/jobs");
    let opening = PostgresStore::open(url).opening_timeout(Duration::from_millis(200));
    let error = refused(opening).await;
    says(
        &error,
        ErrorKind::Unavailable,
        &["no answer", "opening_timeout"],
    );
}

#[tokio::test]
async fn a_server_that_starts_is_waited_for() {
    let refusal = error("57P03", "the database system is starting up");
    let address = answering(vec![refusal]).await;
    let url = format!("postgres://app:s3cret@{address}/jobs?sslmode=disable");
    let opening = PostgresStore::open(url).opening_timeout(Duration::from_millis(200));
    let error = refused(opening).await;
    says(&error, ErrorKind::Unavailable, &["starting or stopping"]);
}

#[tokio::test]
async fn a_pooler_that_refuses_settings_is_told_of() {
    let refusal = error("08P01", "unsupported startup parameter: extra_float_digits");
    let address = answering(vec![refusal]).await;
    let url = format!("postgres://app:s3cret@{address}/jobs?sslmode=disable");
    let error = refused(PostgresStore::open(url)).await;
    says(
        &error,
        ErrorKind::Invalid,
        &["pgbouncer=true", "ignore_startup_parameters"],
    );
}

#[tokio::test]
async fn a_user_without_rights_is_told_which_it_needs() {
    let folder = Folder::new();
    folder.open("jobs").await;
    let role = folder.schema("role");
    let mut other = connect(&folder, "jobs").await;
    let make = AssertSqlSafe(format!("CREATE ROLE {role} LOGIN"));
    sqlx::raw_sql(make).execute(&mut other).await.unwrap();
    let database = folder.options().get_database().unwrap_or("test").to_owned();
    let opening = PostgresStore::open(url(&folder, &role, &database));
    let error = refused(opening.schema(folder.schema("new"))).await;
    let drop = AssertSqlSafe(format!("DROP ROLE {role}"));
    sqlx::raw_sql(drop).execute(&mut other).await.unwrap();
    says(
        &error,
        ErrorKind::Denied,
        &["CREATE", "OpenPostgres::schema"],
    );
}

#[tokio::test]
async fn a_read_only_database_is_refused() {
    let folder = Folder::new();
    let read_only = folder.url().replace(
        "synchronous_commit%3Doff",
        "default_transaction_read_only%3Don",
    );
    let error = refused(PostgresStore::open(read_only)).await;
    says(&error, ErrorKind::Denied, &["read-only", "primary"]);
}

#[tokio::test]
async fn a_server_that_may_lose_commits_says_so() {
    let folder = Folder::new();
    let lax = folder.open("jobs").await.capabilities().may_lose;
    assert!(lax.is_some_and(|reason| reason.contains("synchronous_commit")));
    let safe = folder.url().replace("commit%3Doff", "commit%3Don");
    let store = PostgresStore::open(safe)
        .schema(folder.schema("jobs"))
        .await;
    assert_eq!(store.unwrap().capabilities().may_lose, None);
}

#[tokio::test]
async fn tables_of_a_newer_version_are_refused() {
    let folder = Folder::new();
    folder.open("jobs").await.close().await;
    let mut other = connect(&folder, "jobs").await;
    run(
        &mut other,
        "INSERT INTO punctual_schema VALUES (99, 'punctual 9.0.0', 0)",
    )
    .await;
    let error = refused(folder.opening("jobs")).await;
    says(&error, ErrorKind::Incompatible, &["newer", "form 99"]);
}

#[tokio::test]
async fn tables_of_other_programs_are_refused() {
    let folder = Folder::new();
    folder.open("jobs").await.close().await;
    let mut other = connect(&folder, "jobs").await;
    run(
        &mut other,
        "ALTER TABLE punctual_runs RENAME COLUMN change TO changed",
    )
    .await;
    let error = refused(folder.opening("jobs")).await;
    says(
        &error,
        ErrorKind::Incompatible,
        &["punctual_runs", "`change`"],
    );
    run(&mut other, "DROP TABLE punctual_schema").await;
    let error = refused(folder.opening("jobs")).await;
    says(
        &error,
        ErrorKind::Incompatible,
        &["was not made by Punctual"],
    );
}

#[tokio::test]
async fn a_schema_or_a_prefix_that_is_no_word_is_refused() {
    for schema in ["", "a-b", "9a", "pg_own", "x;--"] {
        let error = refused(PostgresStore::open("postgres://db/x").schema(schema)).await;
        says(&error, ErrorKind::Invalid, &["schema"]);
    }
    let error = refused(PostgresStore::open("postgres://db/x").prefix("a b")).await;
    says(&error, ErrorKind::Invalid, &["prefix"]);
}

/// All calls of a scheduler get their turn on one connection.
async fn works(store: PostgresStore) {
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
    let pool = PgPoolOptions::new().max_connections(1);
    let pool: PgPool = pool.connect_with(folder.options()).await.unwrap();
    let store = PostgresStore::open_in(pool.clone()).schema(folder.schema("jobs"));
    works(store.await.unwrap()).await;
    pool.close().await;
    let error = refused(PostgresStore::open_in(pool)).await;
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
async fn stores_of_one_schema_are_told_apart_by_their_prefix() {
    let folder = Folder::new();
    let one = folder.opening("jobs").prefix("One_").await.unwrap();
    let two = folder.opening("jobs").prefix("two_").await.unwrap();
    add(&one, job("a")).await.unwrap();
    assert_eq!(two.list(JobFilter::default()).await.unwrap().jobs.len(), 0);
    let again = folder.opening("jobs").prefix("One_").await.unwrap();
    assert_eq!(
        again.list(JobFilter::default()).await.unwrap().jobs.len(),
        1
    );
}
