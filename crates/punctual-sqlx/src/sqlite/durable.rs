//! Tests that a change is on the disk before it is answered, on each connection.

use punctual_core::JobId;
use punctual_store::JobStore;
use sqlx::sqlite::SqlitePool;
use sqlx::{AssertSqlSafe, SqliteConnection};
use tempfile::TempDir;

use super::SqliteStore;

/// The value of `PRAGMA synchronous` with which each commit waits for the disk.
const FULL: i64 = 2;

async fn asked<T>(connection: &mut SqliteConnection, what: &str) -> T
where
    T: for<'r> sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite> + Send + Unpin,
{
    let pragma = AssertSqlSafe(format!("PRAGMA {what}"));
    let answer = sqlx::query_scalar(pragma);
    answer.fetch_one(connection).await.expect("it answers")
}

/// Checks all connections that a pool may have, and closes them.
async fn check(pool: &SqlitePool) {
    let mut all = Vec::new();
    for _ in 0..pool.options().get_max_connections() {
        all.push(pool.acquire().await.expect("there is one"));
    }
    for mut connection in all {
        assert_eq!(asked::<i64>(&mut connection, "synchronous").await, FULL);
        let journal: String = asked(&mut connection, "journal_mode").await;
        assert_eq!(journal, "wal");
        connection.close().await.expect("it closes");
    }
}

#[tokio::test]
async fn every_connection_waits_for_the_disk_also_one_that_replaced_another() {
    let folder = TempDir::new().expect("there is a folder");
    let url = format!("sqlite://{}", folder.path().join("jobs.db").display());
    let store = SqliteStore::open(&url).await.expect("it opens");
    for pool in store.0.pools.all() {
        for _ in 0..3 {
            check(pool).await;
        }
    }
}

/// The log and its index are deleted with the last connection and made again with the next.
#[tokio::test]
async fn a_store_whose_connections_have_all_gone_goes_on() {
    let folder = TempDir::new().expect("there is a folder");
    let file = folder.path().join("jobs.db");
    let url = format!("sqlite://{}", file.display());
    let store = SqliteStore::open(&url).await.expect("it opens");
    for _ in 0..3 {
        let mark = JobId::new("a").expect("an id");
        store.forget_removed(mark.clone()).await.expect("it writes");
        for pool in store.0.pools.all() {
            check(pool).await;
        }
        assert!(!file.with_extension("db-wal").exists());
        store.forget_removed(mark.clone()).await.expect("it writes");
        store.removed(mark).await.expect("it reads");
    }
}
