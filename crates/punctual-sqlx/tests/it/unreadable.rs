//! What becomes of runs and counts of jobs that cannot be read.

use punctual_core::{Job, OnLost, Policies};
use punctual_sqlx::SqliteStore;
use punctual_store::{JobStore, RecountRequest};

use crate::folder::Folder;
use crate::opening::{connect, run};
use crate::scene::{add, begun, job, node, recover};

fn rerunning(id: &str) -> Job {
    job(id).with_policies(Policies {
        on_lost: OnLost::Rerun { at_most: 3 },
        ..Policies::default()
    })
}

#[tokio::test]
async fn a_run_of_a_dead_node_is_lost_if_its_job_cannot_be_read() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let dead = node(&store, "dead").await;
    for id in ["damaged", "good", "newer"] {
        begun(&store, &dead, rerunning(id)).await;
    }
    let mut other = connect(&folder, "jobs.db").await;
    run(
        &mut other,
        "UPDATE punctual_jobs SET trigger_json = '?' WHERE id = 'damaged'; \
         UPDATE punctual_jobs SET version = 2 WHERE id = 'newer'",
    )
    .await;
    let heir = node(&store, "heir").await;
    let recovered = recover(&store, &heir, "dead", 10).await;
    let lost = recovered.lost.iter().map(|run| run.job.as_str());
    let waiting = recovered.waiting.iter().map(|job| job.id.as_str());
    assert_eq!(lost.collect::<Vec<_>>(), ["damaged", "newer"]);
    assert_eq!(waiting.collect::<Vec<_>>(), ["good"]);
    assert_eq!(recovered.removed, vec![]);
}

/// The ids of the jobs that a recount by pages has mended.
async fn recounted(store: &SqliteStore, limit: usize) -> Vec<String> {
    let mut request = RecountRequest { after: None, limit };
    let mut mended = Vec::new();
    for _ in 0..9 {
        let some = store.recount(request.clone()).await.unwrap();
        mended.extend(some.mended.iter().map(|drift| drift.job.to_string()));
        request.after = some.next;
        if request.after.is_none() {
            return mended;
        }
    }
    panic!("the recount does not end");
}

#[tokio::test]
async fn a_damaged_row_does_not_stop_a_recount() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    for id in ["a", "b", "c"] {
        add(&store, job(id)).await.unwrap();
    }
    let mut other = connect(&folder, "jobs.db").await;
    run(
        &mut other,
        "UPDATE punctual_jobs SET token = -1 WHERE id = 'a'; \
         UPDATE punctual_jobs SET birth = -7 WHERE id = 'b'; \
         UPDATE punctual_jobs SET running = 5",
    )
    .await;
    assert_eq!(recounted(&store, 2).await, ["a", "b", "c"]);
    assert_eq!(recounted(&store, 2).await, Vec::<String>::new());
}

#[tokio::test]
async fn ids_that_cannot_be_read_do_not_end_a_recount() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    for id in ["a", "b", "c", "d"] {
        add(&store, job(id)).await.unwrap();
    }
    let mut other = connect(&folder, "jobs.db").await;
    run(
        &mut other,
        "UPDATE punctual_jobs SET id = CAST(x'62' || x'ff' AS TEXT) WHERE id = 'b'; \
         UPDATE punctual_jobs SET id = CAST(x'63' || x'ff' AS TEXT) WHERE id = 'c'; \
         UPDATE punctual_jobs SET running = 5",
    )
    .await;
    assert_eq!(recounted(&store, 1).await, ["a", "d"]);
    run(&mut other, "UPDATE punctual_jobs SET running = 5").await;
    assert_eq!(recounted(&store, 2).await, ["a", "d"]);
}
