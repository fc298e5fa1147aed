//! What happens to those who cannot open a store: a message that says what to do, and no harm.

use std::task::Poll;
use std::time::Duration;

use punctual_sqlx::{Error, ErrorKind, SqliteOptions};
use punctual_store::{JobFilter, JobStore, RecoverRequest};
use sqlx::AssertSqlSafe;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};

use crate::folder::Folder;
use crate::scene::{add, at, job, node};

/// A connection that is none of the store's.
pub(crate) async fn connect(folder: &Folder, name: &str) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(folder.path(name))
        .create_if_missing(true);
    options.connect().await.unwrap()
}

pub(crate) async fn run(connection: &mut SqliteConnection, statement: &'static str) {
    sqlx::raw_sql(statement).execute(connection).await.unwrap();
}

async fn refused(options: SqliteOptions) -> Error {
    options.open().await.unwrap_err()
}

#[track_caller]
fn says(error: &Error, kind: ErrorKind, parts: &[&str]) {
    let text = error.to_string();
    assert_eq!(error.kind(), kind, "{text}");
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

#[tokio::test]
async fn a_wrong_address_is_explained() {
    for (url, part) in [
        ("postgres://localhost/jobs", "begin with `sqlite:`"),
        ("jobs.db", "begin with `sqlite:`"),
        ("sqlite:", "name a file"),
        ("sqlite::memory:", "MemoryStore"),
        ("sqlite:x?mode=memory", "MemoryStore"),
        ("sqlite:x?colour=red", "look like"),
    ] {
        let error = refused(SqliteOptions::new(url)).await;
        says(&error, ErrorKind::Invalid, &[url, part]);
    }
    let error = refused(SqliteOptions::new("sqlite:x").prefix("drop table")).await;
    says(&error, ErrorKind::Invalid, &["drop table", "letters"]);
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let folder = Folder::new();
    let error = refused(folder.options("nowhere/jobs.db")).await;
    says(
        &error,
        ErrorKind::Unreachable,
        &["nowhere/jobs.db", "folder"],
    );
    let error = refused(folder.options("")).await;
    says(&error, ErrorKind::Invalid, &["name a file", "folder"]);
    let url = format!("{}?mode=rw", folder.url("new.db"));
    let error = refused(SqliteOptions::new(&url)).await;
    says(&error, ErrorKind::Unreachable, &["new.db"]);
    assert!(!folder.path("new.db").exists(), "nothing is made");
}

#[tokio::test]
async fn a_file_that_may_only_be_read_is_refused() {
    let folder = Folder::new();
    folder.open("jobs.db").await.close().await;
    let url = format!("{}?mode=ro", folder.url("jobs.db"));
    let error = refused(SqliteOptions::new(&url)).await;
    says(&error, ErrorKind::ReadOnly, &["jobs.db", "rights"]);
}

#[tokio::test]
async fn a_locked_file_is_waited_for_and_no_longer() {
    let folder = Folder::new();
    let soon = || {
        folder
            .options("jobs.db")
            .busy_timeout(Duration::from_millis(20))
    };
    let store = soon().open().await.unwrap();
    let mut other = connect(&folder, "jobs.db").await;
    run(&mut other, "BEGIN EXCLUSIVE").await;
    let error = refused(soon()).await;
    says(&error, ErrorKind::Locked, &["jobs.db", "another process"]);
    assert!(error.is_temporary());
    let error = add(&store, job("a")).await.unwrap_err();
    assert_eq!(error.kind(), punctual_store::ErrorKind::Unavailable);
    let told = error.to_string();
    assert!(told.contains("another process"), "{told}");
    run(&mut other, "ROLLBACK").await;
    add(&store, job("a")).await.unwrap();
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
        ErrorKind::Newer,
        &["newer Punctual", "99", "use that version"],
    );
    run(&mut other, "DELETE FROM punctual_schema WHERE version = 99").await;
    let store = folder.open("jobs.db").await;
    let jobs = store.list(JobFilter::default()).await.unwrap();
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
        ErrorKind::Foreign,
        &["punctual_jobs", "prefix", "nothing was changed"],
    );
    let rows = sqlx::query("SELECT * FROM sqlite_master").fetch_all(&mut other);
    assert_eq!(rows.await.unwrap().len(), 1, "nothing is made");
    let wish = sqlx::query("SELECT wish FROM punctual_jobs").fetch_one(&mut other);
    assert_eq!(wish.await.unwrap().get::<&str, _>(0), "cake");
    folder
        .options("jobs.db")
        .prefix("mine_")
        .open()
        .await
        .unwrap();
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
    says(&error, ErrorKind::Foreign, &["punctual_runs", "`reruns`"]);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_alone() {
    let folder = Folder::new();
    let text = "Dear diary, ".repeat(1_000);
    std::fs::write(folder.path("diary.txt"), &text).unwrap();
    let error = refused(folder.options("diary.txt")).await;
    says(
        &error,
        ErrorKind::Foreign,
        &["diary.txt", "no SQLite database"],
    );
    assert_eq!(
        std::fs::read_to_string(folder.path("diary.txt")).unwrap(),
        text
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_may_open_a_new_file_at_once() {
    let folder = Folder::new();
    let opened = (0..16).map(|_| tokio::spawn(folder.options("jobs.db").open()));
    for store in futures::future::join_all(opened).await {
        let id = format!("{:p}", &store);
        add(&store.unwrap().unwrap(), job(&id)).await.ok();
    }
    let mut other = connect(&folder, "jobs.db").await;
    let steps = sqlx::query("SELECT version FROM punctual_schema").fetch_all(&mut other);
    assert_eq!(steps.await.unwrap().len(), 2);
}

/// Whoever looks while another makes the tables does not take them for those of others.
#[tokio::test]
async fn tables_that_are_just_being_made_are_ours() {
    let folder = Folder::new();
    for steps in 0.. {
        let options = || {
            let options = folder.options(&format!("{steps}.db"));
            options.busy_timeout(Duration::from_millis(1))
        };
        let mut slow = std::pin::pin!(options().open());
        for _ in 0..steps {
            if let Poll::Ready(opened) = futures::poll!(slow.as_mut()) {
                opened.unwrap();
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        // It fails while the slow one holds the lock.
        options().open().await.ok();
        slow.await.unwrap();
    }
}

/// A file as the first version left it: a job with a run of a node that was killed, and a node
/// that has left.
const FIRST_FORM: &str = concat!(
    include_str!("../../src/sqlite/schema_1.sql"),
    "CREATE TABLE {p}schema (version INTEGER PRIMARY KEY, made_by TEXT NOT NULL,
         made_at INTEGER NOT NULL) STRICT;
     INSERT INTO {p}schema VALUES (1, '0.1.0', 0);
     UPDATE {p}counters SET value = 1;
     INSERT INTO {p}jobs (birth, id, version, task, trigger_json, next_run_time, incarnation,
         running, edit) VALUES (1, 'old', 1, 'task',
         '{\"type\":\"interval\",\"seconds\":10,\"start\":\"2026-03-01T12:00:00Z\"}',
         1772366420000000, 1, 1, 1);
     INSERT INTO {p}runs (id, job, birth, incarnation, origin, fire_time, state, node, epoch,
         ends_instance) VALUES (1, 'old', 1, 1, 'scheduled', 1772366410000000, 'running', 'killed',
         7, 1);
     INSERT INTO {p}nodes VALUES ('killed', 7, 'alive', 3, '[\"task\"]', '2026e');
     INSERT INTO {p}nodes VALUES ('left', 9, 'gone', 3, '[\"task\"]', '2026e');"
);

#[tokio::test]
async fn tables_of_an_older_version_are_brought_up_to_date() {
    let folder = Folder::new();
    let mut other = connect(&folder, "jobs.db").await;
    let first_form = AssertSqlSafe(FIRST_FORM.replace("{p}", "punctual_"));
    sqlx::raw_sql(first_form).execute(&mut other).await.unwrap();
    let store = folder.open("jobs.db").await;
    let unreadable = store.unreadable(9).await.unwrap();
    assert!(unreadable.is_empty(), "{unreadable:?}");
    let jobs = store.list(JobFilter::default()).await.unwrap();
    assert_eq!(jobs[0].job.id().as_str(), "old");
    let names = async || {
        let nodes = store.nodes().await.unwrap().into_iter();
        nodes
            .map(|peer| peer.info.name.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["killed"]);
    // Epochs go on where the greatest was.
    let left = node(&store, "left").await;
    assert!(left.epoch > 9, "{left:?}");
    let dead = store.nodes().await.unwrap().remove(0);
    let recovery = RecoverRequest {
        by: left.clone(),
        tasks: vec![],
        dead,
        now: at(60).timestamp_micros(),
    };
    assert_eq!(store.recover(recovery).await.unwrap().lost.len(), 1);
    store.leave(left).await.unwrap();
    assert_eq!(names().await, <[&str; 0]>::default());
    let rows = sqlx::query("SELECT name FROM punctual_nodes").fetch_all(&mut other);
    assert_eq!(
        rows.await.unwrap().len(),
        0,
        "nothing is left of nodes that are gone"
    );
}

/// A process of the first version that has the file open goes on counting epochs by name.
#[tokio::test]
async fn epochs_grow_beyond_those_of_an_older_version() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    node(&store, "one").await;
    let mut other = connect(&folder, "jobs.db").await;
    run(&mut other, "UPDATE punctual_nodes SET epoch = epoch + 1").await;
    assert_eq!(node(&store, "one").await.epoch, 3);
}

#[tokio::test]
async fn prefixes_share_a_file() {
    let folder = Folder::new();
    let one = folder
        .options("jobs.db")
        .prefix("one_")
        .open()
        .await
        .unwrap();
    let two = folder
        .options("jobs.db")
        .prefix("two_")
        .open()
        .await
        .unwrap();
    add(&one, job("a")).await.unwrap();
    assert_eq!(two.list(JobFilter::default()).await.unwrap().len(), 0);
    add(&two, job("a")).await.unwrap();
    assert_eq!(one.clear().await.unwrap(), 1);
    assert_eq!(two.list(JobFilter::default()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_pool_of_the_application_will_do() {
    let folder = Folder::new();
    let options = SqliteConnectOptions::new()
        .filename(folder.path("app.db"))
        .create_if_missing(true);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    let store = SqliteOptions::new("").open_in(pool.clone()).await.unwrap();
    add(&store, job("a")).await.unwrap();
    let mut connection = pool.acquire().await.unwrap().detach();
    let rows = sqlx::query("SELECT id FROM punctual_jobs").fetch_all(&mut connection);
    assert_eq!(rows.await.unwrap().len(), 1);
    connection.close().await.unwrap();
}
