//! A database without space.

use punctual_core::Job;
use punctual_sqlx::SqliteStore;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, Executor};

use crate::fixture::{add, job};
use crate::folder::Folder;

/// The number of connections in the pool.
const SIZE: u32 = 3;

async fn pool(folder: &Folder) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(folder.path("jobs.db"))
        .create_if_missing(true);
    let pool = SqlitePoolOptions::new().max_connections(SIZE);
    pool.connect_with(options).await.unwrap()
}

/// Tells all connections of a pool the number of pages that the file may have.
async fn allow(pool: &SqlitePool, pages: i64) {
    let mut connections = Vec::new();
    for _ in 0..SIZE {
        let mut connection = pool.acquire().await.unwrap();
        let limit = AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
        connection.execute(limit).await.unwrap();
        connections.push(connection);
    }
}

fn large(id: &str) -> Job {
    job(id).with_args(&"x".repeat(100_000).into())
}

#[tokio::test]
async fn a_store_works_again_when_there_is_space() {
    let folder = Folder::new();
    let pool = pool(&folder).await;
    let store = SqliteStore::open_in(pool.clone()).await.unwrap();
    // The limit is below the current number of pages, so the file cannot grow.
    allow(&pool, 1).await;
    for _ in 0..2 * SIZE {
        let refused = add(&store, large("a")).await.unwrap_err();
        let cause = refused.to_string();
        assert!(cause.contains("the disk is full"), "{cause}");
    }
    allow(&pool, 1_000_000).await;
    for id in ["a", "b", "c", "d"] {
        add(&store, large(id)).await.unwrap();
    }
}

/// SQLite ends a transaction by itself when it cannot commit for want of space, unnoticed by the
/// driver.
#[tokio::test]
async fn transactions_that_the_database_ended_by_itself_leave_nothing_stuck() {
    let folder = Folder::new();
    let pool = pool(&folder).await;
    let store = SqliteStore::open_in(pool.clone()).await.unwrap();
    let mut ended = Vec::new();
    for _ in 0..SIZE {
        let mut transaction = pool.begin().await.unwrap();
        transaction.execute("ROLLBACK").await.unwrap();
        ended.push(transaction);
    }
    drop(ended);
    for id in ["a", "b", "c", "d"] {
        add(&store, job(id)).await.unwrap();
    }
}
