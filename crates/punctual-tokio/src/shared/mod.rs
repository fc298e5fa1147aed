//! The parts of a scheduler, running or not.

pub(crate) mod adding;
mod forgotten;
pub(crate) mod keep;
pub(crate) mod life;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, MutexGuard};

use punctual_core::suggest::nearest;
use punctual_core::{Job, JobId, Policies, TriggerRegistry, Zone};
use punctual_machine::Missing;
use punctual_store::lock::{Mutex, RwLock};
use punctual_store::{JobFilter, JobStore, KnownTasks, NodeInfo, StoredJob};
use tokio::sync::watch;

use self::adding::Adding;
use self::forgotten::Unstarted;
use self::keep::Keepers;
use self::life::Life;
use crate::declared::DeclaredJobs;
use crate::error::{Error, ErrorKind, no_job};
use crate::events::bus::Bus;
use crate::events::listener::Keep;
use crate::events::order::Announcements;
use crate::executor::program;
use crate::executor::{Code, Executor, Executors};
use crate::handler::States;
use crate::handler::registry::{Registry, is_anonymous};
use crate::job::hints::Hints;
use crate::job::snapshot::JobSnapshot;
use crate::metrics::Metrics;
use crate::nearest::{alias_taken, no_alias};
use crate::stores::NamedStore;
use crate::stores::health::Health;
use crate::stores::retention_policy::RetentionPolicy;
use crate::stores::timely::Timely;
use crate::time::clock::Clock;
use crate::voice::Voice;

/// The number of jobs of a store that are looked at for a near id.
const LOOKED_AT: usize = 1_000;

/// The newest release among the living nodes of each store, by the numbers of stores.
pub(crate) type Newest = BTreeMap<u32, u64>;

pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) bus: Bus,
    pub(crate) registry: Registry,
    pub(crate) executors: Executors,
    pub(crate) triggers: TriggerRegistry,
    pub(crate) zone: Zone,
    pub(crate) job_defaults: Policies,
    pub(crate) node: Arc<str>,
    pub(crate) retention: RetentionPolicy,
    pub(crate) declared: DeclaredJobs,
    pub(crate) keepers: Keepers,
    pub(crate) unstarted: Unstarted,
    pub(crate) voice: Arc<Voice>,
    pub(crate) announcements: Arc<Announcements>,
    pub(crate) adding: Arc<Adding>,
    pub(crate) hints: Hints,
    pub(crate) metrics: Metrics,
    pub(crate) release: u64,
    pub(crate) newest: watch::Sender<Newest>,
    states: RwLock<States>,
    /// The store whose server's clock is that of this node.
    clock_leader: Mutex<Option<u32>>,
    /// The last life of the scheduler, if it was ever started.
    life: Mutex<Option<Life>>,
    stores: RwLock<Vec<NamedStore>>,
    next_store: AtomicU32,
}

pub(crate) struct Setup {
    pub(crate) clock: Clock,
    pub(crate) registry: Registry,
    pub(crate) triggers: TriggerRegistry,
    pub(crate) states: States,
    pub(crate) zone: Zone,
    pub(crate) job_defaults: Policies,
    pub(crate) node: Arc<str>,
    pub(crate) retention: RetentionPolicy,
    pub(crate) declared: DeclaredJobs,
    pub(crate) stderr: bool,
    pub(crate) listeners: Vec<Arc<dyn Keep>>,
    pub(crate) release: u64,
}

impl Shared {
    pub(crate) fn new(setup: Setup) -> Self {
        let voice = Arc::new(Voice::new(setup.stderr));
        Self {
            bus: Bus::new(setup.clock.clone(), Arc::clone(&voice), setup.listeners),
            clock: setup.clock,
            registry: setup.registry,
            triggers: setup.triggers,
            states: RwLock::new(setup.states),
            clock_leader: Mutex::default(),
            life: Mutex::default(),
            keepers: Keepers::default(),
            unstarted: Unstarted::default(),
            voice,
            zone: setup.zone,
            job_defaults: setup.job_defaults,
            node: setup.node,
            retention: setup.retention,
            declared: setup.declared,
            release: setup.release,
            newest: watch::Sender::default(),
            announcements: Arc::default(),
            adding: Arc::default(),
            hints: Hints::default(),
            metrics: Metrics::new(),
            executors: Executors::default(),
            stores: RwLock::default(),
            next_store: AtomicU32::new(0),
        }
    }

