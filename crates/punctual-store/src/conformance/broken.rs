//! Stores that break one rule each, to test the suite.

use std::sync::Arc;

use chrono::DateTime;
use punctual_core::{JobId, MaxInstances, Run, RunId};

use crate::{
    Changes, Claim, ClaimAnswer, ClaimKind, ClaimReply, ClaimRequest, Error, Insert, JobFilter,
    JobStore, Lease, NodeInfo, OnConflict, OpenRun, Peer, RecoverRequest, Recovered, Renewal,
    Reply, RunFilter, Statistics, StoreTraits, StoredJob, Update, Window, WindowRequest,
};

/// What a [`Broken`] store does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Adds over a job whose id is taken.
    AddsTwice,
    /// Keeps whole seconds.
    LosesMicroseconds,
    /// Hands the window out newest first.
    UnsortedWindow,
    /// Updates whatever revision it is given.
    IgnoresRevisions,
    /// Decides a fire time again for whoever asks.
    ClaimsTwice,
    /// Admits any number of instances.
    IgnoresLimits,
    /// Forgets ends that come with claims.
    ForgetsEnds,
    /// Lets anybody claim, whatever epoch.
    IgnoresEpochs,
    /// Tells a request to cancel to nobody.
    ForgetsCancels,
    /// Opens a run by hand again when the request is repeated.
    RunsByHandTwice,
    /// Runs nothing again.
    NeverReruns,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::AddsTwice,
        Self::LosesMicroseconds,
        Self::UnsortedWindow,
        Self::IgnoresRevisions,
        Self::ClaimsTwice,
        Self::IgnoresLimits,
        Self::ForgetsEnds,
        Self::IgnoresEpochs,
        Self::ForgetsCancels,
        Self::RunsByHandTwice,
        Self::NeverReruns,
    ];
}

/// A store with a fault.
#[derive(Debug, Clone)]
pub struct Broken<S> {
    inner: S,
    fault: Fault,
}

impl<S: JobStore> Broken<S> {
    /// A good store made bad.
    pub fn new(inner: S, fault: Fault) -> Self {
        Self { inner, fault }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    /// The claim as it would be asked for by somebody who has just read the row.
    async fn fresh(&self, claim: &Claim) -> Result<Claim, Error> {
        let mut claim = claim.clone();
        if let (ClaimKind::Advance { revision, .. }, Some(row)) =
            (&mut claim.kind, self.inner.get(claim.id.clone()).await?)
        {
            *revision = row.state.revision;
        }
        Ok(claim)
    }

    async fn without_limits(&self, id: &JobId) -> Result<(), Error> {
        let Some(row) = self.inner.get(id.clone()).await? else {
            return Ok(());
        };
        let mut policies = *row.job.policies();
        policies.max_instances = MaxInstances::UNLIMITED;
        let update = Update {
            job: Arc::new(punctual_core::Job::clone(&row.job).with_policies(policies)),
            state: row.state,
            new_incarnation: false,
            decided: None,
            now: DateTime::UNIX_EPOCH,
        };
        self.inner.update(update).await.map(drop)
    }

    async fn broken_claim(&self, request: &ClaimRequest) -> Result<ClaimReply, Error> {
        let mut request = request.clone();
        if self.has(Fault::ForgetsEnds) && !request.claims.is_empty() {
            request.ends.clear();
        }
        request.is_repeated &= !self.has(Fault::RunsByHandTwice);
        if self.has(Fault::IgnoresEpochs) {
            let peers = self.inner.nodes().await?;
            let own = peers
                .iter()
                .find(|peer| peer.info.name == request.lease.node);
            request.lease.epoch = own.map_or(request.lease.epoch, |peer| peer.epoch);
        }
        let mut reply = self.inner.claim(&request).await?;
        let claims = std::mem::take(&mut request.claims);
        request.ends.clear();
        for (claim, answer) in claims.iter().zip(&mut reply.answers) {
            let retries = match answer {
                ClaimAnswer::Won(_) => false,
                ClaimAnswer::Lost(_) => self.has(Fault::ClaimsTwice),
                ClaimAnswer::AtLimit(_) => self.has(Fault::IgnoresLimits),
            };
            if retries {
                self.without_limits(&claim.id).await?;
                request.claims = vec![self.fresh(claim).await?];
                let mut again = self.inner.claim(&request).await?;
                *answer = again.answers.pop().unwrap_or(ClaimAnswer::Lost(None));
            }
        }
        Ok(reply)
    }
}

impl<S: JobStore> JobStore for Broken<S> {
    fn traits(&self) -> StoreTraits {
        self.inner.traits()
    }

