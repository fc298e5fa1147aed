//! The store as one process sees it: the shared database behind a line that may be bad.
//!
//! A `FaultyStore` cannot stand here. The database is not a store and is told which process asks, and the line draws
//! for each call how long it takes there and back and whether it fails.

use chrono::{DateTime, Utc};
use punctual_core::{JobId, Run};
use punctual_store as store;
use punctual_store::{JobStore, StoreFuture};

use super::database::Database;
use super::line::{Fate, Line, unavailable};
use super::place::Place;

#[derive(Debug, Clone)]
pub(crate) struct RemoteStore {
    pub(crate) database: Database,
    pub(crate) line: Line,
    /// Who is at the other end.
    pub(crate) at: Place,
}

impl RemoteStore {
    fn call<'a, T: Send + 'a>(
        &'a self,
        commit: impl FnOnce(&'a Database) -> Result<T, store::Error> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        StoreFuture::new(async move {
            self.line.travel().await;
            let fate = self.line.fate();
            if fate == Fate::Failed {
                return Err(unavailable());
            }
            let answer = commit(&self.database);
            self.line.travel().await;
            if fate == Fate::Unheard {
                return Err(unavailable());
            }
            answer
        })
    }
}

impl JobStore for RemoteStore {
    fn capabilities(&self) -> store::StoreCapabilities {
        store::StoreCapabilities::default()
            .persistent(true)
            .shared(true)
    }
    fn add(
        &self,
        jobs: Vec<store::Insert>,
    ) -> StoreFuture<'_, Vec<Result<store::StoredJob, store::Error>>> {
        self.call(|database| Ok(database.add(jobs)))
    }
    fn get(&self, id: JobId) -> StoreFuture<'_, Option<store::StoredJob>> {
        self.call(move |database| database.get(&id))
    }
    fn list(&self, filter: store::JobFilter) -> StoreFuture<'_, store::JobPage> {
        self.call(|database| database.list(filter))
    }
    fn update(&self, update: store::Update) -> StoreFuture<'_, store::StoredJob> {
        self.call(|database| database.update(update))
    }
    fn remove(&self, id: JobId, now: DateTime<Utc>) -> StoreFuture<'_, Option<store::StoredJob>> {
        self.call(move |database| database.remove(&id, now))
    }
    fn clear(&self, now: DateTime<Utc>) -> StoreFuture<'_, u64> {
        self.call(move |database| database.clear(now))
    }
    fn due(&self, request: store::DueRequest) -> StoreFuture<'_, store::DueJobs> {
        self.call(|database| database.due(request))
    }
    fn claim<'a>(&'a self, request: &'a store::ClaimRequest) -> StoreFuture<'a, store::ClaimReply> {
        self.call(move |database| database.claim(request))
    }
    fn register(&self, node: store::NodeInfo) -> StoreFuture<'_, store::Lease> {
        self.call(|database| database.register(node, self.at))
    }
    fn renew(&self, request: store::RenewRequest) -> StoreFuture<'_, store::Renewal> {
        self.call(|database| database.renew(request))
    }
    fn leave(&self, lease: store::Lease) -> StoreFuture<'_, ()> {
        self.call(|database| database.leave(lease))
    }
    fn nodes(&self) -> StoreFuture<'_, Vec<store::Peer>> {
        self.call(Database::nodes)
    }
    fn open_runs(&self, request: store::OpenRequest) -> StoreFuture<'_, Vec<store::OpenRun>> {
        self.call(|database| database.open_runs(request))
    }
    fn recover(&self, request: store::RecoverRequest) -> StoreFuture<'_, store::Recovered> {
        self.call(|database| database.recover(request))
    }
    fn cancel(&self, request: store::CancelRequest) -> StoreFuture<'_, store::CancelAnswer> {
        self.call(|database| database.cancel(request))
    }
    fn runs(&self, filter: store::RunFilter) -> StoreFuture<'_, Vec<Run>> {
        self.call(|database| database.runs(filter))
    }
    fn recent(&self, request: store::RecentRequest) -> StoreFuture<'_, Vec<Run>> {
        self.call(|database| database.recent(request))
    }
    fn runs_since(&self, since: store::RunFeed, limit: usize) -> StoreFuture<'_, store::RunsSince> {
        self.call(move |database| database.runs_since(since, limit))
    }
    fn purge(&self, retention: store::Retention, batch: usize) -> StoreFuture<'_, u64> {
        self.call(move |database| database.purge(retention, batch))
    }
    fn statistics(&self, id: JobId) -> StoreFuture<'_, store::Statistics> {
        self.call(|database| database.statistics(id))
    }
    /// As a store does that polls a counter once a second.
    fn changes(&self, since: u64) -> StoreFuture<'_, store::Changes> {
        StoreFuture::new(async move {
            let wait = self.line.wait(1_000);
            tokio::time::sleep(wait).await;
            let changes = self.database.changes(since).await;
            if self.line.condition().works() {
                changes
            } else {
                Err(unavailable())
            }
        })
    }
}
