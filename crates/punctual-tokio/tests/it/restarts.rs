//! The same store under a new process, or what looks like one.

use punctual_core::{MissReason, Outcome};
use punctual_tokio::{
    Args, JobStatus, ManualClock, MemoryStore, Output, Scheduler, SchedulerBuilder,
};

use crate::support::{every, ledger, runs, seconds};

async fn greet(Args((name, times)): Args<(String, u32)>) -> Output<String> {
    Output(name.repeat(times as usize))
}

/// Lets seconds pass one by one, with all that happens in them.
async fn live(clock: &ManualClock, count: u32) {
    for _ in 0..count {
        clock.advance(seconds(1));
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_restart_finds_code_by_name_and_arguments_intact_and_decides_what_was_missed() {
    // Two schedulers of one test have the same time only if it is moved by hand.
    let clock = ManualClock::at("2026-03-01T12:00:00Z".parse().unwrap());
    let store = MemoryStore::new();
    let on_store = || -> SchedulerBuilder {
        let builder = Scheduler::builder().store("default", store.clone());
        builder.clock(clock.clone())
    };
    let before = on_store().task("greet", greet).task("gone", || async {});
    let before = before.build().unwrap();
    before.start().await.unwrap();
    let job = before.add_job("greet", every(1)).id("greet");
    let job = job.args(("Ada", 2)).misfire_grace_time(seconds(3));
    job.await.unwrap();
    before.add_job("gone", every(1)).id("gone").await.unwrap();
    live(&clock, 2).await;
    before.shutdown().await.unwrap();
    drop(before);
    clock.advance(seconds(10));

    let after = on_store().task("greet", greet).build().unwrap();
    after.start().await.unwrap();
    live(&clock, 1).await;
    let entries = ledger(&after, "greet").await;
    let expected = [
        (Outcome::Succeeded, 1),
        (Outcome::Succeeded, 1),
        (Outcome::Missed(MissReason::Down), 7),
        (Outcome::Coalesced, 3),
        (Outcome::Succeeded, 1),
    ];
    assert_eq!(entries[..5], expected, "{entries:?}");
    let total: u64 = entries.iter().map(|(_, count)| count).sum();
    assert_eq!(total, 13, "{entries:?}");
    let results = runs(&after, "greet").await.into_iter();
    let mut results = results.filter_map(|run| run.result);
    assert!(results.all(|result| result == "AdaAda"));
    // What this process does not know is a state that can be seen, and it is never deleted.
    let gone = after.get_job("gone").await.unwrap().unwrap();
    assert_eq!(gone.status(), JobStatus::Parked);
    assert_eq!(ledger(&after, "gone").await.len(), 2);
}