    fn add(&self, mut jobs: Vec<Insert>) -> Reply<'_, Vec<Result<StoredJob, Error>>> {
        for insert in &mut jobs {
            if self.has(Fault::AddsTwice) {
                insert.on_conflict = OnConflict::Replace;
            }
            if self.has(Fault::LosesMicroseconds) {
                let next = insert.state.next_run_time;
                insert.state.next_run_time =
                    next.and_then(|next| DateTime::from_timestamp(next.timestamp(), 0));
            }
        }
        self.inner.add(jobs)
    }

    fn get(&self, id: JobId) -> Reply<'_, Option<StoredJob>> {
        self.inner.get(id)
    }

    fn list(&self, filter: JobFilter) -> Reply<'_, Vec<StoredJob>> {
        self.inner.list(filter)
    }

    fn update(&self, mut update: Update) -> Reply<'_, StoredJob> {
        Box::pin(async move {
            if self.has(Fault::IgnoresRevisions)
                && let Some(row) = self.inner.get(update.job.id().clone()).await?
            {
                update.state.revision = row.state.revision;
            }
            self.inner.update(update).await
        })
    }

    fn remove(&self, id: JobId) -> Reply<'_, Option<StoredJob>> {
        self.inner.remove(id)
    }

    fn clear(&self) -> Reply<'_, u64> {
        self.inner.clear()
    }

    fn window(&self, request: WindowRequest) -> Reply<'_, Window> {
        Box::pin(async move {
            let mut window = self.inner.window(request).await?;
            if self.has(Fault::UnsortedWindow) {
                window.jobs.reverse();
            }
            Ok(window)
        })
    }

    fn claim<'a>(&'a self, request: &'a ClaimRequest) -> Reply<'a, ClaimReply> {
        Box::pin(self.broken_claim(request))
    }

    fn register(&self, node: NodeInfo) -> Reply<'_, Lease> {
        self.inner.register(node)
    }

    fn renew(&self, lease: Lease) -> Reply<'_, Renewal> {
        Box::pin(async move {
            let mut renewal = self.inner.renew(lease).await?;
            if self.has(Fault::ForgetsCancels) {
                renewal.cancels.clear();
            }
            Ok(renewal)
        })
    }

    fn leave(&self, lease: Lease) -> Reply<'_, ()> {
        self.inner.leave(lease)
    }

    fn nodes(&self) -> Reply<'_, Vec<Peer>> {
        self.inner.nodes()
    }

    fn open_runs(&self, node: Lease) -> Reply<'_, Vec<OpenRun>> {
        self.inner.open_runs(node)
    }

    fn recover(&self, mut request: RecoverRequest) -> Reply<'_, Recovered> {
        if self.has(Fault::NeverReruns) {
            request.tasks.clear();
        }
        self.inner.recover(request)
    }

    fn request_cancel(&self, run: RunId) -> Reply<'_, bool> {
        self.inner.request_cancel(run)
    }

    fn runs(&self, filter: RunFilter) -> Reply<'_, Vec<Run>> {
        self.inner.runs(filter)
    }

    fn statistics(&self, id: JobId) -> Reply<'_, Statistics> {
        self.inner.statistics(id)
    }

    fn changes(&self, since: u64) -> Reply<'_, Changes> {
        self.inner.changes(since)
    }
}
