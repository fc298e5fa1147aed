//! A store and what nodes do at it: what 4.0 calls acquire and release is one claim and one end here.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::plan::plan;
use punctual_core::{CancelReason, Interval, Job, JobId, JobState, Outcome, Policies, Run, RunId};
use punctual_store::{
    Claim, ClaimAnswer, ClaimKind, ClaimReply, ClaimRequest, EndText, Insert, JobStore, Lease,
    MemoryStore, NodeInfo, OnConflict, Peer, RecoverRequest, RunEnd, RunFilter, RunOverrides,
    StoredJob,
};

use crate::fixture::seconds;
use crate::times::utc;

pub(super) const DUE: &str = "2020-09-14";

/// A store with jobs of task `task1`, and nodes that claim them.
pub(super) struct NodeFixture(pub(super) Arc<dyn JobStore>);

impl NodeFixture {
    pub(super) fn new() -> Self {
        Self(Arc::new(MemoryStore::new()))
    }

    pub(super) async fn put(
        &self,
        id: &str,
        policies: Policies,
        on_conflict: OnConflict,
    ) -> StoredJob {
        let trigger = Interval::every(seconds(86_400))
            .start(utc(DUE))
            .build()
            .unwrap();
        let job = Job::new(JobId::new(id).unwrap(), "task1", trigger).with_policies(policies);
        let mut state = JobState::default();
        state.next_run_time = Some(utc(DUE));
        let insert = Insert::new(Arc::new(job), state, utc(DUE)).on_conflict(on_conflict);
        self.0.add(vec![insert]).await.unwrap().remove(0).unwrap()
    }

    pub(super) async fn add(&self, id: &str) -> StoredJob {
        self.put(id, Policies::default(), OnConflict::Refuse).await
    }

    /// A job that so many runs may be under way of.
    pub(super) async fn add_wide(&self, id: &str, most: u32) -> StoredJob {
        let policies = Policies::new().max_instances(most).build().unwrap();
        self.put(id, policies, OnConflict::Refuse).await
    }

    pub(super) async fn get(&self, id: &str) -> StoredJob {
        let found = self.0.get(JobId::new(id).unwrap()).await.unwrap();
        found.unwrap_or_else(|| panic!("there is no job {id}"))
    }

    pub(super) async fn node(&self, name: &str) -> Lease {
        let info = NodeInfo::new(name.into())
            .tasks(vec!["task1".into()])
            .zones("2026e".into());
        self.0.register(info).await.unwrap()
    }

    pub(super) async fn peer(&self, name: &str) -> Peer {
        let peers = self.0.nodes().await.unwrap();
        let found = peers.into_iter().find(|peer| &*peer.info.name == name);
        found.unwrap_or_else(|| panic!("there is no node {name}"))
    }

    /// How many runs of a node are lost now that another takes it for dead.
    pub(super) async fn recover(&self, by: &Lease, dead: &Peer, now: i64) -> usize {
        let request = RecoverRequest::new(
            by.clone(),
            Lease::new(dead.info.name.clone(), dead.epoch),
            dead.beats,
            now,
            100,
        );
        self.0.recover(request).await.unwrap().lost.len()
    }

    pub(super) async fn ask(
        &self,
        lease: &Lease,
        claims: Vec<Claim>,
        ends: Vec<RunEnd>,
    ) -> ClaimReply {
        let request = ClaimRequest::new(lease.clone(), utc(DUE))
            .ends(ends)
            .claims(claims)
            .takes_waiting(true);
        self.0.claim(&request).await.unwrap()
    }

    /// Claims what is due of a job as it was read.
    pub(super) async fn acquire(&self, lease: &Lease, stored: &StoredJob) -> Option<RunId> {
        let reply = self
            .ask(lease, vec![due_claim(stored, utc(DUE))], vec![])
            .await;
        match reply.answers.first() {
            Some(ClaimAnswer::Won(won)) => Some(won.first),
            _ => None,
        }
    }

    /// Records how a run ended, and answers what the ledger says of it.
    pub(super) async fn release(
        &self,
        lease: &Lease,
        run: RunId,
        outcome: Outcome,
        text: Option<EndText>,
    ) -> Run {
        let micros = utc(DUE).timestamp_micros();
        let end = RunEnd::new(run, outcome, micros + 5_000, 1)
            .started(Some(micros))
            .text(text);
        self.ask(lease, vec![], vec![end]).await;
        let runs = self.0.runs(RunFilter::default()).await.unwrap();
        let found = runs.into_iter().find(|entry| entry.id == run);
        found.unwrap_or_else(|| panic!("run {run} is not in the ledger"))
    }
}

pub(super) fn due_claim(stored: &StoredJob, now: DateTime<Utc>) -> Claim {
    Claim::new(
        stored.job.id().clone(),
        stored.state.birth,
        ClaimKind::Advance {
            revision: stored.state.revision,
            plan: plan(&stored.job.view(&stored.state), now),
        },
    )
}

/// A run by hand.
pub(super) fn manual_claim(stored: &StoredJob, now: DateTime<Utc>) -> Claim {
    Claim::new(
        stored.job.id().clone(),
        stored.state.birth,
        ClaimKind::Manual {
            incarnation: stored.state.incarnation,
            plan: punctual_core::plan::manual(&stored.job.view(&stored.state), now),
            overrides: RunOverrides::none(),
        },
    )
}

pub(super) const CANCELLED: Outcome = Outcome::Cancelled(CancelReason::User);
