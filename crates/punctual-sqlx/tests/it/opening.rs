//! Stores that cannot be opened. The message names the fix, and nothing is changed.

use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use punctual_sqlx::{Error, ErrorKind, OpenSqlite, SqliteStore};
use punctual_store::{JobFilter, JobStore};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};

use tokio::sync::Notify;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use futures::FutureExt;

use crate::fixture::{add, at, due, job};
use crate::folder::Folder;

/// Opens a connection that does not belong to the store.
pub(crate) async fn connect(folder: &Folder, name: &str) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(folder.path(name))
        .create_if_missing(true);
    options.connect().await.unwrap()
}

pub(crate) async fn run(connection: &mut SqliteConnection, statement: &'static str) {
    sqlx::raw_sql(statement).execute(connection).await.unwrap();
}

pub(crate) async fn refused(options: OpenSqlite) -> Error {
    options.await.unwrap_err()
}

#[track_caller]
pub(crate) fn says(error: &Error, kind: ErrorKind, parts: &[&str]) {
    let text = error.to_string();
    assert_eq!(error.kind(), kind, "{text}");
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    says_nothing_twice(error);
}

/// No line that `main` would print of an error repeats what stands in another.
#[track_caller]
fn says_nothing_twice(error: &Error) {
    let printed = format!("{error:?}");
    let lines: Vec<_> = printed.split("\n  caused by: ").collect();
    assert!(lines.len() <= 2, "words of ours, and of SQLite: {printed}");
    for (index, line) in lines.iter().enumerate() {
        let others = lines
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != index);
        for (_, other) in others {
            assert!(!other.contains(line), "said twice: {printed}");
        }
    }
}

#[tokio::test]
async fn a_wrong_prefix_is_refused_with_what_it_may_be() {
    let error = refused(SqliteStore::open("sqlite:x").prefix("drop table")).await;
    says(&error, ErrorKind::Invalid, &["drop table", "letters"]);
    assert_eq!(
        (error.field(), error.value()),
        (Some("prefix"), Some("drop table"))
    );
}

#[test]
fn a_store_is_opened_on_a_runtime() {
    let folder = Folder::new();
    let error = folder.options("jobs.db").into_future().now_or_never();
    let error = error.unwrap().unwrap_err();
    says(&error, ErrorKind::NoRuntime, &["tokio runtime"]);
    assert!(!folder.path("jobs.db").exists(), "nothing is made");
}

#[tokio::test]
async fn a_pool_that_is_closed_is_told_once_and_for_good() {
    let folder = Folder::new();
    let connect = SqliteConnectOptions::new()
        .filename(folder.path("app.db"))
        .create_if_missing(true);
    let pool = SqlitePool::connect_with(connect).await.unwrap();
    let store = SqliteStore::open_in(pool.clone()).await.unwrap();
    pool.close().await;
    let error = Error::from(add(&store, job("a")).await.unwrap_err());
    says(&error, ErrorKind::Io, &["was closed", "open it again"]);
    assert!(!error.is_temporary());
    let error = SqliteStore::open_in(pool).await.unwrap_err();
    says(&error, ErrorKind::Invalid, &["pool: is closed"]);
}

#[tokio::test]
async fn a_locked_file_is_waited_for_and_no_longer() {
    let folder = Folder::new();
    let soon = || {
        folder
            .options("jobs.db")
            .busy_timeout(Duration::from_millis(20))
            .opening_timeout(Duration::ZERO)
    };
    let store = soon().await.unwrap();
    let mut other = connect(&folder, "jobs.db").await;
    run(&mut other, "BEGIN EXCLUSIVE").await;
    let error = refused(soon()).await;
    let parts = ["jobs.db", "another process", "opening_timeout"];
    says(&error, ErrorKind::Unavailable, &parts);
    assert!(error.is_temporary());
    let error = add(&store, job("a")).await.unwrap_err();
    assert_eq!(error.kind(), punctual_store::ErrorKind::Unavailable);
    let told = error.to_string();
    assert!(told.contains("another process"), "{told}");
    says_nothing_twice(&error.into());
    run(&mut other, "ROLLBACK").await;
    add(&store, job("a")).await.unwrap();
}

/// Notes that an event was logged, with its fields.
#[derive(Clone, Default)]
struct Listener(Arc<Notify>, Arc<Mutex<String>>);

