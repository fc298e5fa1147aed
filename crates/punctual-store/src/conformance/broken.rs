//! Stores that break one rule each, to test the suite.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::{Job, JobId, MaxInstances, Run, RunId};

use crate::{
    ChangedJobs, Changes, Claim, ClaimAnswer, ClaimKind, ClaimReply, ClaimRequest, Error, Insert,
    JobFilter, JobStore, Lease, NodeInfo, OnConflict, OpenRun, Peer, RecoverRequest, Recovered,
    Renewal, Reply, Retention, RunFilter, Statistics, StoreTraits, StoredJob, Update, Window,
    WindowRequest,
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
    /// Takes ids that differ in case for the same.
    FoldsCase,
    /// Begins every list of jobs anew.
    IgnoresPages,
    /// Leaves out jobs whose tasks nobody has registered.
    DropsUnknownTasks,
    /// Gives every job the same incarnation.
    ReusesIncarnations,
    /// Tells of edits, but not of which.
    SwallowsChanges,
    /// Takes the runs of nodes that are alive.
    RecoversTheLiving,
    /// Lets any node start what another one has queued.
    PromotesForOthers,
    /// Hands the ledger out oldest first.
    UnsortedLedger,
    /// Begins every list of runs anew.
    IgnoresCursors,
    /// Keeps whole seconds in the ledger.
    RoundsTheLedger,
    /// Purges nothing.
    NeverForgets,
    /// Purges whatever has ended.
    ForgetsTooMuch,
    /// Purges without a bound.
    IgnoresBatches,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 24] = [
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
        Self::FoldsCase,
        Self::IgnoresPages,
        Self::DropsUnknownTasks,
        Self::ReusesIncarnations,
        Self::SwallowsChanges,
        Self::RecoversTheLiving,
        Self::PromotesForOthers,
        Self::UnsortedLedger,
        Self::IgnoresCursors,
        Self::RoundsTheLedger,
        Self::NeverForgets,
        Self::ForgetsTooMuch,
        Self::IgnoresBatches,
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
            job: Arc::new(Job::clone(&row.job).with_policies(policies)),
            state: row.state,
            new_incarnation: false,
            decided: None,
            now: DateTime::UNIX_EPOCH,
        };
        self.inner.update(update).await.map(drop)
    }

    /// Asks in the name of the node whose runs are to be promoted.
    async fn as_owner(&self, request: &mut ClaimRequest) -> Result<(), Error> {
        let Some(ClaimKind::Promote { first, .. }) = request.claims.first().map(|c| &c.kind) else {
            return Ok(());
        };
        for peer in self.inner.nodes().await? {
            let owner = Lease {
                node: peer.info.name,
                epoch: peer.epoch,
            };
            let open = self.inner.open_runs(owner.clone()).await?;
            if open.iter().any(|run| run.id == *first) {
                request.lease = owner;
                break;
            }
        }
        Ok(())
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
        if self.has(Fault::PromotesForOthers) {
            self.as_owner(&mut request).await?;
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

/// A job that answers to an id in small letters.
fn folded(job: &Job) -> Arc<Job> {
    let id = JobId::new(job.id().as_str().to_lowercase());
    let id = id.unwrap_or_else(|_| job.id().clone());
    Arc::new(job.clone().with_id(id))
}

fn whole_seconds(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(at.timestamp(), 0).unwrap_or_default()
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
            if self.has(Fault::FoldsCase) {
                insert.job = folded(&insert.job);
            }
            if self.has(Fault::LosesMicroseconds) {
                insert.state.next_run_time = insert.state.next_run_time.map(whole_seconds);
            }
        }
        Box::pin(async move {
            let mut answers = self.inner.add(jobs).await?;
            if self.has(Fault::ReusesIncarnations) {
                let added = answers.iter_mut().flatten();
                added.for_each(|stored| stored.state.incarnation = 1);
            }
            Ok(answers)
        })
    }

    fn get(&self, id: JobId) -> Reply<'_, Option<StoredJob>> {
        self.inner.get(id)
    }

    fn list(&self, mut filter: JobFilter) -> Reply<'_, Vec<StoredJob>> {
        if self.has(Fault::IgnoresPages) {
            filter.after = None;
        }
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
            if self.has(Fault::DropsUnknownTasks) {
                let peers = self.inner.nodes().await?;
                window.jobs.retain(|stored| {
                    let mut tasks = peers.iter().flat_map(|peer| &peer.info.tasks);
                    tasks.any(|task| task == stored.job.task())
                });
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
        Box::pin(async move {
            if self.has(Fault::NeverReruns) {
                request.tasks.clear();
            }
            if self.has(Fault::RecoversTheLiving) {
                let peers = self.inner.nodes().await?;
                let name = &request.dead.info.name;
                if let Some(peer) = peers.into_iter().find(|peer| peer.info.name == *name) {
                    request.dead = peer;
                }
            }
            self.inner.recover(request).await
        })
    }

    fn request_cancel(&self, run: RunId) -> Reply<'_, bool> {
        self.inner.request_cancel(run)
    }

    fn runs(&self, mut filter: RunFilter) -> Reply<'_, Vec<Run>> {
        Box::pin(async move {
            if self.has(Fault::IgnoresCursors) {
                filter.before = None;
            }
            let mut runs = self.inner.runs(filter).await?;
            if self.has(Fault::UnsortedLedger) {
                runs.reverse();
            }
            if self.has(Fault::RoundsTheLedger) {
                for run in &mut runs {
                    run.key.fire_time = whole_seconds(run.key.fire_time);
                    run.started = run.started.map(whole_seconds);
                    run.finished = run.finished.map(whole_seconds);
                }
            }
            Ok(runs)
        })
    }

    fn purge(&self, mut retention: Retention, mut batch: usize) -> Reply<'_, u64> {
        if self.has(Fault::ForgetsTooMuch) {
            retention.per_job = Some(0);
        }
        if self.has(Fault::NeverForgets) {
            batch = 0;
        }
        if self.has(Fault::IgnoresBatches) {
            batch = usize::MAX;
        }
        self.inner.purge(retention, batch)
    }

    fn statistics(&self, id: JobId) -> Reply<'_, Statistics> {
        self.inner.statistics(id)
    }

    fn changes(&self, since: u64) -> Reply<'_, Changes> {
        Box::pin(async move {
            let mut changes = self.inner.changes(since).await?;
            if self.has(Fault::SwallowsChanges) {
                changes.jobs = ChangedJobs::These(Vec::new());
            }
            Ok(changes)
        })
    }
}
