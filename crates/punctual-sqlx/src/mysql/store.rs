//! The methods of the contract.

use std::future::Future;

use chrono::{DateTime, Utc};
use punctual_core::{Declared, JobId, Run};
use punctual_store::{
    CancelAnswer, CancelRequest, Changes, ClaimReply, ClaimRequest, DueJobs, DueRequest, Error,
    Insert, JobFilter, JobPage, JobStore, Lease, NodeInfo, OpenRequest, OpenRun, Peer,
    RecentRequest, RecountRequest, Recounted, RecoverRequest, Recovered, RenewRequest, Renewal,
    Retention, RunFeed, RunFilter, RunsSince, Statistics, StoreCapabilities, StoreFuture,
    StoredJob, UnreadableJob, Update,
};

use super::error::is_read_only;
use super::{Inner, MysqlStore, retried};

impl Inner {
    /// Makes a call that writes. If its connection turns out to lead to a server that takes no
    /// writes, that connection is closed.
    fn write<'a, T: Send>(
        &'a self,
        call: impl Future<Output = Result<T, Error>> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        StoreFuture::new(async move {
            let answer = call.await;
            if answer.as_ref().is_err_and(is_read_only) {
                self.pools.close_read_only().await.ok();
            }
            answer
        })
    }
}

impl JobStore for MysqlStore {
    fn capabilities(&self) -> StoreCapabilities {
        StoreCapabilities::default()
            .persistent(true)
            .shared(true)
            .does_io(true)
            .may_lose(self.0.may_lose)
    }

    fn add(&self, jobs: Vec<Insert>) -> StoreFuture<'_, Vec<Result<StoredJob, Error>>> {
        self.0.write(self.0.add(jobs))
    }

    fn get(&self, id: JobId) -> StoreFuture<'_, Option<StoredJob>> {
        StoreFuture::new(self.0.get(id))
    }

    fn list(&self, filter: JobFilter) -> StoreFuture<'_, JobPage> {
        StoreFuture::new(self.0.list(filter))
    }

    fn update(&self, update: Update) -> StoreFuture<'_, StoredJob> {
        self.0
            .write(async move { retried!(self.0.update(&update)) })
    }

    fn remove(&self, id: JobId, now: DateTime<Utc>) -> StoreFuture<'_, Option<StoredJob>> {
        self.0
            .write(async move { retried!(self.0.remove(&id, now)) })
    }

    fn clear(&self, now: DateTime<Utc>) -> StoreFuture<'_, u64> {
        self.0.write(self.0.clear(now))
    }

    fn unreadable(&self, limit: usize) -> StoreFuture<'_, Vec<UnreadableJob>> {
        StoreFuture::new(self.0.unreadable(limit))
    }

    fn due(&self, request: DueRequest) -> StoreFuture<'_, DueJobs> {
        StoreFuture::new(self.0.due(request))
    }

    fn claim<'a>(&'a self, request: &'a ClaimRequest) -> StoreFuture<'a, ClaimReply> {
        self.0.write(async move { retried!(self.0.claim(request)) })
    }

    fn register(&self, node: NodeInfo) -> StoreFuture<'_, Lease> {
        self.0
            .write(async move { retried!(self.0.register(&node)) })
    }

    fn renew(&self, request: RenewRequest) -> StoreFuture<'_, Renewal> {
        self.0
            .write(async move { retried!(self.0.renew(&request)) })
    }

    fn note_time(&self, now: DateTime<Utc>) -> StoreFuture<'_, Option<DateTime<Utc>>> {
        StoreFuture::new(self.0.note_time(now))
    }

    fn removed(&self, id: JobId) -> StoreFuture<'_, Option<Declared>> {
        StoreFuture::new(self.0.removed(id))
    }

    fn forget_removed(&self, id: JobId) -> StoreFuture<'_, ()> {
        self.0.write(self.0.forget_removed(id))
    }

    fn leave(&self, lease: Lease) -> StoreFuture<'_, ()> {
        self.0.write(async move { retried!(self.0.leave(&lease)) })
    }

    fn nodes(&self) -> StoreFuture<'_, Vec<Peer>> {
        StoreFuture::new(self.0.peers())
    }

    fn open_runs(&self, request: OpenRequest) -> StoreFuture<'_, Vec<OpenRun>> {
        StoreFuture::new(self.0.open_runs(request))
    }

    fn recover(&self, request: RecoverRequest) -> StoreFuture<'_, Recovered> {
        self.0
            .write(async move { retried!(self.0.recover(&request)) })
    }

    fn cancel(&self, request: CancelRequest) -> StoreFuture<'_, CancelAnswer> {
        self.0
            .write(async move { retried!(self.0.cancel(&request)) })
    }

    fn runs(&self, filter: RunFilter) -> StoreFuture<'_, Vec<Run>> {
        StoreFuture::new(self.0.runs(filter))
    }

    fn recent(&self, request: RecentRequest) -> StoreFuture<'_, Vec<Run>> {
        StoreFuture::new(self.0.recent(request))
    }

    fn runs_since(&self, since: RunFeed, limit: usize) -> StoreFuture<'_, RunsSince> {
        StoreFuture::new(self.0.runs_since(since, limit))
    }

    fn purge(&self, retention: Retention, batch: usize) -> StoreFuture<'_, u64> {
        self.0
            .write(async move { retried!(self.0.purge(retention, batch)) })
    }

    fn statistics(&self, id: JobId) -> StoreFuture<'_, Statistics> {
        StoreFuture::new(self.0.statistics(id))
    }

    fn changes(&self, since: u64) -> StoreFuture<'_, Changes> {
        StoreFuture::new(self.0.changes(since))
    }

    fn recount(&self, request: RecountRequest) -> StoreFuture<'_, Recounted> {
        self.0
            .write(async move { retried!(self.0.recount(&request)) })
    }

    fn time(&self) -> StoreFuture<'_, Option<DateTime<Utc>>> {
        StoreFuture::new(self.0.time())
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        StoreFuture::new(async {
            Self::close(self).await;
            Ok(())
        })
    }
}