impl Visit for Listener {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        use std::fmt::Write;
        write!(self.1.lock().unwrap(), "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("punctual_sqlx") && *metadata.level() <= Level::WARN
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
        self.0.notify_one();
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Holds the lock on another connection until the wait for it is logged.
async fn waited_out(folder: &Folder, open: impl IntoFuture<Output = Result<SqliteStore, Error>>) {
    let mut other = connect(folder, "jobs.db").await;
    run(&mut other, "BEGIN EXCLUSIVE").await;
    let listener = Listener::default();
    let _guard = tracing::subscriber::set_default(listener.clone());
    let opened = async {
        let opened = open.await;
        listener.0.notify_one();
        opened
    };
    let released = async {
        listener.0.notified().await;
        run(&mut other, "ROLLBACK").await;
    };
    let (opened, ()) = tokio::join!(opened, released);
    add(&opened.unwrap(), job("a")).await.unwrap();
    let told = listener.1.lock().unwrap();
    for part in ["file=", "jobs.db", "patience=30s", "another process"] {
        assert!(told.contains(part), "{part} is not in: {told}");
    }
}

/// Processes that start while another one keeps a long lock do not have to be started again.
#[tokio::test]
async fn a_lock_is_waited_out_when_a_file_is_opened() {
    let folder = Folder::new();
    folder.open("jobs.db").await.close().await;
    let options = folder.options("jobs.db");
    let options = options.busy_timeout(Duration::from_millis(1));
    Box::pin(waited_out(&folder, options)).await;
}

#[tokio::test]
async fn a_lock_is_waited_out_when_a_new_file_is_opened() {
    let folder = Folder::new();
    let options = folder.options("jobs.db");
    let options = options.busy_timeout(Duration::from_millis(1));
    Box::pin(waited_out(&folder, options)).await;
}

#[tokio::test]
async fn a_lock_is_waited_out_when_a_pool_is_given() {
    let folder = Folder::new();
    let connect = SqliteConnectOptions::new()
        .filename(folder.path("jobs.db"))
        .create_if_missing(true)
        .busy_timeout(Duration::from_millis(1));
    let pool = SqlitePool::connect_with(connect).await.unwrap();
    let options = SqliteStore::open_in(pool);
    Box::pin(waited_out(&folder, options)).await;
}

/// The driver counts milliseconds in 31 bits, and panics beyond.
#[tokio::test]
async fn the_longest_time_to_wait_is_accepted() {
    let folder = Folder::new();
    let options = folder.options("jobs.db").busy_timeout(Duration::MAX);
    let store = options.opening_timeout(Duration::MAX).await.unwrap();
    add(&store, job("a")).await.unwrap();
    assert_eq!(due(&store, at(10)).await.jobs.len(), 1);
}

#[tokio::test]
async fn tables_of_a_newer_version_are_left_alone() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    add(&store, job("a")).await.unwrap();
    store.close().await;
    let mut other = connect(&folder, "jobs.db").await;
    run(
        &mut other,
        "INSERT INTO punctual_schema VALUES (99, '9.0.0', 0)",
    )
    .await;
    let error = refused(folder.options("jobs.db")).await;
    says(
        &error,
        ErrorKind::Incompatible,
        &["newer Punctual", "99", "use that version"],
    );
    run(&mut other, "DELETE FROM punctual_schema WHERE version = 99").await;
    let store = folder.open("jobs.db").await;
    let jobs = store.list(JobFilter::default()).await.unwrap().jobs;
    assert_eq!(jobs.len(), 1);
}

#[tokio::test]
async fn tables_of_others_are_left_alone() {
    let folder = Folder::new();
    let mut other = connect(&folder, "jobs.db").await;
    run(
        &mut other,
        "CREATE TABLE punctual_jobs (id TEXT, wish TEXT); \
         INSERT INTO punctual_jobs VALUES ('a', 'cake')",
    )
    .await;
    let error = refused(folder.options("jobs.db")).await;
    says(
        &error,
        ErrorKind::Incompatible,
        &["punctual_jobs", "prefix", "nothing was changed"],
    );
    let rows = sqlx::query("SELECT * FROM sqlite_master").fetch_all(&mut other);
    assert_eq!(rows.await.unwrap().len(), 1, "nothing is made");
    let wish = sqlx::query("SELECT wish FROM punctual_jobs").fetch_one(&mut other);
    assert_eq!(wish.await.unwrap().get::<&str, _>(0), "cake");
    folder.options("jobs.db").prefix("mine_").await.unwrap();
}

#[tokio::test]
async fn a_table_that_lost_a_column_is_noticed() {
    let folder = Folder::new();
    folder.open("jobs.db").await.close().await;
    let mut other = connect(&folder, "jobs.db").await;
    run(
        &mut other,
        "ALTER TABLE punctual_runs RENAME COLUMN reruns TO again",
    )
    .await;
    let error = refused(folder.options("jobs.db")).await;
    says(
        &error,
        ErrorKind::Incompatible,
        &["punctual_runs", "`reruns`"],
    );
}

#[tokio::test]
async fn a_file_that_is_not_a_database_is_left_alone() {
    let folder = Folder::new();
    let text = "Dear diary, ".repeat(1_000);
    std::fs::write(folder.path("diary.txt"), &text).unwrap();
    let error = refused(folder.options("diary.txt")).await;
    says(
        &error,
        ErrorKind::Incompatible,
        &["diary.txt", "not an SQLite database"],
    );
    assert_eq!(
        std::fs::read_to_string(folder.path("diary.txt")).unwrap(),
        text
    );
}

/// SQLite itself gives up after some milliseconds, and the store asks again.
#[tokio::test]
async fn a_lock_that_is_kept_for_a_while_is_waited_out() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let mut other = connect(&folder, "jobs.db").await;
    run(&mut other, "BEGIN IMMEDIATE").await;
    let mut adding = std::pin::pin!(add(&store, job("a")));
    let a_while = Duration::from_millis(100);
    let early = tokio::time::timeout(a_while, adding.as_mut()).await;
    assert!(early.is_err(), "it waits: {early:?}");
    run(&mut other, "ROLLBACK").await;
    adding.await.unwrap();
}

