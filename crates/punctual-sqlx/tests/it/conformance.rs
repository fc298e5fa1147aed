//! The store keeps every rule, and the suite notices one that does not.

use punctual_store::conformance::{Broken, Fault, check, many_jobs};

use crate::folder::Folder;
use crate::scene::{at, due};

#[tokio::test]
async fn every_rule_is_kept() {
    let folder = Folder::new();
    let violations = check(async || folder.fresh().await).await;
    assert!(violations.is_empty(), "{violations:#?}");
}

#[tokio::test]
async fn every_fault_is_noticed() {
    let folder = Folder::new();
    // Keys of runs are unique here: these two are mended before anybody could notice.
    let mended = [Fault::ClaimsTwice, Fault::RunsByHandTwice];
    for fault in Fault::ALL
        .into_iter()
        .filter(|fault| !mended.contains(fault))
    {
        let violations = check(async || Broken::new(folder.fresh().await, fault)).await;
        assert!(!violations.is_empty(), "{fault:?} was not noticed");
    }
}

#[tokio::test]
#[ignore = "takes minutes"]
async fn a_million_jobs_are_opened_without_reading_them() {
    let folder = Folder::new();
    let store = folder.open("many.db").await;
    many_jobs(&store, 1_000_000).await.unwrap();
    store.close().await;
    let store = folder.open("many.db").await;
    let window = due(&store, at(70)).await;
    assert_eq!(window.jobs.len(), 61);
}
