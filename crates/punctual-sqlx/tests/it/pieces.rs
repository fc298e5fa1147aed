//! Large requests are done in pieces, and wrong counts are corrected.

use punctual_core::{CancelReason, Outcome, SkipReason};
use punctual_core::{JobId, RunState};
use punctual_store::{
    CancelAnswer, CancelRequest, ErrorKind, JobFilter, JobStore, RecountRequest, RunFilter,
};

use crate::fixture::{add, advance, at, begun, ended, insert, job, node, recover, request};
use crate::folder::Folder;
use crate::opening::{connect, run};

/// More than one transaction takes.
const MANY: usize = 1_003;

fn many() -> Vec<punctual_store::Insert> {
    let jobs = (0..MANY).map(|index| insert(job(&format!("job {index:04}"))));
    jobs.collect()
}

/// A refused transaction does not hide the jobs that earlier ones have added.
#[tokio::test]
async fn jobs_before_a_part_that_fails_are_added() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let mut other = connect(&folder, "jobs.db").await;
    run(
        &mut other,
        "CREATE TRIGGER one BEFORE INSERT ON punctual_jobs WHEN new.id = 'job 1002' \
         BEGIN SELECT RAISE(ABORT, 'not this one'); END",
    )
    .await;
    let answers = store.add(many()).await.unwrap();
    let added: Vec<_> = answers.iter().map(Result::is_ok).collect();
    let wanted: Vec<_> = (0..MANY).map(|index| index < 1_000).collect();
    assert_eq!(added, wanted);
    let told = answers[1_001].as_ref().unwrap_err().to_string();
    assert!(told.contains("not this one"), "{told}");
    let listed = store.list(JobFilter::default()).await.unwrap().jobs;
    assert_eq!(listed.len(), 1_000);
}

#[tokio::test]
async fn all_jobs_are_removed_with_what_is_overdue_of_them() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    store.add(many()).await.unwrap();
    assert_eq!(store.clear(at(25)).await.unwrap(), MANY as u64);
    assert_eq!(store.list(JobFilter::default()).await.unwrap().jobs, vec![]);
    let runs = store.runs(RunFilter::default()).await.unwrap();
    assert_eq!(runs.len(), MANY);
    let skipped = RunState::Ended(Outcome::Skipped(SkipReason::Edited));
    assert!(runs.iter().all(|run| run.state == skipped));
    assert_eq!(runs[0].range.unwrap().count.number(), 2);
}

/// Lists that are read page by page go on after a row whose id is not valid text.
#[tokio::test]
async fn lists_go_on_after_ids_that_cannot_be_read() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    store.add(many()).await.unwrap();
    let mut other = connect(&folder, "jobs.db").await;
    run(
        &mut other,
        "UPDATE punctual_jobs SET id = CAST(x'6a6f62203030' || x'ff' AS TEXT) \
         WHERE id = 'job 0099'",
    )
    .await;
    let listed = store.list(JobFilter::default()).await.unwrap().jobs;
    assert_eq!(listed.len(), MANY - 1);
    assert_eq!(store.unreadable(9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_run_is_found_by_its_number() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let lease = node(&store, "one").await;
    let mut runs = Vec::new();
    for id in ["a", "b", "c"] {
        runs.push(begun(&store, &lease, job(id)).await);
    }
    let numbers: Vec<_> = runs.iter().map(|run| run.0).collect();
    assert_eq!(numbers, [1, 2, 3], "numbers have no gaps");
    let filter = RunFilter {
        id: Some(runs[1]),
        ..RunFilter::default()
    };
    let found = store.runs(filter.clone()).await.unwrap();
    assert_eq!(found[0].job.as_str(), "b");
    assert_eq!((found.len(), found[0].opened), (1, at(10)));
    let other = RunFilter {
        job: Some("a".try_into().unwrap()),
        ..filter
    };
    assert_eq!(store.runs(other).await.unwrap(), vec![]);
}

#[tokio::test]
async fn tokens_grow_over_the_removal_of_a_job() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let lease = node(&store, "one").await;
    let id = || JobId::new("a").unwrap();
    for round in 0..3 {
        begun(&store, &lease, job("a")).await;
        let gone = store.remove(id(), at(11)).await.unwrap().unwrap();
        assert_eq!(gone.state.token, round + 1);
    }
    assert_eq!(add(&store, job("a")).await.unwrap().state.token, 3);
}

