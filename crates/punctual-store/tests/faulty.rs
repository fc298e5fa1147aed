//! The store whose calls fail as a test asks.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt;
use futures::channel::oneshot;
use futures::executor::block_on;
use punctual_core::{Interval, Job, JobId, JobState, Outcome, RunId};
use punctual_store::testing::{Fault, Faults, FaultyStore, Refusal, StoreCall};
use punctual_store::{
    Claim, ClaimKind, ClaimReply, ClaimRequest, DueRequest, EndText, Error, ErrorKind, Insert,
    JobFilter, JobStore, Lease, MemoryStore, NodeInfo, OnConflict, RunEnd, StoreCapabilities,
    StoredJob, conformance,
};

type Faulty = FaultyStore<MemoryStore>;

fn new() -> (Faulty, Faults) {
    FaultyStore::new(MemoryStore::new())
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
}

fn id(id: &str) -> JobId {
    JobId::new(id).unwrap()
}

fn insert(name: &str) -> Insert {
    let trigger = Interval::every(Duration::from_secs(10)).start(at(0));
    let mut state = JobState::default();
    state.next_run_time = Some(at(0));
    Insert::new(
        Arc::new(Job::new(id(name), "task", trigger.build().unwrap())),
        state,
        at(0),
    )
    .on_conflict(OnConflict::Refuse)
}

async fn add(store: &Faulty, name: &str) -> Result<StoredJob, Error> {
    store.add(vec![insert(name)]).await?.remove(0)
}

/// Returns the ids of the jobs in the store, without any fault.
fn there(store: &Faulty) -> Vec<String> {
    let jobs = store.inner().list(JobFilter::default());
    let jobs = jobs.now_or_never().unwrap().unwrap().jobs;
    jobs.iter()
        .map(|stored| stored.job.id().to_string())
        .collect()
}

fn end(text: &str) -> RunEnd {
    RunEnd::new(RunId(99), Outcome::Failed, 0, 1)
        .started(Some(0))
        .text(Some(EndText::Error(text.into())))
}

fn promote(stored: &StoredJob) -> Claim {
    Claim::new(
        stored.job.id().clone(),
        stored.state.birth,
        ClaimKind::Promote,
    )
}

async fn lease(store: &Faulty) -> Lease {
    let node = NodeInfo::new("here".into()).tasks(vec!["task".into()]);
    store.register(node).await.unwrap()
}

async fn claim(
    store: &Faulty,
    lease: &Lease,
    ends: Vec<RunEnd>,
    claims: Vec<Claim>,
) -> Result<ClaimReply, Error> {
    let request = ClaimRequest::new(lease.clone(), at(0))
        .ends(ends)
        .claims(claims);
    store.claim(&request).await
}

#[test]
fn a_store_without_faults_is_the_store_behind_it() {
    let found = block_on(conformance::check(async || new().0));
    assert!(found.is_empty(), "{found:?}");
    let persistent = StoreCapabilities::default().persistent(true);
    let (store, _) = new();
    assert!(!store.capabilities().persistent);
    assert!(
        store
            .with_capabilities(persistent)
            .capabilities()
            .persistent
    );
}

#[test]
fn a_fault_says_whether_the_call_is_done_and_how_it_is_answered() {
    let full = || Error::full("the disk is full");
    let cases = [
        (Fault::Held, false, None),
        (Fault::Silent, false, None),
        (Fault::Failed, false, Some(ErrorKind::Unavailable)),
        (Fault::Refused, false, Some(ErrorKind::Refused)),
        (Fault::Error(full), false, Some(ErrorKind::Full)),
        (Fault::HeldAnswer, true, None),
        (Fault::SilentAnswer, true, None),
        (Fault::LostAnswer, true, Some(ErrorKind::Unavailable)),
    ];
    for (fault, is_done, kind) in cases {
        let (store, faults) = new();
        faults.set(StoreCall::Add, fault.clone());
        let answer = add(&store, "a").now_or_never();
        assert_eq!(answer.map(|a| a.unwrap_err().kind()), kind, "{fault:?}");
        assert_eq!(!there(&store).is_empty(), is_done, "{fault:?}");
        assert!(store.get(id("b")).now_or_never().is_some(), "{fault:?}");
    }
}

