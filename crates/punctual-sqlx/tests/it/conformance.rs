//! The store keeps every rule, and the suite notices a store that does not.

use std::thread;

use punctual_store::conformance::{Broken, Defect, check, many_jobs, race};
use tokio::runtime::Handle;

use crate::fixture::{at, due};
use crate::folder::Folder;

#[tokio::test]
async fn the_sqlite_store_keeps_every_rule() {
    let folder = Folder::new();
    let failures = check(async || folder.fresh().await).await;
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn every_fault_is_noticed_by_its_rule() {
    let folder = Folder::new();
    let notices = &|defect, rule| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let failures = check(async || Broken::new(folder.fresh().await, defect));
        let failures = runtime.unwrap().block_on(failures);
        failures.iter().any(|failure| failure.rule == rule)
    };
    // Threads, since most of the time is spent waiting for the disk.
    thread::scope(|scope| {
        let tried: Vec<_> = Defect::ALL
            .iter()
            .copied()
            .map(|(defect, rule)| (defect, scope.spawn(move || notices(defect, rule))))
            .collect();
        for (defect, noticed) in tried {
            assert!(noticed.join().unwrap(), "{defect:?} was not noticed");
        }
    });
}

async fn wins_every_race(rounds: u32) {
    let folder = Folder::new();
    let runtime = Handle::current();
    let lost = race(
        async || folder.two().await,
        |call| runtime.block_on(call),
        rounds,
    );
    let lost = lost.await;
    assert!(lost.is_empty(), "{lost:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sqlite_store_wins_every_race() {
    wins_every_race(700).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes half a minute"]
async fn the_sqlite_store_wins_every_race_in_a_thousand_rounds() {
    wins_every_race(1_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_torn_call_loses_its_race() {
    let folder = Folder::new();
    let runtime = Handle::current();
    for (defect, name) in Defect::RACES {
        let torn = async || {
            let (one, two) = folder.two().await;
            let one = Broken::new(one, *defect);
            let two = one.beside(two);
            (one, two)
        };
        // On a busy machine the two calls of a round may follow each other.
        let mut is_noticed = false;
        for _ in 0..10 {
            let lost = race(torn, |call| runtime.block_on(call), 28).await;
            is_noticed = lost.iter().any(|failure| failure.rule == *name);
            if is_noticed {
                break;
            }
        }
        assert!(is_noticed, "`{name}` did not notice {defect:?}");
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
    let due = due(&store, at(70)).await;
    assert_eq!(due.jobs.len(), 61);
}
