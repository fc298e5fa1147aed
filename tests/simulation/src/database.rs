//! The database that outlives all processes: a memory store, and a log of every edit that was
//! committed, whatever those who asked for it believe.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use chrono::{DateTime, Utc};
use futures::FutureExt;
use punctual_core::{JobId, Run, RunId, RunState};
use punctual_store as store;
use punctual_store::checker::{Between, History};
use punctual_store::{
    Error, JobFilter, JobPage, JobStore, LedgerLimits, MemoryStore, OpenRun, StoreFuture, StoredJob,
};

use super::place::{Owners, Place};
use super::world::World;

const LEDGER: LedgerLimits = LedgerLimits::new(10_000_000, 10_000_000);

#[derive(Clone)]
pub(crate) struct Database {
    inner: MemoryStore,
    world: World,
    log: Arc<Mutex<Log>>,
}

#[derive(Default)]
struct Log {
    open: BTreeMap<JobId, Logged>,
    closed: Vec<Logged>,
    owners: Owners,
}

/// What was logged of a job.
#[derive(Clone)]
pub(crate) struct Logged {
    pub(crate) history: History,
    /// The tasks that it called.
    pub(crate) tasks: BTreeSet<String>,
}

impl Logged {
    fn of(row: &StoredJob, history: History) -> Self {
        Self {
            history,
            tasks: BTreeSet::from([row.job.task().to_string()]),
        }
    }

    fn with(mut self, change: impl FnOnce(History) -> History) -> Self {
        self.history = change(self.history);
        self
    }
}

/// The answer of a store that never lets anyone wait.
fn now<T>(reply: StoreFuture<'_, T>) -> Result<T, Error> {
    reply.now_or_never().unwrap()
}

impl Database {
    pub(crate) fn new(world: World) -> Self {
        Self {
            inner: MemoryStore::with_ledger(LEDGER),
            world,
            log: Arc::default(),
        }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap()
    }

    /// All that was logged; jobs that are there still stand as they are.
    pub(crate) fn logged(&self) -> Vec<Logged> {
        let rows = self.rows();
        let log = self.log();
        let open = rows.iter().map(|row| {
            let logged = log.open[row.job.id()].clone();
            logged.with(|history| history.stands(row))
        });
        log.closed.iter().cloned().chain(open).collect()
    }

    pub(crate) fn names(&self) -> Vec<(String, usize)> {
        self.log().owners.names().collect()
    }

    /// The open runs that belong to none of these processes.
    pub(crate) fn abandoned(&self, living: &[Place]) -> Vec<Run> {
        let mut open = self.open_runs_of_all();
        let log = self.log();
        open.retain(|run| {
            run.state == RunState::Running && log.owners.is_abandoned(run.id, living)
        });
        open
    }

    /// The lease that a process goes by.
    pub(crate) fn lease_of(&self, at: Place) -> Option<store::Lease> {
        self.log().owners.lease_of(at).cloned()
    }

    pub(crate) fn open_runs_of_all(&self) -> Vec<Run> {
        let filter = store::RunFilter {
            open: true,
            ..store::RunFilter::default()
        };
        self.runs(filter).unwrap()
    }

    /// The numbers of the runs that belong to a node.
    fn under_way(&self) -> BTreeSet<RunId> {
        let mut runs = self.open_runs_of_all();
        runs.retain(|run| run.state == RunState::Running);
        runs.iter().map(|run| run.id).collect()
    }

    pub(crate) fn rows(&self) -> Vec<StoredJob> {
        self.list(JobFilter::default()).unwrap().jobs
    }

    fn left(&self, row: &StoredJob, at: impl Into<Between>) {
        let mut log = self.log();
        let logged = log.open.remove(row.job.id()).unwrap();
        let logged = logged.with(|history| history.removed(row, at));
        log.closed.push(logged);
    }

    /// Notes that an edit removed a job.
    fn taken_out(&self, row: &StoredJob, asked: DateTime<Utc>) {
        let at = self.since(asked);
        if let Some(logged) = self.log().open.get_mut(row.job.id()) {
            logged.history = logged.history.clone().removal(at);
        }
        self.left(row, at);
    }

    /// From when an edit was decided on until now.
    fn since(&self, asked: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        let now = self.world.now();
        (asked.min(now), now)
    }

    fn edited(&self, before: Option<StoredJob>, after: &StoredJob, asked: DateTime<Utc>) {
        let at = self.since(asked);
        self.world.tell(after.job.id().as_str(), || {
            format!("{:?} {:?}", after.state, after.job)
        });
        let mut log = self.log();
        let id = after.job.id();
        let logged = match before.zip(log.open.remove(id)) {
            Some((before, logged)) => logged.with(|history| history.edited(&before, after, at)),
            None => Logged::of(after, History::of(after, at)),
        };
        log.open.insert(id.clone(), logged);
        let task = after.job.task().to_string();
        log.open.get_mut(id).unwrap().tasks.insert(task);
    }

    pub(crate) fn add(&self, jobs: Vec<store::Insert>) -> Vec<Result<StoredJob, Error>> {
        let add = |insert: store::Insert| {
            let before = self.get(insert.job.id())?;
            let asked = insert.now;
            let added = now(self.inner.add(vec![insert]))?.remove(0)?;
            self.edited(before, &added, asked);
            Ok(added)
        };
        jobs.into_iter().map(add).collect()
    }

    pub(crate) fn get(&self, id: &JobId) -> Result<Option<StoredJob>, Error> {
        now(self.inner.get(id.clone()))
    }

    pub(crate) fn list(&self, filter: JobFilter) -> Result<JobPage, Error> {
        now(self.inner.list(filter))
    }

