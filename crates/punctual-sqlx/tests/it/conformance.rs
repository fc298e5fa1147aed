//! The store keeps every rule, and the suite notices one that does not.

use punctual_store::conformance::{Broken, Fault, check};

use crate::folder::Folder;

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
    for fault in Fault::ALL.into_iter().filter(|fault| !mended.contains(fault)) {
        let violations = check(async || Broken::new(folder.fresh().await, fault)).await;
        assert!(!violations.is_empty(), "{fault:?} was not noticed");
    }
}
