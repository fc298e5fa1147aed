//! Stores that break one rule each, to test the suite.

mod defect;
mod pause;
mod read;
mod torn;

pub use defect::Defect;

use self::torn::Steps;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{Job, JobId, OnLost, Overlap, Policies, PoliciesBuilder, Run, Unlimited};

use crate::layer::forward;
use crate::{
    ChangedJobs, Changes, Claim, ClaimAnswer, ClaimKind, ClaimReply, ClaimRequest, DueJobs,
    DueRequest, Error, Insert, JobFilter, JobPage, JobStore, Lease, OnConflict, OpenRequest,
    OpenRun, RecentRequest, RecoverRequest, Recovered, RenewRequest, Renewal, Retention, RunFeed,
    RunFilter, RunsSince, Statistics, StoreCapabilities, StoreFuture, StoreLayer, StoredJob,
    Update,
};

/// A store with a defect.
#[derive(Debug, Clone)]
pub struct Broken<S>(Breaking<S>);

#[derive(Debug, Clone)]
struct Breaking<S> {
    inner: S,
    defect: Defect,
    steps: Arc<Steps>,
}

impl<S: JobStore> Broken<S> {
    /// Returns the store with a defect.
    pub fn new(inner: S, defect: Defect) -> Self {
        Self(Breaking {
            inner,
            defect,
            steps: Arc::default(),
        })
    }

    /// Returns another instance of the same broken store.
    #[must_use]
    pub fn beside(&self, inner: S) -> Self {
        Self(Breaking {
            inner,
            defect: self.0.defect,
            steps: Arc::clone(&self.0.steps),
        })
    }
}

impl<S: JobStore> JobStore for Broken<S> {
    forward!(|broken| broken.0);
}

