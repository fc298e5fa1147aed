//! Jobs and claims for the tests.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use punctual_core::plan::plan;
use punctual_core::{Interval, Job, JobState, Outcome, RunId};
use punctual_store::{
    Claim, ClaimAnswer, ClaimKind, ClaimRequest, DueJobs, DueRequest, Error, Insert, JobStore,
    Lease, NodeInfo, OnConflict, RecoverRequest, Recovered, RenewRequest, Renewal, RunEnd,
    StoredJob,
};

/// Returns a whole second of 2026-03-01.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_366_400 + seconds, 0).unwrap()
}

/// Returns a job that is due every ten seconds, from second 10 on.
pub(crate) fn job(id: &str) -> Job {
    let trigger = Interval::every(Duration::from_secs(10)).start(at(0));
    Job::new(id.try_into().unwrap(), "task", trigger.build().unwrap())
}

pub(crate) fn insert(job: Job) -> Insert {
    let mut state = JobState::default();
    state.next_run_time = Some(at(10));
    Insert::new(Arc::new(job), state, at(0)).on_conflict(OnConflict::Refuse)
}

pub(crate) async fn add(store: &dyn JobStore, job: Job) -> Result<StoredJob, Error> {
    store.add(vec![insert(job)]).await?.pop().unwrap()
}

pub(crate) async fn node(store: &dyn JobStore, name: &str) -> Lease {
    let info = NodeInfo::new(name.into())
        .tasks(vec!["task".into()])
        .zones("2026e".into());
    store.register(info).await.unwrap()
}

pub(crate) async fn due(store: &dyn JobStore, through: DateTime<Utc>) -> DueJobs {
    let request = DueRequest::through(through, 1_000);
    store.due(request).await.unwrap()
}

/// Returns the ids of due jobs in their order.
pub(crate) fn ids(due: &DueJobs) -> Vec<&str> {
    let jobs = due.jobs.iter();
    jobs.map(|job| job.stored.job.id().as_str()).collect()
}

pub(crate) async fn renew(store: &dyn JobStore, lease: &Lease, now: DateTime<Utc>) -> Renewal {
    let request = RenewRequest::new(lease.clone(), now);
    store.renew(request).await.unwrap()
}

/// Settles at most `limit` runs of a node that stands still.
pub(crate) async fn recover(
    store: &dyn JobStore,
    by: &Lease,
    dead: &str,
    limit: usize,
) -> Recovered {
    let peers = store.nodes().await.unwrap().into_iter();
    let peer = peers.into_iter().find(|peer| &*peer.info.name == dead);
    let peer = peer.unwrap();
    let request = RecoverRequest::new(
        by.clone(),
        Lease::new(peer.info.name, peer.epoch),
        peer.beats,
        at(60).timestamp_micros(),
        limit,
    );
    store.recover(request).await.unwrap()
}

/// Returns a claim of the due fire times at `now`.
pub(crate) fn advance(stored: &StoredJob, now: DateTime<Utc>) -> Claim {
    Claim::new(
        stored.job.id().clone(),
        stored.state.birth,
        ClaimKind::Advance {
            revision: stored.state.revision,
            plan: plan(&stored.job.view(&stored.state), now),
        },
    )
}

pub(crate) fn request(lease: &Lease, claims: Vec<Claim>, ends: Vec<RunEnd>) -> ClaimRequest {
    ClaimRequest::new(lease.clone(), at(10))
        .ends(ends)
        .claims(claims)
        .takes_waiting(true)
}

pub(crate) fn ended(run: RunId) -> RunEnd {
    RunEnd::new(run, Outcome::Succeeded, at(11).timestamp_micros(), 1)
        .started(Some(at(10).timestamp_micros()))
}

/// Adds a job, and begins a run of it on a node.
pub(crate) async fn begun(store: &dyn JobStore, lease: &Lease, job: Job) -> RunId {
    let stored = add(store, job).await.unwrap();
    let claims = vec![advance(&stored, at(10))];
    let reply = store.claim(&request(lease, claims, vec![])).await.unwrap();
    let [ClaimAnswer::Won(won)] = &reply.answers[..] else {
        panic!("{reply:?}");
    };
    won.first
}