/// A process that looks while another one makes the tables does not take them for foreign ones.
#[tokio::test]
async fn tables_that_are_just_being_made_are_ours() {
    let folder = Folder::new();
    for steps in 0.. {
        let options = || {
            let options = folder.options(&format!("{steps}.db"));
            let options = options.busy_timeout(Duration::from_millis(1));
            options.opening_timeout(Duration::ZERO)
        };
        let mut slow = std::pin::pin!(options().into_future());
        for _ in 0..steps {
            if let Poll::Ready(opened) = futures::poll!(slow.as_mut()) {
                opened.unwrap();
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        // This fails while the slow process holds the lock.
        options().await.ok();
        slow.await.unwrap();
    }
}

/// The mark is that of a file from before the first release, whose tables had other columns.
#[tokio::test]
async fn tables_from_before_the_first_release_are_left_alone() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    add(&store, job("a")).await.unwrap();
    store.close().await;
    let mut other = connect(&folder, "jobs.db").await;
    run(
        &mut other,
        "ALTER TABLE punctual_jobs DROP COLUMN token; \
         UPDATE punctual_schema SET made_by = '0.1.0'; \
         INSERT INTO punctual_schema VALUES (2, '0.1.0', 0)",
    )
    .await;
    let error = refused(folder.options("jobs.db")).await;
    let parts = [
        "jobs.db",
        "0.1.0",
        "move the file away",
        "nothing was changed",
    ];
    says(&error, ErrorKind::Incompatible, &parts);
    let jobs = sqlx::query("SELECT id FROM punctual_jobs").fetch_all(&mut other);
    assert_eq!(jobs.await.unwrap().len(), 1);
}

#[tokio::test]
async fn stores_of_two_prefixes_share_a_file() {
    let folder = Folder::new();
    let one = folder.options("jobs.db").prefix("one_").await.unwrap();
    let two = folder.options("jobs.db").prefix("two_").await.unwrap();
    add(&one, job("a")).await.unwrap();
    assert_eq!(two.list(JobFilter::default()).await.unwrap().jobs.len(), 0);
    add(&two, job("a")).await.unwrap();
    assert_eq!(one.clear(at(0)).await.unwrap(), 1);
    assert_eq!(two.list(JobFilter::default()).await.unwrap().jobs.len(), 1);
}

#[tokio::test]
async fn a_store_works_on_a_pool_of_the_application() {
    let folder = Folder::new();
    let options = SqliteConnectOptions::new()
        .filename(folder.path("app.db"))
        .create_if_missing(true);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    let store = SqliteStore::open_in(pool.clone()).await.unwrap();
    add(&store, job("a")).await.unwrap();
    let mut connection = pool.acquire().await.unwrap().detach();
    let rows = sqlx::query("SELECT id FROM punctual_jobs").fetch_all(&mut connection);
    assert_eq!(rows.await.unwrap().len(), 1);
    connection.close().await.unwrap();
}

#[tokio::test]
async fn times_are_text_too_and_the_first_mistake_is_told() {
    let folder = Folder::new();
    let options = || folder.options("jobs.db");
    let options_in_text = options().busy_timeout("2s").opening_timeout("1m");
    options_in_text.poll_interval("500ms").await.unwrap();
    let message = |error: Error| error.to_string();
    let unclear = options().busy_timeout("5x").poll_interval("0s").await;
    assert!(message(unclear.unwrap_err()).starts_with("busy_timeout: `5x` has the unknown unit"));
    let endless = options().poll_interval(Duration::ZERO).await;
    assert_eq!(
        message(endless.unwrap_err()),
        "poll_interval: `0` leaves no time between two looks; give it a second, or at least some milliseconds"
    );
}