impl<S: JobStore> Breaking<S> {
    fn has(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    /// Returns the claim as a node would make it that has just read the row.
    async fn fresh(&self, claim: &Claim) -> Result<Claim, Error> {
        let mut claim = claim.clone();
        if let (ClaimKind::Advance { revision, .. }, Some(row)) =
            (&mut claim.kind, self.inner.get(claim.id.clone()).await?)
        {
            *revision = row.state.revision;
        }
        Ok(claim)
    }

    /// Returns the same claim under a key that is not used yet.
    async fn rekeyed(&self, claim: &Claim) -> Result<Claim, Error> {
        let mut claim = self.fresh(claim).await?;
        if let ClaimKind::Advance { plan, .. } | ClaimKind::Manual { plan, .. } = &mut claim.kind {
            let fire_times = plan.start.iter_mut().chain(&mut plan.queue);
            fire_times.for_each(|fire_time| *fire_time += TimeDelta::microseconds(1));
        }
        Ok(claim)
    }

    async fn change_policies(
        &self,
        id: &JobId,
        change: impl FnOnce(Policies) -> PoliciesBuilder,
    ) -> Result<(), Error> {
        let Some(row) = self.inner.get(id.clone()).await? else {
            return Ok(());
        };
        let policies = change(*row.job.policies());
        let policies = policies
            .build()
            .expect("the policies of the suite are valid");
        let update = Update {
            job: Arc::new(Job::clone(&row.job).with_policies(policies)),
            state: row.state,
            new_incarnation: false,
            decided: None,
            now: DateTime::UNIX_EPOCH,
        };
        self.inner.update(update).await.map(drop)
    }

    /// Asks in the name of the node whose runs end.
    async fn as_owner(&self, request: &mut ClaimRequest) -> Result<(), Error> {
        let Some(end) = request.ends.first() else {
            return Ok(());
        };
        for peer in self.inner.nodes().await? {
            let node = Lease {
                node: peer.info.name,
                epoch: peer.epoch,
            };
            let its = OpenRequest {
                node: node.clone(),
                after: None,
                limit: usize::MAX,
            };
            let open = self.inner.open_runs(its).await?;
            if open.iter().any(|run| run.id == end.run) {
                request.lease = node;
                break;
            }
        }
        Ok(())
    }

    async fn prepared(&self, request: &ClaimRequest) -> Result<ClaimRequest, Error> {
        let mut request = request.clone();
        if self.has(Defect::ForgetsEnds) && !request.claims.is_empty() {
            request.ends.clear();
        }
        if self.has(Defect::IgnoresEpochs) {
            let peers = self.inner.nodes().await?;
            let mut peers = peers.iter();
            let own = peers.find(|peer| peer.info.name == request.lease.node);
            request.lease.epoch = own.map_or(request.lease.epoch, |peer| peer.epoch);
        }
        if self.has(Defect::EndsForOthers) {
            self.as_owner(&mut request).await?;
        }
        if self.has(Defect::NeverHandsOut) {
            request.takes_waiting = false;
        }
        request.takes_waiting |= self.has(Defect::HandsOutUnasked);
        if self.has(Defect::IgnoresOwnOverlaps) {
            for claim in &mut request.claims {
                if let ClaimKind::Manual { overrides, .. } = &mut claim.kind {
                    overrides.overlap = None;
                }
            }
        }
        if self.has(Defect::ForgetsRetries) {
            request.ends.iter_mut().for_each(|end| end.retry_at = None);
        }
        Ok(request)
    }

    async fn broken_claim(&self, request: &ClaimRequest) -> Result<ClaimReply, Error> {
        let mut request = self.prepared(request).await?;
        if self.has(Defect::NeverReplaces) {
            for claim in &request.claims {
                let queue = |policies: Policies| match policies.overlap() {
                    Overlap::CancelRunning => {
                        PoliciesBuilder::from(policies).overlap(Overlap::queue(9))
                    }
                    _ => policies.into(),
                };
                self.change_policies(&claim.id, queue).await?;
            }
            for index in 0..request.claims.len() {
                request.claims[index] = self.fresh(&request.claims[index]).await?;
            }
        }
        let mut reply = if self.has(Defect::HandsOutInAPause) {
            self.claim_in_a_pause(&request).await?
        } else {
            self.inner.claim(&request).await?
        };
        if self.has(Defect::ForgetsOwnArguments) {
            let handed = reply.handed.iter_mut();
            handed
                .flat_map(|handed| &mut handed.runs)
                .for_each(|run| run.args = None);
        }
        if self.has(Defect::HidesWhatLeft) {
            reply.removed.clear();
        }
        if self.has(Defect::ReusesTokens) {
            let won = |answer: &mut ClaimAnswer| {
                if let ClaimAnswer::Won(won) = answer {
                    won.token = 1;
                }
            };
            reply.answers.iter_mut().for_each(won);
        }
        let claims = std::mem::take(&mut request.claims);
        request.ends.clear();
        for (claim, answer) in claims.iter().zip(&mut reply.answers) {
            let again = match answer {
                ClaimAnswer::Won(_) | ClaimAnswer::NotTried => false,
                ClaimAnswer::Lost(_) => match claim.kind {
                    ClaimKind::Manual { .. } => self.has(Defect::RunsByHandTwice),
                    ClaimKind::Advance { .. } | ClaimKind::Promote => self.has(Defect::ClaimsTwice),
                },
                ClaimAnswer::AtLimit(_) => {
                    self.has(Defect::IgnoresLimits) || self.has(Defect::IgnoresQueues)
                }
            };
            if again {
                let unlimited = |policies: Policies| {
                    let mut changed = PoliciesBuilder::from(policies);
                    if !self.has(Defect::IgnoresQueues) {
                        changed = changed.max_instances(Unlimited);
                    }
                    match policies.overlap() {
                        Overlap::Queue { .. } => changed.overlap(Overlap::queue(99)),
                        _ => changed,
                    }
                };
                self.change_policies(&claim.id, unlimited).await?;
                request.claims = vec![self.rekeyed(claim).await?];
                let mut again = self.inner.claim(&request).await?;
                *answer = again.answers.pop().unwrap_or(ClaimAnswer::Lost(None));
            }
        }
        Ok(reply)
    }
}

/// Returns the job with its id in lower case.
fn folded(job: &Job) -> Arc<Job> {
    let id = JobId::new(job.id().as_str().to_lowercase());
    let id = id.unwrap_or_else(|_| job.id().clone());
    Arc::new(job.clone().with_id(id))
}

fn cut(job: &Job) -> Arc<Job> {
    let name = job.own_name().map(|name| {
        let end = name.find('\0').unwrap_or(name.len());
        name[..end].to_owned()
    });
    Arc::new(job.clone().with_name(name.as_deref()))
}

fn whole_seconds(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(at.timestamp(), 0).unwrap_or_default()
}

impl<S: JobStore> StoreLayer for Breaking<S> {
    fn inner(&self) -> &dyn JobStore {
        &self.inner
    }

    fn capabilities(&self) -> StoreCapabilities {
        // A defect may have to make calls of its own.
        self.inner.capabilities().answers_in_place(false)
    }

    fn add(&self, mut jobs: Vec<Insert>) -> StoreFuture<'_, Vec<Result<StoredJob, Error>>> {
        for insert in &mut jobs {
            if self.has(Defect::AddsTwice) {
                insert.on_conflict = OnConflict::Replace;
            }
            if self.has(Defect::FoldsCase) {
                insert.job = folded(&insert.job);
            }
            if self.has(Defect::LosesMicroseconds) {
                insert.state.next_run_time = insert.state.next_run_time.map(whole_seconds);
            }
            if self.has(Defect::CutsAtNul) {
                insert.job = cut(&insert.job);
            }
            if self.has(Defect::PassesOverSilently) {
                insert.now = DateTime::<Utc>::MIN_UTC;
            }
            if self.has(Defect::ForgetsPauses) {
                insert.state.paused = false;
            }
        }
        StoreFuture::new(async move {
            if self.has(Defect::AddsWhatIsTaken) {
                let mut answers = Vec::new();
                for job in jobs {
                    answers.push(self.torn_add(job).await);
                }
                return Ok(answers);
            }
            let mut answers = self.inner.add(jobs).await?;
            if self.has(Defect::ReusesIncarnations) {
                let added = answers.iter_mut().flatten();
                added.for_each(|stored| stored.state.incarnation = 1);
            }
            Ok(answers)
        })
    }