#[test]
fn what_is_held_goes_on_when_it_is_mended_and_meets_what_is_set_by_then() {
    let (store, faults) = new();
    faults.set(StoreCall::ALL, Fault::Held);
    let mut held = Box::pin(add(&store, "a"));
    assert!(held.as_mut().now_or_never().is_none());
    faults.mend(StoreCall::List);
    assert!(held.as_mut().now_or_never().is_none(), "not its kind");
    faults.set(StoreCall::Add, Fault::HeldAnswer);
    assert!(held.as_mut().now_or_never().is_none());
    assert_eq!(there(&store), ["a"]);
    faults.mend(StoreCall::Add);
    faults.next(StoreCall::Add, Fault::LostAnswer);
    assert!(held.now_or_never().unwrap().unwrap_err().is_unknown());
    assert!(add(&store, "b").now_or_never().unwrap().is_ok());
}

#[test]
fn a_slow_call_reaches_the_store_when_the_test_lets_it() {
    let (store, faults) = new();
    let (go, wait) = oneshot::channel::<()>();
    let wait = wait.shared();
    faults.set(
        StoreCall::Add,
        Fault::slow(move || wait.clone().map(|_| ())),
    );
    let mut slow = Box::pin(add(&store, "a"));
    assert!(slow.as_mut().now_or_never().is_none());
    assert!(there(&store).is_empty());
    go.send(()).unwrap();
    assert!(slow.now_or_never().unwrap().is_ok());
}

#[test]
fn the_next_calls_of_a_kind_have_a_fault_each() {
    let (store, faults) = new();
    faults.next([StoreCall::Add, StoreCall::Get], Fault::Failed);
    faults.next(StoreCall::Add, Fault::Refused);
    let kinds = ["a", "b", "c"].map(|name| {
        let answer = block_on(add(&store, name));
        answer.err().map(|error| error.kind())
    });
    let unavailable = Some(ErrorKind::Unavailable);
    assert_eq!(kinds, [unavailable, Some(ErrorKind::Refused), None]);
    assert!(block_on(store.get(id("c"))).unwrap_err().is_unknown());
    assert_eq!(
        (faults.begun(StoreCall::Add), faults.struck(StoreCall::Add)),
        (3, 2)
    );
}

#[test]
fn calls_are_in_flight_until_they_are_answered_or_dropped() {
    let (store, faults) = new();
    faults.set(StoreCall::Add, Fault::Silent);
    let calls = [add(&store, "a"), add(&store, "b")].map(Box::pin);
    let calls = calls.map(|mut call| {
        assert!(call.as_mut().now_or_never().is_none());
        call
    });
    assert_eq!(faults.in_flight(StoreCall::Add), 2);
    drop(calls);
    assert_eq!(
        (
            faults.begun(StoreCall::Add),
            faults.in_flight(StoreCall::Add)
        ),
        (2, 0)
    );
}

#[test]
fn a_test_waits_for_the_calls_that_it_expects() {
    let (store, faults) = new();
    faults.next(StoreCall::Add, Fault::Failed);
    let mut begun = Box::pin(faults.until_begun(StoreCall::Add, 2));
    let mut struck = Box::pin(faults.until_struck(StoreCall::Add, 1));
    assert!(begun.as_mut().now_or_never().is_none());
    assert!(struck.as_mut().now_or_never().is_none());
    block_on(add(&store, "a")).unwrap_err();
    assert!(struck.now_or_never().is_some());
    assert!(begun.as_mut().now_or_never().is_none());
    block_on(add(&store, "a")).unwrap();
    assert!(begun.now_or_never().is_some());
}

