//! Calls that are torn in two. They read, let another call come between, and write what they
//! decided on the old values.

use std::future::poll_fn;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use punctual_core::{Policies, PoliciesBuilder, RunState, Unlimited};

use super::{Breaking, Defect};
use crate::{
    Claim, ClaimAnswer, ClaimKind, ClaimReply, ClaimRequest, Error, ErrorKind, Handed, Insert,
    JobStore, NodeInfo, OnConflict, OpenRequest, OpenRun, RecoverRequest, Recovered, RunFeed,
    RunFilter, RunsSince, StoredJob, Update,
};

/// The time after which a call goes on if no other call comes between. The thread of the other call
/// may still wait for a processor.
const LONGEST: Duration = Duration::from_millis(10);

/// The state that all instances of a broken store share.
#[derive(Debug, Default)]
pub(super) struct Steps {
    count: AtomicU64,
    /// The number of torn calls that have read and not yet written.
    torn: AtomicU64,
    /// The end of the last run that the feed reported.
    fed: AtomicI64,
}

impl Steps {
    pub(super) fn step(&self) -> u64 {
        self.count.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Notes these ends, and returns the latest end that the feed reported before.
    pub(super) fn feed(&self, ends: impl Iterator<Item = i64>) -> i64 {
        let latest = ends.max().unwrap_or(i64::MIN);
        self.fed.fetch_max(latest, Ordering::SeqCst)
    }

    /// Waits until another call has made progress.
    async fn pause(&self) {
        let own = self.step();
        self.torn.fetch_add(1, Ordering::SeqCst);
        wait_until(|| self.count.load(Ordering::SeqCst) != own).await;
        self.torn.fetch_sub(1, Ordering::SeqCst);
    }

    /// Waits until a torn call has read, so that this call comes between.
    ///
    /// It then does not matter which of two threads gets a processor first.
    pub(super) async fn come_between(&self) {
        wait_until(|| self.torn.load(Ordering::SeqCst) > 0).await;
    }
}

async fn wait_until(is_over: impl Fn() -> bool) {
    let began = Instant::now();
    poll_fn(|context| {
        if began.elapsed() > LONGEST || is_over() {
            return Poll::Ready(());
        }
        thread::yield_now();
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl<S: JobStore> Breaking<S> {
    /// Reads that the id is free, and takes it later.
    pub(super) async fn torn_add(&self, mut insert: Insert) -> Result<StoredJob, Error> {
        let is_free = self.inner.get(insert.job.id().clone()).await?.is_none();
        self.steps.pause().await;
        if is_free {
            insert.on_conflict = OnConflict::Replace;
        }
        let mut answers = self.inner.add(vec![insert]).await?;
        answers
            .pop()
            .unwrap_or_else(|| Err(Error::full("no answer")))
    }

    /// Compares the revision, and writes later.
    pub(super) async fn torn_update(&self, mut update: Update) -> Result<StoredJob, Error> {
        let id = update.job.id().clone();
        let read = self.inner.get(id.clone()).await?;
        let is_newest = read.is_some_and(|row| row.state.revision == update.state.revision);
        self.steps.pause().await;
        if let Some(row) = self.inner.get(id).await?.filter(|_| is_newest) {
            update.state.revision = row.state.revision;
        }
        self.inner.update(update).await
    }

    /// Reads the runs of the dead node, and takes them later.
    pub(super) async fn torn_recover(&self, request: RecoverRequest) -> Result<Recovered, Error> {
        let its = OpenRequest {
            node: request.dead.clone(),
            after: None,
            limit: request.limit,
        };
        let read = self.inner.open_runs(its).await?;
        self.steps.pause().await;
        let recovered = self.inner.recover(request).await?;
        Ok(Recovered {
            lost: read,
            ..recovered
        })
    }

    /// Checks the lease, the room and the waiting runs, and claims later.
    pub(super) async fn torn_claim(&self, request: &ClaimRequest) -> Result<ClaimReply, Error> {
        let peers = self.inner.nodes().await?;
        let mut peers = peers.iter();
        let holds = peers
            .any(|peer| peer.info.name == request.lease.node && peer.epoch == request.lease.epoch);
        let read = match request.claims.first() {
            Some(claim) => self.inner.get(claim.id.clone()).await?,
            None => None,
        };
        self.steps.pause().await;
        let reply = match self.inner.claim(request).await {
            Err(error)
                if error.kind() == ErrorKind::Fenced
                    && holds
                    && self.has(Defect::ClaimsAfterItsDeath) =>
            {
                return self.claim_again(request).await;
            }
            reply => reply?,
        };
        let (Some(claim), Some(read)) = (request.claims.first(), read) else {
            return Ok(reply);
        };
        match claim.kind {
            ClaimKind::Promote if self.has(Defect::HandsOutWhatIsGone) && read.state.queued > 0 => {
                self.with_what_waited(reply, &read).await
            }
            ClaimKind::Advance { .. } | ClaimKind::Manual { .. }
                if self.has(Defect::CountsTooEarly) && read.state.running == 0 =>
            {
                self.without_limit(request, claim, reply).await
            }
            _ => Ok(reply),
        }
    }

    /// Reads the runs of the feed, and its position later.
    pub(super) async fn torn_feed(&self, since: RunFeed, limit: usize) -> Result<RunsSince, Error> {
        let read = self.inner.runs_since(since, limit).await?;
        self.steps.pause().await;
        let end = self.inner.runs_since(RunFeed::END, 1).await?;
        Ok(RunsSince {
            next: end.next,
            ..read
        })
    }

    /// Claims under an epoch that no node was given.
    async fn claim_again(&self, request: &ClaimRequest) -> Result<ClaimReply, Error> {
        let mut request = request.clone();
        let node = NodeInfo {
            name: request.lease.node.clone(),
            tasks: vec![],
            zones: String::new(),
            release: 0,
        };
        request.lease = self.inner.register(node).await?;
        self.inner.claim(&request).await
    }

    async fn with_what_waited(
        &self,
        mut reply: ClaimReply,
        read: &StoredJob,
    ) -> Result<ClaimReply, Error> {
        let runs = RunFilter::job(read.job.id().clone());
        let runs = self.inner.runs(runs).await?;
        let began = runs.into_iter().find(|run| run.state == RunState::Running);
        if let Some(run) = began.filter(|_| reply.handed.is_empty()) {
            let token = read.state.token;
            let run = OpenRun::new(run.id, token, run.job, read.state.birth, run.key);
            reply.handed.push(Handed {
                job: read.clone(),
                runs: vec![run],
            });
        }
        Ok(reply)
    }

    async fn without_limit(
        &self,
        request: &ClaimRequest,
        claim: &Claim,
        reply: ClaimReply,
    ) -> Result<ClaimReply, Error> {
        if !matches!(reply.answers[..], [ClaimAnswer::AtLimit(_)]) {
            return Ok(reply);
        }
        let unlimited =
            |policies: Policies| PoliciesBuilder::from(policies).max_instances(Unlimited);
        self.change_policies(&claim.id, unlimited).await?;
        let mut request = request.clone();
        request.claims = vec![self.fresh(claim).await?];
        self.inner.claim(&request).await
    }
}
