//! Several processes open the same file at the same time.

use std::io::Read;
use std::process::{Child, Command, Stdio};

use punctual_sqlx::SqliteStore;
use punctual_store::{JobFilter, JobStore};
use sqlx::{Row, SqliteConnection};

use crate::fixture::{add, job};
use crate::folder::Folder;
use crate::opening::connect;

const PROCESSES: usize = 50;
/// The variable that tells a process of this program which file to open.
const FILE: &str = "PUNCTUAL_TEST_FILE_TO_OPEN_TOGETHER";

/// The part of the other processes. They do nothing unless the variable is set, and begin when
/// their input ends.
#[tokio::test]
async fn child_that_opens_a_new_file() {
    let Ok(file) = std::env::var(FILE) else {
        return;
    };
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    let store = SqliteStore::open(&file).await.unwrap();
    let id = std::process::id().to_string();
    add(&store, job(&id)).await.unwrap();
    store.close().await;
}

fn waiting(file: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "together::child_that_opens_a_new_file",
            "--nocapture",
        ])
        .env(FILE, file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

async fn count(statement: &'static str, connection: &mut SqliteConnection) -> usize {
    let row = sqlx::query(statement).fetch_one(connection).await;
    row.unwrap().get::<i64, _>(0) as usize
}

/// Returns the number of steps that made the tables, and of jobs.
async fn made(folder: &Folder) -> (usize, usize) {
    let mut other = connect(folder, "jobs.db").await;
    let steps = count("SELECT count(*) FROM punctual_schema", &mut other).await;
    let jobs = count("SELECT count(*) FROM punctual_jobs", &mut other).await;
    (steps, jobs)
}

/// The tables are made under the lock, so one process makes them and the rest find them.
#[tokio::test]
async fn fifty_processes_may_open_a_new_file_at_the_same_time() {
    let folder = Folder::new();
    let url = folder.url("jobs.db");
    let mut crowd: Vec<Child> = (0..PROCESSES).map(|_| waiting(&url)).collect();
    for child in &mut crowd {
        child.stdin.take();
    }
    for child in crowd {
        let told = child.wait_with_output().unwrap();
        assert!(told.status.success(), "{told:?}");
    }
    assert_eq!(made(&folder).await, (1, PROCESSES));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tasks_may_open_a_new_file_at_the_same_time() {
    let folder = Folder::new();
    let opened = (0..16).map(|_| tokio::spawn(folder.options("jobs.db").into_future()));
    let opened = futures::future::join_all(opened).await;
    for (id, store) in opened.into_iter().enumerate() {
        let store = store.unwrap().unwrap();
        add(&store, job(&id.to_string())).await.unwrap();
        store.list(JobFilter::default()).await.unwrap();
    }
    assert_eq!(made(&folder).await, (1, 16));
}
