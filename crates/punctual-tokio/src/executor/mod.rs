//! The places where runs take place. They are executors under aliases, each with a limit of its
//! own.

mod place;
pub(crate) mod process;
pub(crate) mod program;

use std::sync::Arc;

use punctual_store::lock::RwLock;
use tokio::task::LocalSet;

pub(crate) use self::place::{Code, Place};
use crate::error::Error;
use crate::nearest::{alias_taken, no_alias};
use crate::site::Local;

/// A place for the runs of jobs that choose it by its alias.
///
/// ```
/// use punctual_tokio::{Executor, Scheduler};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), punctual_tokio::Error> {
/// let scheduler = Scheduler::builder().build()?;
/// scheduler.add_executor("uploads", Executor::tokio().at_most(4)).await?;
/// scheduler.add_executor("disk", Executor::blocking(2)).await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Executor {
    kind: Kind,
    limit: Option<usize>,
}

#[derive(Debug, Clone)]
enum Kind {
    Tokio,
    Blocking,
    Local,
    LocalSet(Local),
    Process,
    Command,
    Inline,
}

impl Executor {
    /// Runs async functions as tasks of the runtime, and plain functions on its threads for
    /// blocking work. It has no limit of its own.
    #[must_use]
    pub fn tokio() -> Self {
        Self {
            kind: Kind::Tokio,
            limit: None,
        }
    }

    /// Runs everything on threads for blocking work, up to `threads` in parallel. An async function
    /// has its thread for itself. It cannot be aborted and is only told to end.
    #[must_use]
    pub fn blocking(threads: usize) -> Self {
        Self {
            kind: Kind::Blocking,
            limit: Some(threads),
        }
    }

    /// Runs every async function on one thread of its own. Tasks whose futures cannot leave their
    /// thread ([`local_task`](crate::SchedulerBuilder::local_task)) need such an executor. Plain
    /// functions run on the runtime's threads for blocking work.
    #[must_use]
    pub fn local() -> Self {
        Self {
            kind: Kind::Local,
            limit: None,
        }
    }

    /// Runs jobs as [`local`](Self::local) does, on the thread that drives a [`LocalSet`] of yours.
    /// Jobs share the thread with all else that runs there. They wait while the set is not driven.
    #[must_use]
    pub fn local_set(set: &LocalSet) -> Self {
        Self {
            kind: Kind::LocalSet(Local::on(set)),
            limit: None,
        }
    }

    /// Runs everything in worker processes, at most `workers` at the same time.
    ///
    /// A run that crashes takes nothing else with it, and one that does not end is killed. The
    /// workers are this program again. They need [`process::init`](crate::process::init) first in
    /// `main`, and find functions by name.
    #[must_use]
    pub fn process(workers: usize) -> Self {
        Self {
            kind: Kind::Process,
            limit: Some(workers),
        }
    }

    /// Runs programs ([`Program`](crate::Program)) and nothing else, up to `programs` in parallel.
    /// Jobs that are programs look for it under the alias `command`.
    #[must_use]
    pub fn command(programs: usize) -> Self {
        Self {
            kind: Kind::Command,
            limit: Some(programs),
        }
    }

    pub(crate) fn is_command(&self) -> bool {
        matches!(self.kind, Kind::Command)
    }

    pub(crate) fn starts_processes(&self) -> bool {
        matches!(self.kind, Kind::Command | Kind::Process)
    }

    /// Runs every function without delay in the scheduler's own task, up to the first time that the
    /// function waits. It is meant for tests. A plain function that blocks holds up the scheduler.
    #[must_use]
    pub fn inline() -> Self {
        Self {
            kind: Kind::Inline,
            limit: None,
        }
    }

    /// Limits the executor to `runs` in parallel. Further runs wait for their turn, in order.
    ///
    /// The timeout of a job counts from the time at which its run begins. A run that waits beyond
    /// the grace time of its job is missed, and one that is cancelled while it waits never begins.
    #[must_use]
    pub fn at_most(self, runs: usize) -> Self {
        let limit = Some(runs);
        Self { limit, ..self }
    }
}

/// The executors of a scheduler, in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct Executors(RwLock<Vec<(Arc<str>, Place)>>);

impl Executors {
    pub(crate) fn add(&self, alias: &str, executor: &Executor) -> Result<Arc<str>, Error> {
        let place = Place::new(alias, executor)?;
        let mut all = self.0.write();
        if all.iter().any(|(other, _)| &**other == alias) {
            return Err(alias_taken("executor", alias));
        }
        let alias: Arc<str> = alias.into();
        all.push((Arc::clone(&alias), place));
        Ok(alias)
    }

    pub(crate) fn remove(&self, alias: &str) -> Result<Arc<str>, Error> {
        let mut all = self.0.write();
        let found = all.iter().position(|(other, _)| &**other == alias);
        let taken = found.map(|at| all.remove(at).0);
        drop(all);
        taken.ok_or_else(|| self.unknown(alias))
    }

    /// Returns the error for an alias that no executor has.
    pub(crate) fn unknown(&self, alias: &str) -> Error {
        no_alias("executor", alias, &self.aliases())
    }

    pub(crate) fn get(&self, alias: &str) -> Option<Place> {
        let all = self.0.read();
        let found = all.iter().find(|(other, _)| &**other == alias);
        found.map(|(_, place)| place.clone())
    }

    pub(crate) fn has(&self, alias: &str) -> bool {
        let all = self.0.read();
        all.iter().any(|(other, _)| &**other == alias)
    }

    /// Returns the alias of the first executor that starts processes.
    pub(crate) fn first_of_processes(&self) -> Option<Arc<str>> {
        let all = self.0.read();
        let found = all.iter().find(|(_, place)| place.starts_processes());
        found.map(|(alias, _)| Arc::clone(alias))
    }

    pub(crate) fn aliases(&self) -> Vec<Arc<str>> {
        let all = self.0.read();
        all.iter().map(|(alias, _)| Arc::clone(alias)).collect()
    }
}
