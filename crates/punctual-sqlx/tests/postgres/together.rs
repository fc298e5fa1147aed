//! Several processes open the same database at the same time.

use punctual_store::{JobFilter, JobStore};
use sqlx::Row;

use crate::fixture::{add, job};
use crate::folder::Folder;
use crate::opening::connect;

/// The number of stores that are opened together. A server has a hundred connections by default.
const NODES: usize = 30;

/// The tables are made under a lock, so one store makes them and the other stores find them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_nodes_may_open_a_new_database_at_the_same_time() {
    let folder = Folder::new();
    let opened =
        (0..NODES).map(|_| tokio::spawn(folder.opening("jobs").pool_size(1).into_future()));
    let opened = futures::future::join_all(opened).await;
    for (id, store) in opened.into_iter().enumerate() {
        let store = store.unwrap().unwrap();
        add(&store, job(&id.to_string())).await.unwrap();
        store.list(JobFilter::default()).await.unwrap();
        store.close().await;
    }
    let mut other = connect(&folder, "jobs").await;
    let count = "SELECT (SELECT count(*) FROM punctual_schema WHERE version > 0), (SELECT count(*) FROM punctual_jobs)";
    let row = sqlx::query(count).fetch_one(&mut other).await.unwrap();
    assert_eq!(
        (row.get::<i64, _>(0), row.get::<i64, _>(1)),
        (1, NODES as i64)
    );
}