    pub(crate) fn life(&self) -> MutexGuard<'_, Option<Life>> {
        self.life.lock()
    }

    pub(crate) fn states(&self) -> States {
        self.states.read().clone()
    }

    /// Drops what the scheduler was given. The scheduler cannot be started any more.
    pub(crate) fn let_go(&self) {
        self.bus.end_listeners();
        let mut states = self.states.write();
        let states_taken = std::mem::take(&mut *states);
        drop(states);
        // Both may hold handles, so no lock is held when they are dropped.
        drop(states_taken);
        drop(self.registry.take_all());
    }

    /// Returns the tasks that a store is asked for. Returns `None`, which means all, if no other
    /// node uses the store.
    pub(crate) fn tasks_of(&self, store: &dyn JobStore) -> Option<KnownTasks> {
        let capabilities = store.capabilities();
        capabilities.shared.then(|| {
            let names = self.registry.names().into_iter();
            // In a store that survives the process, no job calls a function without a stable name.
            names
                .filter(|name| !capabilities.persistent || !is_anonymous(name))
                .collect()
        })
    }

    pub(crate) fn node_info(&self) -> NodeInfo {
        NodeInfo::new(Arc::clone(&self.node))
            .tasks(self.registry.names())
            .zones(Zone::database().version)
            .release(self.release)
    }

    /// Adds an executor under an alias that is free. With the first executor for programs, also
    /// adds the task that runs programs. A caller that may only name tasks thus cannot start
    /// programs on a node without such an executor.
    pub(crate) fn add_executor(&self, alias: &str, executor: &Executor) -> Result<Arc<str>, Error> {
        let alias = self.executors.add(alias, executor)?;
        if executor.is_command() {
            self.registry.register(program::TASK, program::task());
        }
        Ok(alias)
    }

    /// Returns a job as a store has answered it, and tells if the job can run on this node.
    pub(crate) fn snapshot(&self, named: &NamedStore, stored: StoredJob) -> JobSnapshot {
        let is_known = self.code_of(&stored.job).is_ok() && stored.job.trigger().is_bound();
        JobSnapshot::new(&named.alias, stored, is_known)
    }

    /// Returns what runs a job on this node. Returns what is missing if the job is parked.
    pub(crate) fn code_of(&self, job: &Job) -> Result<Code, Missing> {
        let place = self.executors.get(job.executor());
        let task = self.registry.get(job.task());
        Ok(Code {
            place: place.ok_or(Missing::Executor)?,
            task: task.ok_or(Missing::Task)?,
        })
    }

    /// Returns the stores, so that the caller can ask them something.
    pub(crate) fn stores(&self) -> Vec<NamedStore> {
        self.unstarted.used();
        self.all_stores()
    }

    /// Returns the store of this alias, or all stores, so that the caller can ask them something.
    pub(crate) fn asked(&self, alias: Option<&str>) -> Result<Vec<NamedStore>, Error> {
        self.unstarted.used();
        match alias {
            Some(alias) => Ok(vec![self.store(alias)?]),
            None => Ok(self.all_stores()),
        }
    }

    pub(crate) fn all_stores(&self) -> Vec<NamedStore> {
        self.stores.read().clone()
    }

    /// Adds a store under an alias that is free, if it can be used with this clock.
    pub(crate) fn add_store(
        &self,
        alias: &str,
        store: Arc<dyn JobStore>,
    ) -> Result<NamedStore, Error> {
        #[cfg(feature = "testing")]
        if self.clock.pauses_time() && store.capabilities().does_io {
            return Err(needs_real_time(alias));
        }
        let mut stores = self.stores.write();
        if stores.iter().any(|named| &*named.alias == alias) {
            return Err(alias_taken("store", alias));
        }
        let alias: Arc<str> = alias.into();
        let health = Arc::new(Health::new(Arc::clone(&alias), Arc::clone(&self.voice)));
        let named = NamedStore {
            id: self.next_store.fetch_add(1, Ordering::Relaxed),
            alias,
            store: Timely::store(Arc::clone(&store), health.calls()),
            bare: store,
            health,
        };
        stores.push(named.clone());
        Ok(named)
    }

    pub(crate) fn take_store(&self, alias: &str) -> Result<NamedStore, Error> {
        let mut stores = self.stores.write();
        let found = stores.iter().position(|named| &*named.alias == alias);
        let taken = found.map(|at| stores.remove(at));
        taken.ok_or_else(|| no_store(alias, &stores))
    }

    /// Returns true if the server of this store tells this node the time. The first store that asks
    /// leads, until it is removed.
    pub(crate) fn leads_clock(&self, store: u32) -> bool {
        let mut leader = self.clock_leader.lock();
        let is_there = |id| self.stores.read().iter().any(|named| named.id == id);
        let leads = leader.filter(|id| is_there(*id)).unwrap_or(store);
        *leader = Some(leads);
        leads == store
    }

    pub(crate) fn store(&self, alias: &str) -> Result<NamedStore, Error> {
        let stores = self.stores.read();
        let found = stores.iter().find(|named| &*named.alias == alias);
        found.cloned().ok_or_else(|| no_store(alias, &stores))
    }

    /// Returns the first store that holds a job of this id, and the job.
    pub(crate) async fn find(&self, id: &JobId) -> Result<(NamedStore, StoredJob), Error> {
        match self.look_for(id).await? {
            Some(found) => Ok(found),
            None => Err(self.no_job(id).await),
        }
    }

    /// Does the same as `find`, for callers to whom a job that is not there is no mistake.
    pub(crate) async fn look_for(
        &self,
        id: &JobId,
    ) -> Result<Option<(NamedStore, StoredJob)>, Error> {
        for named in self.stores() {
            if let Some(found) = named.store.get(id.clone()).await? {
                return Ok(Some((named, found)));
            }
        }
        Ok(None)
    }

    /// Returns the error for a job that no store has. It names a job with a near id, if there is one
    /// among the first of a store that answers without waiting.
    pub(crate) async fn no_job(&self, id: &JobId) -> Error {
        let mut known = Vec::new();
        for named in self.all_stores() {
            let filter = JobFilter {
                limit: LOOKED_AT,
                ..JobFilter::default()
            };
            if named.store.capabilities().answers_in_place
                && let Ok(page) = named.store.list(filter).await
            {
                known.extend(page.jobs);
            }
        }
        let ids = known.iter().map(|stored| stored.job.id().as_str());
        match nearest(id.as_str(), ids) {
            Some(near) => {
                let message = format!("there is no job `{id}`; did you mean `{near}`?");
                Error::of(ErrorKind::NotFound, message)
            }
            None => no_job(id),
        }
    }
}

/// Returns the error for a store that needs real time. Paused time jumps to the time-out of a call
/// while the thread or the network is still working on its answer.
#[cfg(feature = "testing")]
fn needs_real_time(alias: &str) -> Error {
    let message = format!(
        "store `{alias}`: it does real I/O, and `TestClock::at` pauses tokio's time, in which its calls time \
         out before they are answered; make the clock with `TestClock::with_io(..)`, or use a `MemoryStore`"
    );
    Error::of(ErrorKind::Invalid, message)
}

fn no_store(alias: &str, stores: &[NamedStore]) -> Error {
    let known: Vec<_> = stores
        .iter()
        .map(|named| Arc::clone(&named.alias))
        .collect();
    no_alias("store", alias, &known)
}