    fn list(&self, filter: JobFilter) -> StoreFuture<'_, JobPage> {
        StoreFuture::new(self.broken_list(filter))
    }

    fn update(&self, mut update: Update) -> StoreFuture<'_, StoredJob> {
        StoreFuture::new(async move {
            if self.has(Defect::UpdatesWhatHasMoved) {
                return self.torn_update(update).await;
            }
            if self.has(Defect::IgnoresRevisions)
                && let Some(row) = self.inner.get(update.job.id().clone()).await?
            {
                update.state.revision = row.state.revision;
            }
            update.new_incarnation |= self.has(Defect::ForgetsKeys);
            if self.has(Defect::ForgetsWhatReplacingKeeps) {
                update.state.paused = false;
            }
            let answer = self.inner.update(update).await;
            self.steps.step();
            answer
        })
    }

    fn remove(&self, id: JobId, mut now: DateTime<Utc>) -> StoreFuture<'_, Option<StoredJob>> {
        if self.has(Defect::PassesOverSilently) {
            now = DateTime::<Utc>::MIN_UTC;
        }
        self.inner.remove(id, now)
    }

    fn due(&self, mut request: DueRequest) -> StoreFuture<'_, DueJobs> {
        StoreFuture::new(async move {
            if self.has(Defect::TellsOfAllTasks) {
                request.tasks = None;
            }
            let mut due = self.inner.due(request).await?;
            if self.has(Defect::UnsortedWindow) {
                due.jobs.reverse();
            }
            if self.has(Defect::DropsUnknownTasks) {
                let peers = self.inner.nodes().await?;
                due.jobs.retain(|due| {
                    let mut tasks = peers.iter().flat_map(|peer| &peer.info.tasks);
                    tasks.any(|task| task == due.stored.job.task())
                });
            }
            Ok(due)
        })
    }

    fn claim<'a>(&'a self, request: &'a ClaimRequest) -> StoreFuture<'a, ClaimReply> {
        StoreFuture::new(async move {
            let reply = match self.defect {
                Defect::ClaimsAfterItsDeath
                | Defect::HandsOutWhatIsGone
                | Defect::CountsTooEarly => self.torn_claim(request).await,
                Defect::UpdatesWhatHasMoved | Defect::LosesWhatHasEnded => {
                    self.steps.come_between().await;
                    self.broken_claim(request).await
                }
                _ => self.broken_claim(request).await,
            };
            self.steps.step();
            reply
        })
    }

    fn forget_removed(&self, id: JobId) -> StoreFuture<'_, ()> {
        if self.has(Defect::RemembersRemovals) {
            return StoreFuture::ready(Ok(()));
        }
        self.inner.forget_removed(id)
    }

    fn note_time(&self, now: DateTime<Utc>) -> StoreFuture<'_, Option<DateTime<Utc>>> {
        StoreFuture::new(async move {
            let noted = self.inner.note_time(now).await?;
            Ok(noted.map(|noted| {
                if self.has(Defect::ForgetsTheTime) {
                    now
                } else {
                    noted
                }
            }))
        })
    }

    fn renew(&self, request: RenewRequest) -> StoreFuture<'_, Renewal> {
        StoreFuture::new(async move {
            let now = request.now;
            let mut renewal = self.inner.renew(request).await?;
            if self.has(Defect::ShowsOneClock) {
                let beats = renewal.beats.iter_mut();
                beats.for_each(|beat| beat.clock = Some(now));
            }
            if self.has(Defect::ForgetsCancels) {
                renewal.cancels.clear();
            }
            if self.has(Defect::HidesThePast) {
                let names: Vec<_> = renewal.beats.iter().map(|b| b.node.clone()).collect();
                let newest = |lease: &Lease| {
                    let mut same = names.iter().filter(|other| other.node == lease.node);
                    same.all(|other| other.epoch <= lease.epoch)
                };
                renewal.beats.retain(|beat| newest(&beat.node));
            }
            Ok(renewal)
        })
    }

    fn leave(&self, lease: Lease) -> StoreFuture<'_, ()> {
        if self.has(Defect::NeverLetsGo) {
            return StoreFuture::ready(Ok(()));
        }
        self.inner.leave(lease)
    }

    fn open_runs(&self, mut request: OpenRequest) -> StoreFuture<'_, Vec<OpenRun>> {
        if self.has(Defect::SettlesAllTogether) {
            request.after = None;
        }
        self.inner.open_runs(request)
    }

    fn recover(&self, mut request: RecoverRequest) -> StoreFuture<'_, Recovered> {
        StoreFuture::new(async move {
            if self.has(Defect::LosesWhatHasEnded) {
                return self.torn_recover(request).await;
            }
            if self.has(Defect::ClaimsAfterItsDeath) {
                self.steps.come_between().await;
            }
            if self.has(Defect::SettlesAllTogether) {
                request.limit = usize::MAX;
            }
            if self.has(Defect::RecoversTheLiving) {
                let renewal = self.inner.nodes().await?;
                let name = &request.dead.node;
                if let Some(peer) = renewal.into_iter().find(|peer| peer.info.name == *name) {
                    request.beats = peer.beats;
                }
            }
            if self.has(Defect::RecoversTheUnknown) {
                let peers = self.inner.nodes().await?.into_iter();
                let mut same = peers.filter(|peer| peer.info.name == request.dead.node);
                request.dead.epoch = same.next_back().map_or(request.dead.epoch, |peer| {
                    request.dead.epoch.min(peer.epoch)
                });
            }
            if self.has(Defect::NeverReruns) {
                let its = OpenRequest {
                    node: request.dead.clone(),
                    after: None,
                    limit: usize::MAX,
                };
                for run in self.inner.open_runs(its).await? {
                    let never = |policies: Policies| {
                        PoliciesBuilder::from(policies).on_lost(OnLost::Record)
                    };
                    self.change_policies(&run.job, never).await?;
                }
            }
            let mut recovered = self.inner.recover(request).await?;
            self.steps.step();
            if self.has(Defect::LosesTwice) {
                recovered.lost.extend_from_within(..);
            }
            Ok(recovered)
        })
    }

    fn runs(&self, mut filter: RunFilter) -> StoreFuture<'_, Vec<Run>> {
        StoreFuture::new(async move {
            if self.has(Defect::IgnoresCursors) {
                filter.before = None;
            }
            if self.has(Defect::IgnoresOutcomes) {
                filter.outcomes = None;
            }
            let mut runs = self.inner.runs(filter).await?;
            if self.has(Defect::UnsortedLedger) {
                runs.reverse();
            }
            if self.has(Defect::HidesOwnArguments) {
                runs.iter_mut().for_each(|run| run.args = None);
            }
            if self.has(Defect::ForgetsRanges) {
                runs.iter_mut().for_each(|run| run.range = None);
            }
            if self.has(Defect::RoundsTheLedger) {
                for run in &mut runs {
                    run.key.fire_time = whole_seconds(run.key.fire_time);
                    run.started = run.started.map(whole_seconds);
                    run.finished = run.finished.map(whole_seconds);
                }
            }
            Ok(runs)
        })
    }

    fn recent(&self, request: RecentRequest) -> StoreFuture<'_, Vec<Run>> {
        StoreFuture::new(self.broken_recent(request))
    }

    fn runs_since(&self, since: RunFeed, limit: usize) -> StoreFuture<'_, RunsSince> {
        StoreFuture::new(self.broken_feed(since, limit))
    }

    fn purge(&self, mut retention: Retention, mut batch: usize) -> StoreFuture<'_, u64> {
        if self.has(Defect::ForgetsTooMuch) {
            retention.per_job = Some(0);
        }
        if self.has(Defect::NeverForgets) {
            batch = 0;
        }
        if self.has(Defect::IgnoresBatches) {
            batch = usize::MAX;
        }
        self.inner.purge(retention, batch)
    }

    fn statistics(&self, id: JobId) -> StoreFuture<'_, Statistics> {
        StoreFuture::new(async move {
            if self.has(Defect::CountsForTheId) {
                let mut statistics = Statistics::default();
                let runs = self.inner.runs(RunFilter::job(id)).await?.into_iter();
                let outcomes = runs.filter_map(|run| run.state.outcome());
                outcomes.for_each(|outcome| statistics.count(outcome, 1));
                return Ok(statistics);
            }
            let mut statistics = self.inner.statistics(id).await?;
            if self.has(Defect::LearnsNothing) {
                (statistics.last_run, statistics.usual_micros) = (None, None);
            }
            Ok(statistics)
        })
    }

    fn changes(&self, since: u64) -> StoreFuture<'_, Changes> {
        StoreFuture::new(async move {
            let mut changes = self.inner.changes(since).await?;
            if self.has(Defect::SwallowsChanges) {
                changes.jobs = ChangedJobs::These(Vec::new());
            }
            Ok(changes)
        })
    }
}
