//! The handle of a scheduler and all its verbs.

mod add;
mod all_jobs;
mod attached;
pub(crate) mod background;
mod call;
mod cancel_run;
mod client;
mod declare;
mod doubles;
mod edit;
mod executors;
mod get_jobs;
mod guard;
mod into_job_id;
mod into_run;
mod job_handle;
mod job_table;
mod lifecycle;
mod list;
mod list_runs;
mod list_stream;
mod listen;
mod merge;
mod modify;
mod moved;
mod of_run;
mod once;
mod page;
mod pause;
mod releases;
mod remote_tasks;
mod remove;
mod repair_counts;
mod reschedule;
mod run_handle;
mod run_job;
mod runs;
mod service;
mod shutdown;
mod signals;
mod start;
mod tasks;
mod transfer;
mod unique;
mod validate;

pub use add::AddJob;
pub use all_jobs::{PauseAllJobs, RemoveAllJobs, ResumeAllJobs};
pub use call::Call;
pub use cancel_run::CancelRun;
pub use client::Client;
pub use get_jobs::{GetJobs, GetJobsPage};
pub use guard::DropGuard;
pub use into_job_id::IntoJobId;
use into_job_id::job_id;
pub use into_run::IntoRun;
pub use job_handle::JobHandle;
pub use job_table::{GetJobTable, JobTable};
pub use list::UpcomingRun;
pub use list_runs::{Runs, RunsPage};
pub use list_stream::{JobStream, RunStream};
pub use modify::ModifyJob;
pub use page::{Cursor, Page};
pub use pause::{PauseJob, ResumeJob};
pub use remove::RemoveJob;
pub use reschedule::RescheduleJob;
pub use run_handle::RunHandle;
pub use run_job::RunJob;
pub use service::Stopped;
pub use shutdown::Shutdown;
pub use signals::{ShutdownSignal, shutdown_signal};
pub use start::Start;
pub use tasks::TaskInfo;

use std::sync::{Arc, OnceLock, Weak};

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot, watch};

use crate::builder::SchedulerBuilder;
use crate::command::{Answer, Command};
use crate::error::{Error, not_running};
use crate::report::ShutdownReport;
use crate::shared::Shared;
use crate::shared::keep::Keeper;
use crate::stores::health::StoreHealth;

/// Runs jobs when they are due. A handle is cheap to clone, and all clones name the same scheduler.
///
/// After its start, a scheduler goes on until it is [shut down](Self::shutdown), or until the
/// runtime on which it was started ends. A tokio task of `tokio::spawn` does the same. All handles
/// may be dropped. [`drop_guard`](Self::drop_guard) is for programs in which a drop is to end the
/// scheduler.
///
/// After the shutdown the scheduler can be started again, with the same functions, state and
/// listeners. Some handles keep these for the next start. They are the handle that
/// [`build`](SchedulerBuilder::build) returned, and each handle that has started the scheduler,
/// stopped it or waited for its end. When the last of these handles is dropped, the functions, the
/// state and the listeners are dropped too. A clone inside the scheduler's state, a job or a
/// listener does not count, so it keeps nothing alive after the shutdown.
///
/// The verbs ask the store themselves and do not wait for the scheduler task. They therefore work
/// before the start and after the shutdown too, unless they say otherwise.
pub struct Scheduler {
    pub(crate) shared: Arc<Shared>,
    /// Empty in a handle that keeps nothing for another start.
    keeper: OnceLock<Keeper>,
}

impl Clone for Scheduler {
    fn clone(&self) -> Self {
        Self::of(Arc::clone(&self.shared))
    }
}

/// A handle that keeps nothing in memory, neither the scheduler nor what was given to the
/// scheduler.
#[derive(Clone)]
pub struct WeakScheduler {
    shared: Weak<Shared>,
}

impl WeakScheduler {
    /// Returns the scheduler, if it runs or a handle still holds it.
    #[must_use]
    pub fn upgrade(&self) -> Option<Scheduler> {
        self.shared.upgrade().map(Scheduler::of)
    }

