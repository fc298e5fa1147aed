//! Births of jobs, which the nodes deal in blocks.

use std::collections::BTreeSet;

use punctual_sqlx::SqliteStore;
use punctual_store::{Insert, JobStore};

use crate::fixture::{insert, job};
use crate::folder::Folder;

#[tokio::test]
async fn few_jobs_have_blocks_of_their_own_and_many_share_them() {
    let folder = Folder::new();
    let store = SqliteStore::open(folder.url("jobs.db")).await.unwrap();
    let births = async |jobs: std::ops::Range<u32>| {
        let jobs: Vec<Insert> = jobs.map(|id| insert(job(&id.to_string()))).collect();
        let added = store.add(jobs).await.unwrap();
        let births = added.into_iter().map(|job| job.unwrap().state.birth);
        births.collect::<Vec<u64>>()
    };
    let mut all = births(0..3).await;
    all.extend(births(3..4).await);
    let many = births(4..1_004).await;
    all.extend(&many);
    all.extend(births(1_004..1_007).await);
    assert!(all.is_sorted_by(|one, other| one < other));
    let block = store.capabilities().dealt_together.get();
    let blocks = |births: &[u64]| births.iter().map(|birth| birth / block).collect();
    let blocks: [BTreeSet<u64>; 2] = [blocks(&all), blocks(&many)];
    assert_eq!(blocks[1].len() as u64, 1_000_u64.div_ceil(block));
    assert_eq!(blocks[0].len(), blocks[1].len() + 7, "each of the others");
}
