//! The store as one process sees it: the shared database behind a line that may be bad.

use punctual_core::{JobId, Run, RunId};
use punctual_store as store;
use punctual_store::{JobStore, Reply};

use super::database::Database;
use super::line::{Fate, Line, unavailable};
use super::place::Place;

#[derive(Debug, Clone)]
pub(crate) struct Faulty {
    pub(crate) database: Database,
    pub(crate) line: Line,
    /// Who is at the other end.
    pub(crate) at: Place,
}

impl Faulty {
    fn call<'a, T: Send + 'a>(
        &'a self,
        commit: impl FnOnce(&'a Database) -> Result<T, store::Error> + Send + 'a,
    ) -> Reply<'a, T> {
        Box::pin(async move {
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

impl JobStore for Faulty {
    fn traits(&self) -> store::StoreTraits {
        store::StoreTraits {
            persistent: true,
            shared: true,
        }
    }
    fn add(
        &self,
        jobs: Vec<store::Insert>,
    ) -> Reply<'_, Vec<Result<store::StoredJob, store::Error>>> {
        self.call(|database| Ok(database.add(jobs)))
    }
    fn get(&self, id: JobId) -> Reply<'_, Option<store::StoredJob>> {
        self.call(move |database| database.get(&id))
    }
    fn list(&self, filter: store::JobFilter) -> Reply<'_, Vec<store::StoredJob>> {
        self.call(|database| database.list(filter))
    }
    fn update(&self, update: store::Update) -> Reply<'_, store::StoredJob> {
        self.call(|database| database.update(update))
    }
    fn remove(&self, id: JobId) -> Reply<'_, Option<store::StoredJob>> {
        self.call(move |database| database.remove(&id))
    }
    fn clear(&self) -> Reply<'_, u64> {
        self.call(Database::clear)
    }
    fn window(&self, request: store::WindowRequest) -> Reply<'_, store::Window> {
        self.call(|database| database.window(request))
    }
    fn claim<'a>(&'a self, request: &'a store::ClaimRequest) -> Reply<'a, store::ClaimReply> {
        self.call(move |database| database.claim(request))
    }
    fn register(&self, node: store::NodeInfo) -> Reply<'_, store::Lease> {
        self.call(|database| database.register(node, self.at))
    }
    fn renew(&self, lease: store::Lease) -> Reply<'_, store::Renewal> {
        self.call(|database| database.renew(lease))
    }
    fn leave(&self, lease: store::Lease) -> Reply<'_, ()> {
        self.call(|database| database.leave(lease))
    }
    fn nodes(&self) -> Reply<'_, Vec<store::Peer>> {
        self.call(Database::nodes)
    }
    fn open_runs(&self, node: store::Lease) -> Reply<'_, Vec<store::OpenRun>> {
        self.call(|database| database.open_runs(node))
    }
    fn recover(&self, request: store::RecoverRequest) -> Reply<'_, store::Recovered> {
        self.call(|database| database.recover(request))
    }
    fn request_cancel(&self, run: RunId) -> Reply<'_, bool> {
        self.call(move |database| database.request_cancel(run))
    }
    fn runs(&self, filter: store::RunFilter) -> Reply<'_, Vec<Run>> {
        self.call(|database| database.runs(filter))
    }
    fn purge(&self, retention: store::Retention, batch: usize) -> Reply<'_, u64> {
        self.call(move |database| database.purge(retention, batch))
    }
    fn statistics(&self, id: JobId) -> Reply<'_, store::Statistics> {
        self.call(|database| database.statistics(id))
    }
    /// As a store does that polls a counter once a second.
    fn changes(&self, since: u64) -> Reply<'_, store::Changes> {
        Box::pin(async move {
            let wait = self.line.wait(1_000);
            tokio::time::sleep(wait).await;
            let changes = self.database.changes(since).await;
            if self.line.mood().works() {
                changes
            } else {
                Err(unavailable())
            }
        })
    }
}
