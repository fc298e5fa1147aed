//! The store keeps every rule, and the suite notices a store that does not.

use punctual_store::conformance::{Broken, Defect, check, race};
use tokio::runtime::Handle;

use crate::folder::Folder;

#[tokio::test]
async fn the_mysql_store_keeps_every_rule() {
    let folder = Folder::new();
    let failures = check(async || folder.fresh().await).await;
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
#[ignore = "takes minutes"]
fn every_fault_is_noticed_by_its_rule() {
    let folder = Folder::new();
    for (defect, rule) in Defect::ALL {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let failures = check(async || Broken::new(folder.fresh().await, *defect));
        let failures = runtime.unwrap().block_on(failures);
        let is_noticed = failures.iter().any(|failure| failure.rule == *rule);
        assert!(is_noticed, "{defect:?} was not noticed");
    }
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
async fn the_mysql_store_wins_every_race() {
    wins_every_race(300).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn the_mysql_store_wins_every_race_in_ten_thousand_rounds() {
    wins_every_race(10_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
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
