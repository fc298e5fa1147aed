//! Keys of runs are used once.

use punctual_core::plan::manual;
use punctual_core::{Count, FireRange, Job, MissReason, Outcome, Policies, Unlimited};
use punctual_store::{
    Claim, ClaimAnswer, ClaimKind, JobStore, Lease, RunFilter, RunOverrides, StoredJob, Update,
};

use crate::fixture::{add, advance, at, begun, job, node, request};
use crate::folder::{Folder, Store};
use crate::opening::{connect, run};

fn unlimited(id: &str) -> Job {
    job(id).with_policies(Policies::new().max_instances(Unlimited).build().unwrap())
}

/// Two requests by hand in one microsecond are one, since the second finds the key used.
#[tokio::test]
async fn two_claims_of_one_key_are_one_run() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let lease = node(&store, "one").await;
    let stored = add(&store, unlimited("a")).await.unwrap();
    let by_hand = || {
        Claim::new(
            stored.job.id().clone(),
            stored.state.birth,
            ClaimKind::Manual {
                incarnation: stored.state.incarnation,
                plan: manual(&stored.job.view(&stored.state), at(5)),
                overrides: RunOverrides::none(),
            },
        )
    };
    let both = request(&lease, vec![by_hand(), by_hand()], vec![]);
    let reply = store.claim(&both).await.unwrap();
    assert!(matches!(
        reply.answers[..],
        [ClaimAnswer::Won(_), ClaimAnswer::Lost(Some(_))]
    ));
    let again = request(&lease, vec![by_hand()], vec![]);
    let reply = store.claim(&again).await.unwrap();
    assert!(matches!(reply.answers[..], [ClaimAnswer::Lost(Some(_))]));
    assert_eq!(store.runs(RunFilter::default()).await.unwrap().len(), 1);
}

/// Returns the node and a job whose fire time it ran, and whose schedule was set back to that fire
/// time.
async fn set_back(folder: &Folder, store: &Store) -> (Lease, StoredJob) {
    let lease = node(store, "one").await;
    begun(store, &lease, unlimited("a")).await;
    let mut other = connect(folder, "jobs.db").await;
    run(
        &mut other,
        "UPDATE punctual_jobs SET next_run_time = next_run_time - 10000000",
    )
    .await;
    let read = store.get("a".try_into().unwrap()).await.unwrap().unwrap();
    (lease, read)
}

/// An edit by other means has set a schedule back to a fire time that was run.
#[tokio::test]
async fn a_fire_time_that_was_run_is_passed_over() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let (lease, read) = set_back(&folder, &store).await;
    assert_eq!(read.state.next_run_time, Some(at(10)));
    let reply = store
        .claim(&request(&lease, vec![advance(&read, at(10))], vec![]))
        .await
        .unwrap();
    let [ClaimAnswer::Lost(Some(row))] = &reply.answers[..] else {
        panic!("{reply:?}");
    };
    assert_eq!(row.state.next_run_time, Some(at(20)));
    assert_eq!(
        store.get("a".try_into().unwrap()).await.unwrap().as_ref(),
        Some(row)
    );
    assert_eq!(store.runs(RunFilter::default()).await.unwrap().len(), 1);
}

/// A paused job is resumed in the same way, and its decided fire times stay decided.
#[tokio::test]
async fn an_edit_of_a_schedule_that_was_set_back_is_made() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let (_, read) = set_back(&folder, &store).await;
    let mut state = read.state;
    state.next_run_time = Some(at(20));
    let range = FireRange {
        first: at(10),
        last: at(10),
        count: Count::Exact(1),
    };
    let update = Update::new(read.job, state, at(15))
        .decided(Some((range, Outcome::Missed(MissReason::Paused))));
    let updated = store.update(update).await.unwrap();
    assert_eq!(updated.state.next_run_time, Some(at(20)));
    assert_eq!(store.runs(RunFilter::default()).await.unwrap().len(), 1);
}