    /// Returns a handle of a scheduler that is gone.
    pub(crate) fn gone() -> Self {
        Self {
            shared: Weak::new(),
        }
    }
}

/// # Making a scheduler
impl Scheduler {
    /// Makes a scheduler with a store in memory, in UTC, and without declared jobs. It does not run
    /// before its [start](Self::start).
    ///
    /// ```
    /// # use punctual_core::Crontab;
    /// # use punctual_tokio::Scheduler;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), punctual_tokio::Error> {
    /// let scheduler = Scheduler::new();
    /// scheduler.add_job(async || println!("hello"), Crontab::new("* * * * *")).await?;
    /// scheduler.start().await?;
    /// # Ok(()) }
    /// ```
    #[expect(
        clippy::missing_panics_doc,
        reason = "a builder without settings builds"
    )]
    #[must_use]
    pub fn new() -> Self {
        let plain = SchedulerBuilder::new().build();
        plain.expect("only settings can be wrong, and there are none")
    }

    /// Begins to build a scheduler.
    pub fn builder() -> SchedulerBuilder {
        SchedulerBuilder::new()
    }

    /// Returns the first handle of a scheduler.
    pub(crate) fn first(shared: Shared) -> Self {
        let first = Self::of(Arc::new(shared));
        first.keep();
        first
    }

    /// Returns one more handle.
    fn of(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            keeper: OnceLock::new(),
        }
    }

    /// Lets this handle keep what the scheduler was given, unless that is gone. Returns whether the
    /// handle keeps it.
    fn keep(&self) -> bool {
        if self.keeper.get().is_none()
            && let Some(keeper) = Keeper::of(&self.shared)
        {
            // Another thread may have set the keeper of the same handle first.
            let _ = self.keeper.set(keeper);
        }
        self.keeper.get().is_some()
    }
}

/// # Observing
impl Scheduler {
    /// Returns a handle that keeps nothing in memory.
    #[must_use]
    pub fn downgrade(&self) -> WeakScheduler {
        WeakScheduler {
            shared: Arc::downgrade(&self.shared),
        }
    }

    /// Returns the time that the scheduler's clock shows.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.shared.clock.now()
    }

    /// Returns the health of each store, which tells if the store answers.
    #[must_use]
    pub fn health(&self) -> Vec<StoreHealth> {
        let stores = self.shared.stores();
        let reports = stores.iter().map(|named| {
            let may_lose = named.store.capabilities().may_lose;
            StoreHealth {
                may_lose: may_lose.map(str::to_owned),
                ..named.health.report()
            }
        });
        reports.collect()
    }

    fn commands(&self) -> Option<mpsc::Sender<Command>> {
        let life = self.shared.life();
        let life = life.as_ref().filter(|life| life.goes_on());
        life.map(|life| life.commands.clone())
    }

    /// Returns a channel that will hold what the shutdown left behind, if the scheduler runs.
    fn end_of_life(&self) -> Option<watch::Receiver<Option<ShutdownReport>>> {
        let life = self.shared.life();
        let life = life.as_ref().filter(|life| life.goes_on());
        life.map(|life| life.ended.clone())
    }

    /// Does the same as `ask`, if there is a scheduler task that takes commands. The last second of
    /// a shutdown has none.
    pub(crate) async fn ask_if_running<T>(
        &self,
        command: impl FnOnce(Answer<T>) -> Command,
    ) -> Result<Option<T>, Error> {
        match self.ask(command).await {
            Err(error) if error.is_not_running() => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// Sends a command to the scheduler task and waits for its answer.
    pub(crate) async fn ask<T>(
        &self,
        command: impl FnOnce(Answer<T>) -> Command,
    ) -> Result<T, Error> {
        let commands = self.commands().ok_or_else(not_running)?;
        let (answer, answered) = oneshot::channel();
        let sent = commands.send(command(answer)).await;
        sent.map_err(|_| not_running())?;
        answered.await.map_err(|_| not_running())
    }
}

impl Default for Scheduler {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scheduler")
            .field("node", &self.shared.node)
            .field("is_running", &self.is_running())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for WeakScheduler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WeakScheduler").finish_non_exhaustive()
    }
}