#[test]
fn what_is_too_large_is_refused_and_changes_nothing() {
    block_on(async {
        let (store, faults) = new();
        let lease = lease(&store).await;
        let row = add(&store, "a").await.unwrap();
        let ask = async |ends, claims| {
            let (ends, claims) = (vec![end("text"); ends], vec![promote(&row); claims]);
            claim(&store, &lease, ends, claims).await
        };
        for (refusal, fitting, too_large) in [
            (Refusal::ClaimsBeyond(1), (9, 1), (9, 2)),
            (Refusal::EndsBeyond(2), (2, 9), (3, 9)),
            (Refusal::BytesBeyond(8), (2, 9), (3, 9)),
        ] {
            faults.refuse(refusal.clone());
            assert!(ask(fitting.0, fitting.1).await.is_ok(), "{refusal:?}");
            let error = ask(too_large.0, too_large.1).await.unwrap_err();
            assert!(error.is_refused(), "{refusal:?}: {error}");
            faults.mend_all();
        }
        assert_eq!(faults.struck(StoreCall::Claim), 0);
    });
}

#[test]
fn one_item_is_refused_for_itself_where_the_answer_has_room_for_it() {
    block_on(async {
        let (store, faults) = new();
        let lease = lease(&store).await;
        let rows = [add(&store, "a").await, add(&store, "b").await].map(Result::unwrap);
        faults.refuse(Refusal::Text("\0".to_owned()));
        faults.refuse(Refusal::Job("b".to_owned()));
        faults.refuse(Refusal::Job("c".to_owned()));
        let jobs = ["c", "d"].map(insert).to_vec();
        let added = store.add(jobs).await.unwrap();
        assert!(added[0].as_ref().unwrap_err().is_refused() && added[1].is_ok());
        for (ends, claims, is_taken) in [
            (vec![end("good")], vec![promote(&rows[0])], true),
            (vec![end("a dump: \0")], vec![promote(&rows[0])], false),
            (vec![end("good")], rows.iter().map(promote).collect(), false),
        ] {
            let answer = claim(&store, &lease, ends, claims).await;
            assert_eq!(answer.is_ok(), is_taken, "{answer:?}");
        }
    });
}

#[test]
fn a_damaged_row_is_left_out_and_told() {
    block_on(async {
        let (store, faults) = new();
        for name in ["a", "b"] {
            add(&store, name).await.unwrap();
        }
        faults.damage("a");
        let listed = store.list(JobFilter::default()).await.unwrap().jobs;
        let due = store.due(DueRequest::through(at(0), 9)).await.unwrap();
        assert_eq!((listed.len(), due.jobs.len()), (1, 1));
        assert_eq!(store.unreadable(9).await.unwrap()[0].id, "a");
        let error = store.get(id("a")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreadable);
        let error = store.remove(id("a"), at(0)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreadable);
        faults.mend_all();
        assert!(store.get(id("a")).await.unwrap().is_some());
    });
}

#[test]
fn a_frozen_window_is_the_one_that_was_read_last() {
    block_on(async {
        let (store, faults) = new();
        let due = async || {
            let window = store.due(DueRequest::through(at(0), 9)).await.unwrap();
            window.jobs.len()
        };
        add(&store, "a").await.unwrap();
        assert_eq!(due().await, 1);
        faults.freeze_windows();
        add(&store, "b").await.unwrap();
        assert_eq!(due().await, 1);
        faults.thaw_windows();
        assert_eq!(due().await, 2);
    });
}

#[test]
fn answers_are_rewritten_as_the_test_wants() {
    block_on(async {
        let (store, faults) = new();
        let lease = lease(&store).await;
        let row = add(&store, "a").await.unwrap();
        faults.rewrite_windows(|window| window.jobs.clear());
        faults.rewrite_replies(|reply| reply.answers.clear());
        let window = store.due(DueRequest::through(at(0), 9)).await.unwrap();
        assert!(window.jobs.is_empty());
        let reply = claim(&store, &lease, Vec::new(), vec![promote(&row)]).await;
        assert!(reply.unwrap().answers.is_empty());
    });
}
