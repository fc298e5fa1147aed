//! What stands in front of a store passes every call on.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

use chrono::DateTime;
use futures::executor::block_on;
use punctual_core::{CancelReason, Job, JobId, JobState, RunId};
use punctual_store::conformance::{self, Broken, Defect};
use punctual_store::{
    CancelRequest, ClaimReply, ClaimRequest, DueRequest, JobFilter, JobStore, Layered, Lease,
    MemoryStore, NodeInfo, OpenRequest, RecentRequest, RecountRequest, RecoverRequest,
    RenewRequest, Retention, RunFeed, RunFilter, StoreCall, StoreCapabilities, StoreFuture,
    StoreLayer, Update,
};

/// A layer that changes nothing.
#[derive(Debug)]
struct Plain<S>(S);

impl<S: JobStore> StoreLayer for Plain<S> {
    fn inner(&self) -> &dyn JobStore {
        &self.0
    }
}

/// A layer that notes the calls.
#[derive(Debug, Clone, Default)]
struct Noting {
    store: MemoryStore,
    calls: Arc<Mutex<BTreeSet<StoreCall>>>,
}

impl StoreLayer for Noting {
    fn inner(&self) -> &dyn JobStore {
        &self.store
    }

    fn around<'a, T: Send + 'a>(
        &'a self,
        call: StoreCall,
        work: impl FnOnce() -> StoreFuture<'a, T> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        self.calls.lock().unwrap().insert(call);
        work()
    }
}

impl Noting {
    /// Returns the calls that arrive if every call is made of what stands in front of the store.
    fn calls_through<S: JobStore>(front: impl FnOnce(Layered<Self>) -> S) -> BTreeSet<StoreCall> {
        let noting = Self::default();
        let store = front(Layered(noting.clone()));
        assert_eq!(
            store.capabilities().persistent,
            noting.store.capabilities().persistent
        );
        for call in StoreCall::ALL {
            make(&store, call);
        }
        let calls = noting.calls.lock().unwrap();
        calls.clone()
    }
}

fn poll_once<T>(answer: StoreFuture<'_, T>) {
    let _ = pin!(answer).poll(&mut Context::from_waker(Waker::noop()));
}

fn lease() -> Lease {
    Lease::new("a".into(), 1)
}

/// Makes a call with any arguments.
fn make(store: &dyn JobStore, call: StoreCall) {
    let id = || JobId::new("a").unwrap();
    let now = DateTime::UNIX_EPOCH;
    match call {
        StoreCall::Add => poll_once(store.add(Vec::new())),
        StoreCall::Get => poll_once(store.get(id())),
        StoreCall::List => poll_once(store.list(JobFilter::default())),
        StoreCall::Update => poll_once(store.update(update())),
        StoreCall::Remove => poll_once(store.remove(id(), now)),
        StoreCall::Clear => poll_once(store.clear(now)),
        StoreCall::Removed => poll_once(store.removed(id())),
        StoreCall::ForgetRemoved => poll_once(store.forget_removed(id())),
        StoreCall::Unreadable => poll_once(store.unreadable(1)),
        StoreCall::Due => poll_once(store.due(DueRequest::default())),
        StoreCall::Claim => poll_once(store.claim(&claims())),
        StoreCall::Register => poll_once(store.register(node())),
        StoreCall::Renew => poll_once(store.renew(RenewRequest::new(lease(), now))),
        StoreCall::Leave => poll_once(store.leave(lease())),
        StoreCall::Nodes => poll_once(store.nodes()),
        StoreCall::OpenRuns => poll_once(store.open_runs(OpenRequest::new(lease(), 1))),
        StoreCall::Recover => {
            poll_once(store.recover(RecoverRequest::new(lease(), lease(), 0, 0, 1)));
        }
        StoreCall::Cancel => {
            poll_once(store.cancel(CancelRequest::new(RunId(1), CancelReason::User, now)));
        }
        StoreCall::Runs => poll_once(store.runs(RunFilter::default())),
        StoreCall::Recent => poll_once(store.recent(RecentRequest::default())),
        StoreCall::RunsSince => poll_once(store.runs_since(RunFeed::END, 1)),
        StoreCall::Purge => poll_once(store.purge(Retention::default(), 1)),
        StoreCall::Statistics => poll_once(store.statistics(id())),
        StoreCall::Changes => poll_once(store.changes(0)),
        StoreCall::Recount => poll_once(store.recount(RecountRequest::default())),
        StoreCall::Time => poll_once(store.time()),
        StoreCall::NoteTime => poll_once(store.note_time(now)),
        StoreCall::Close => poll_once(store.close()),
        call => panic!("`{call}` is to be made here too"),
    }
}

