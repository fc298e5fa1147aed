//! The handle: every verb of the scheduler.

mod add;
mod declare;
mod edit;
mod executors;
mod lifecycle;
mod list;
mod modify;
mod once;
mod page;
mod recount;
mod runs;
mod service;
mod signals;
mod tasks;
mod transfer;
mod unique;

pub use add::AddJob;
pub use edit::Resume;
pub use list::{JobSnapshot, JobStatus, Upcoming};
pub use modify::ModifyJob;
pub use page::{Cursor, Page};
pub(crate) use signals::Signals;
pub use tasks::TaskInfo;
pub(crate) use unique::Adding;

use std::sync::{Arc, Mutex, PoisonError, Weak};

use chrono::{DateTime, Utc};
use punctual_core::JobId;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};

use crate::builder::SchedulerBuilder;
use crate::bus::{Events, IntoListened, ListenerId};
use crate::command::{Answer, Command, ShutdownReport};
use crate::core::Core;
use crate::error::{Error, ErrorKind};
use crate::event::{Event, EventMask};
use crate::health::StoreHealth;

/// Runs jobs when they are due. A cheap handle: clones are the same scheduler.
///
/// Dropping the last handle stops new runs; those under way end by themselves. Handles that jobs
/// get from their [`JobContext`](crate::JobContext) are [weak](WeakScheduler), so that a job does
/// not keep its scheduler alive.
///
/// The verbs ask the store themselves and do not wait for the scheduler's task, so they work
/// before the start and after the shutdown too, unless they say otherwise.
#[derive(Clone)]
pub struct Scheduler {
    pub(crate) core: Arc<Core>,
    alive: Arc<Alive>,
}

/// Lives as long as a strong handle is held.
struct Alive {
    /// The last one, once it was started.
    life: Mutex<Option<Life>>,
}

/// The scheduler from a start to its shutdown.
struct Life {
    /// To the scheduler's task.
    commands: mpsc::Sender<Command>,
    /// What the shutdown left behind, once it is over.
    ended: watch::Receiver<Option<ShutdownReport>>,
}

impl Life {
    fn goes_on(&self) -> bool {
        !self.commands.is_closed()
    }
}

/// A handle that does not keep the scheduler running.
#[derive(Clone)]
pub struct WeakScheduler {
    core: Arc<Core>,
    alive: Weak<Alive>,
}

impl WeakScheduler {
    /// The scheduler, if a handle still holds it.
    #[must_use]
    pub fn upgrade(&self) -> Option<Scheduler> {
        Some(Scheduler {
            core: Arc::clone(&self.core),
            alive: self.alive.upgrade()?,
        })
    }

    pub(crate) fn require(&self) -> Result<Scheduler, Error> {
        self.upgrade().ok_or_else(Error::not_running)
    }
}

impl Scheduler {
    /// Begins a scheduler.
    pub fn builder() -> SchedulerBuilder {
        SchedulerBuilder::new()
    }

    pub(crate) fn new(core: Core) -> Self {
        Self {
            core: Arc::new(core),
            alive: Arc::new(Alive {
                life: Mutex::new(None),
            }),
        }
    }

    /// A handle that does not keep the scheduler running.
    #[must_use]
    pub fn downgrade(&self) -> WeakScheduler {
        WeakScheduler {
            core: Arc::clone(&self.core),
            alive: Arc::downgrade(&self.alive),
        }
    }

    /// What the scheduler's clock shows.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.core.clock.now()
    }

    /// The events from now on, as a stream.
    pub fn events(&self) -> Events {
        self.core.bus.subscribe()
    }

    /// Calls a function for every event of some kinds, in order, one after another, on the current
    /// runtime. The scheduler does not wait for it.
    ///
    /// ```
    /// # use punctual_tokio::{EventMask, Scheduler};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), punctual_tokio::Error> {
    /// # let scheduler = Scheduler::builder().build()?;
    /// let id = scheduler.add_listener(EventMask::JOB_ERROR, |event| eprintln!("{event:?}"))?;
    /// scheduler.add_listener(EventMask::ALL, |event| Box::pin(async move { drop(event) }))?;
    /// assert!(scheduler.remove_listener(id));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// If there is no tokio runtime here.
    pub fn add_listener<R: IntoListened>(
        &self,
        mask: EventMask,
        callback: impl FnMut(Arc<Event>) -> R + Send + 'static,
    ) -> Result<ListenerId, Error> {
        let runtime = Handle::try_current()
            .map_err(|_| Error::new(ErrorKind::NotRunning, "a listener needs a tokio runtime"))?;
        Ok(self.core.bus.listen(&runtime, mask, callback))
    }

    /// Removes a listener; `false` if it is gone already.
    #[must_use = "whether there was such a listener"]
    pub fn remove_listener(&self, id: ListenerId) -> bool {
        self.core.bus.forget(id)
    }

    /// Whether the stores answer.
    #[must_use]
    pub fn health(&self) -> Vec<StoreHealth> {
        let stores = self.core.stores();
        stores.iter().map(|named| named.health.report()).collect()
    }

    fn commands(&self) -> Option<mpsc::Sender<Command>> {
        let life = self
            .alive
            .life
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let life = life.as_ref().filter(|life| life.goes_on());
        life.map(|life| life.commands.clone())
    }

    /// Asks the scheduler's task.
    pub(crate) async fn ask<T>(
        &self,
        command: impl FnOnce(Answer<T>) -> Command,
    ) -> Result<T, Error> {
        let commands = self.commands().ok_or_else(Error::not_running)?;
        let (answer, answered) = oneshot::channel();
        let sent = commands.send(command(answer)).await;
        sent.map_err(|_| Error::not_running())?;
        answered.await.map_err(|_| Error::not_running())
    }
}

fn job_id(id: impl AsRef<str>) -> Result<JobId, Error> {
    Ok(JobId::new(id)?)
}

impl std::fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scheduler")
            .field("node", &self.core.node)
            .field("is_running", &self.is_running())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for WeakScheduler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WeakScheduler").finish_non_exhaustive()
    }
}