#[tokio::test]
async fn counts_that_are_wrong_are_mended() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let lease = node(&store, "one").await;
    for id in ["a", "b", "c", "d"] {
        begun(&store, &lease, job(id)).await;
    }
    let counter = store.changes(0).await.unwrap().counter;
    let mut other = connect(&folder, "jobs.db").await;
    run(
        &mut other,
        "UPDATE punctual_jobs SET running = 7, queued = 2 WHERE id = 'b'; \
         UPDATE punctual_jobs SET running = -1 WHERE id = 'c'; \
         UPDATE punctual_runs SET finished = 1 WHERE job = 'd'; \
         UPDATE punctual_jobs SET finished = 1 WHERE id = 'd'",
    )
    .await;
    let mut request = RecountRequest::new(2);
    let mut mended = Vec::new();
    loop {
        let some = store.recount(request.clone()).await.unwrap();
        let drifts = some.mended.into_iter();
        mended.extend(drifts.map(|drift| (drift.job.to_string(), drift.counted, drift.open)));
        request.after = some.next;
        if request.after.is_none() {
            break;
        }
    }
    let wanted = [
        ("b", (7, 2), (1, 0)),
        ("c", (0, 0), (1, 0)),
        ("d", (1, 0), (0, 0)),
    ];
    assert_eq!(mended, wanted.map(|(id, was, is)| (id.to_owned(), was, is)));
    let listed = store.list(JobFilter::default()).await.unwrap().jobs;
    let left = listed
        .iter()
        .map(|stored| (stored.job.id().as_str(), stored.state.running));
    // The last job has nothing left to do, and leaves.
    assert_eq!(left.collect::<Vec<_>>(), [("a", 1), ("b", 1), ("c", 1)]);
    assert!(store.changes(counter).await.unwrap().counter > counter);
    let again = RecountRequest::new(9);
    assert_eq!(store.recount(again).await.unwrap().mended, vec![]);
}

#[tokio::test]
async fn a_heap_of_runs_that_cannot_be_read_does_not_hold_up_the_others() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let lease = node(&store, "dead").await;
    let heap = store.add(many()).await.unwrap();
    for some in heap.chunks(500) {
        let claims = some.iter().flatten().map(|stored| advance(stored, at(10)));
        let claims = request(&lease, claims.collect(), vec![]);
        store.claim(&claims).await.unwrap();
    }
    let mut other = connect(&folder, "jobs.db").await;
    run(
        &mut other,
        "UPDATE punctual_runs SET origin = 'dream' WHERE id <= 1000",
    )
    .await;
    let heir = node(&store, "heir").await;
    let some = recover(&store, &heir, "dead", 2).await;
    assert_eq!((some.lost.len(), some.has_more), (2, true));
    let rest = recover(&store, &heir, "dead", 2).await;
    assert_eq!((rest.lost.len(), rest.has_more), (1, false));
    let stays = store.nodes().await.unwrap();
    assert!(stays.iter().any(|peer| &*peer.info.name == "dead"));
}

#[tokio::test]
async fn a_row_that_the_database_does_not_take_is_refused() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let mut other = connect(&folder, "jobs.db").await;
    run(
        &mut other,
        "CREATE TRIGGER refuses BEFORE INSERT ON punctual_jobs WHEN new.id = 'a' \
         BEGIN SELECT RAISE(ABORT, 'no'); END; \
         CREATE TRIGGER swells BEFORE INSERT ON punctual_jobs WHEN new.id = 'b' \
         BEGIN SELECT zeroblob(2000000000); END",
    )
    .await;
    for id in ["a", "b"] {
        let error = add(&store, job(id)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{id}: {error}");
        assert!(error.is_refused());
    }
    add(&store, job("c")).await.unwrap();
}

/// The data of an attempt stays until a later attempt leaves newer data.
#[tokio::test]
async fn a_cancelled_run_between_attempts_keeps_what_the_last_one_left() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let lease = node(&store, "one").await;
    let run = begun(&store, &lease, job("a")).await;
    let failed = ended(run)
        .outcome(Outcome::Failed)
        .retry_at(Some(at(40).timestamp_micros()))
        .text(Some(punctual_store::EndText::Error("no luck".into())));
    store
        .claim(&request(&lease, vec![], vec![failed]))
        .await
        .unwrap();
    let open = store.runs(RunFilter::default()).await.unwrap().remove(0);
    assert_eq!(open.state, RunState::Retrying);
    assert_eq!(open.node, None);
    let cancelled = store.cancel(CancelRequest::new(run, CancelReason::User, at(20)));
    let CancelAnswer::Ended { runs, removed } = cancelled.await.unwrap() else {
        panic!("it waits");
    };
    assert_eq!((runs.len(), removed), (1, None));
    assert_eq!(runs[0].failure.as_deref(), Some("no luck"));
    let over = store.runs(RunFilter::default()).await.unwrap().remove(0);
    let outcome = Outcome::Cancelled(CancelReason::User);
    assert_eq!(over.state, RunState::Ended(outcome));
    assert_eq!(over.error.as_deref(), Some("no luck"));
    assert_eq!((over.started, over.attempts), (Some(at(10)), 1));
}