    pub(crate) fn update(&self, update: store::Update) -> Result<StoredJob, Error> {
        let before = self.get(update.job.id())?;
        let asked = update.now;
        let after = now(self.inner.update(update))?;
        self.edited(before, &after, asked);
        Ok(after)
    }

    pub(crate) fn remove(&self, id: &JobId, at: DateTime<Utc>) -> Result<Option<StoredJob>, Error> {
        let removed = now(self.inner.remove(id.clone(), at))?;
        if let Some(row) = &removed {
            self.taken_out(row, at);
        }
        Ok(removed)
    }

    pub(crate) fn clear(&self, at: DateTime<Utc>) -> Result<u64, Error> {
        let rows = self.rows();
        let count = now(self.inner.clear(at))?;
        rows.iter().for_each(|row| self.taken_out(row, at));
        Ok(count)
    }

    pub(crate) fn due(&self, request: store::DueRequest) -> Result<store::DueJobs, Error> {
        now(self.inner.due(request))
    }

    pub(crate) fn claim(&self, request: &store::ClaimRequest) -> Result<store::ClaimReply, Error> {
        let reply = now(self.inner.claim(request))?;
        for (claim, answer) in request.claims.iter().zip(&reply.answers) {
            if let store::ClaimAnswer::Won(won) = answer {
                let started = claim.kind.plan().map_or(0, |plan| plan.start.len());
                let started = (won.first.0..).map(RunId).take(started);
                for (run, token) in started.clone().zip(won.token..) {
                    self.world.give(run, token);
                }
                self.log().owners.opened(started, &request.lease);
            }
            self.world.tell(claim.id.as_str(), || {
                let answer = match answer {
                    store::ClaimAnswer::Won(won) => format!("{won:?}"),
                    store::ClaimAnswer::Lost(row) => {
                        format!("lost, now {:?}", row.as_ref().map(|row| row.state))
                    }
                    store::ClaimAnswer::AtLimit(row) => format!("at limit: {:?}", row.state),
                    store::ClaimAnswer::NotTried => "not tried".to_owned(),
                };
                format!("{} claims {:?}: {answer}", request.lease.node, claim.kind)
            });
        }
        for end in &request.ends {
            self.world
                .tell("ends", || format!("{} {end:?}", request.lease.node));
        }
        for handed in &reply.handed {
            for run in &handed.runs {
                self.world.give(run.id, run.token);
            }
            let runs = handed.runs.iter().map(|run| run.id);
            self.log().owners.opened(runs, &request.lease);
            self.world.tell(handed.job.job.id().as_str(), || {
                format!("{} is handed {:?}", request.lease.node, handed.runs)
            });
        }
        reply
            .removed
            .iter()
            .for_each(|row| self.left(row, self.world.now()));
        Ok(reply)
    }

    pub(crate) fn register(&self, info: store::NodeInfo, at: Place) -> Result<store::Lease, Error> {
        let lease = now(self.inner.register(info))?;
        self.log().owners.registered(&lease, at);
        Ok(lease)
    }

    pub(crate) fn renew(&self, request: store::RenewRequest) -> Result<store::Renewal, Error> {
        now(self.inner.renew(request))
    }

    pub(crate) fn leave(&self, lease: store::Lease) -> Result<(), Error> {
        now(self.inner.leave(lease))
    }

    pub(crate) fn nodes(&self) -> Result<Vec<store::Peer>, Error> {
        now(self.inner.nodes())
    }

    pub(crate) fn open_runs(&self, request: store::OpenRequest) -> Result<Vec<OpenRun>, Error> {
        now(self.inner.open_runs(request))
    }

    pub(crate) fn recover(
        &self,
        request: store::RecoverRequest,
    ) -> Result<store::Recovered, Error> {
        let by = format!("{:?} recovers {:?}", request.by, request.dead);
        let under_way = self.under_way();
        let recovered = now(self.inner.recover(request))?;
        self.world
            .tell("recover", || format!("{by}: {recovered:?}"));
        // Lost, or free to be begun again.
        let still = self.under_way();
        for run in under_way.difference(&still) {
            self.world.forsake(*run);
        }
        recovered
            .removed
            .iter()
            .for_each(|row| self.left(row, self.world.now()));
        Ok(recovered)
    }

    pub(crate) fn cancel(
        &self,
        request: store::CancelRequest,
    ) -> Result<store::CancelAnswer, Error> {
        let by = format!("{request:?}");
        let answer = now(self.inner.cancel(request))?;
        self.world.tell("cancel", || format!("{by}: {answer:?}"));
        if let store::CancelAnswer::Ended { removed, .. } = &answer {
            removed
                .iter()
                .for_each(|row| self.left(row, self.world.now()));
        }
        Ok(answer)
    }

    pub(crate) fn runs(&self, filter: store::RunFilter) -> Result<Vec<Run>, Error> {
        now(self.inner.runs(filter))
    }

    pub(crate) fn recent(&self, request: store::RecentRequest) -> Result<Vec<Run>, Error> {
        now(self.inner.recent(request))
    }

    pub(crate) fn runs_since(
        &self,
        since: store::RunFeed,
        limit: usize,
    ) -> Result<store::RunsSince, Error> {
        now(self.inner.runs_since(since, limit))
    }

    pub(crate) fn purge(&self, retention: store::Retention, batch: usize) -> Result<u64, Error> {
        now(self.inner.purge(retention, batch))
    }

    pub(crate) fn statistics(&self, id: JobId) -> Result<store::Statistics, Error> {
        now(self.inner.statistics(id))
    }

    pub(crate) fn changes(&self, since: u64) -> StoreFuture<'_, store::Changes> {
        self.inner.changes(since)
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Database").field(&self.inner).finish()
    }
}