fn node() -> NodeInfo {
    NodeInfo::new("a".into())
}

fn claims() -> ClaimRequest {
    ClaimRequest::new(lease(), DateTime::UNIX_EPOCH)
}

fn update() -> Update {
    let trigger = "* * * * *".parse().unwrap();
    let job = Job::new(JobId::new("a").unwrap(), "task", trigger);
    Update::new(Arc::new(job), JobState::default(), DateTime::UNIX_EPOCH)
}

#[test]
fn the_list_of_calls_has_every_method_of_the_contract() {
    let contract = include_str!("../src/store.rs");
    let methods = contract.lines().filter_map(|line| {
        let name = line.strip_prefix("    fn ")?;
        name.split(['(', '<']).next()
    });
    let methods: Vec<_> = methods.filter(|name| *name != "capabilities").collect();
    let mut calls: Vec<_> = StoreCall::ALL.iter().map(|call| call.name()).collect();
    assert_eq!(methods.len(), calls.len());
    calls.retain(|name| !methods.contains(name));
    assert!(calls.is_empty(), "{calls:?}");
}

#[test]
fn every_call_passes_through_what_stands_in_front_of_a_store() {
    let all = BTreeSet::from(StoreCall::ALL);
    assert_eq!(Noting::calls_through(|store| store), all);
    assert_eq!(Noting::calls_through(Arc::new), all);
    assert_eq!(Noting::calls_through(Box::new), all);
    let shared = |store| -> Arc<dyn JobStore> { Arc::new(store) };
    assert_eq!(Noting::calls_through(shared), all);
    let boxed = |store| -> Box<dyn JobStore> { Box::new(store) };
    assert_eq!(Noting::calls_through(boxed), all);
    assert_eq!(Noting::calls_through(|store| Layered(Plain(store))), all);
    let broken = |store| Broken::new(store, Defect::AddsTwice);
    assert_eq!(Noting::calls_through(broken), all);
    #[cfg(feature = "testing")]
    {
        let faulty = |store| punctual_store::testing::FaultyStore::new(store).0;
        assert_eq!(Noting::calls_through(faulty), all);
    }
}

#[test]
fn an_answer_in_place_passes_through_a_layer_in_place() {
    let store: Arc<dyn JobStore> = Arc::new(Layered(Plain(Arc::new(MemoryStore::new()))));
    assert!(store.capabilities().answers_in_place);
    block_on(store.register(node())).unwrap();
    assert!(store.claim(&claims()).is_ready());
}

#[derive(Debug)]
struct Silent(MemoryStore);

impl StoreLayer for Silent {
    fn inner(&self) -> &dyn JobStore {
        &self.0
    }

    fn capabilities(&self) -> StoreCapabilities {
        self.0.capabilities().answers_in_place(false)
    }

    fn claim<'a>(&'a self, _: &'a ClaimRequest) -> StoreFuture<'a, ClaimReply> {
        StoreFuture::new(std::future::pending())
    }
}

#[test]
fn what_a_layer_writes_stands_in_place_of_the_store() {
    let store = Layered(Silent(MemoryStore::new()));
    assert!(!JobStore::capabilities(&store).answers_in_place);
    assert!(!JobStore::claim(&store, &claims()).is_ready());
    assert!(JobStore::nodes(&store).is_ready());
}

#[test]
fn a_store_keeps_every_rule_behind_a_layer() {
    let fresh = async || Layered(Plain(Box::new(MemoryStore::new()) as Box<dyn JobStore>));
    let failures = block_on(conformance::check(fresh));
    assert!(failures.is_empty(), "{failures:#?}");
}
