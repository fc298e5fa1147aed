//! An executor in use.

use std::sync::Arc;

use punctual_machine::ActiveKey;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::process::Pool;
use super::{Executor, Kind};
use crate::error::Error;
use crate::handler::{RunInfo, Task};
use crate::site::{self, Local, Site};

/// An executor in use. Runs that are under way keep it, even after it was removed.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    site: Site,
    runs: Runs,
}

/// The kind of code that an executor runs.
#[derive(Debug, Clone)]
enum Runs {
    /// Functions of this process.
    Functions,
    /// Programs.
    Programs,
    /// Functions, in other processes.
    InWorkers(Arc<Pool>),
}

/// The task of a job, and the place where it runs.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    pub(crate) task: Task,
    pub(crate) place: Place,
}

impl Place {
    pub(super) fn new(alias: &str, executor: &Executor) -> Result<Self, Error> {
        // A limit that is refused must not have started a thread.
        let permits = site::permits(alias, executor.limit)?;
        let kind = match &executor.kind {
            Kind::Tokio | Kind::Process | Kind::Command => site::Kind::Runtime,
            Kind::Blocking => site::Kind::Threads,
            Kind::Local => site::Kind::Local(Local::on_own_thread()?),
            Kind::LocalSet(local) => site::Kind::Local(local.clone()),
            Kind::Inline => site::Kind::Inline,
        };
        let site = Site::new(kind, permits);
        let runs = match &executor.kind {
            Kind::Process => Runs::InWorkers(Pool::new(alias)?),
            Kind::Command => Runs::Programs,
            _ => Runs::Functions,
        };
        Ok(Self { site, runs })
    }

    pub(crate) fn is_local(&self) -> bool {
        self.site.is_local()
    }

    pub(crate) fn is_process(&self) -> bool {
        matches!(self.runs, Runs::InWorkers(_))
    }

    pub(crate) fn starts_processes(&self) -> bool {
        !matches!(self.runs, Runs::Functions)
    }

    pub(crate) fn is_command(&self) -> bool {
        matches!(self.runs, Runs::Programs)
    }

    /// Returns `true` if a run may have to wait for its turn.
    pub(crate) fn keeps_waiting(&self) -> bool {
        self.site.keeps_waiting()
    }

    /// Begins an attempt in this process or in another one.
    pub(crate) fn begin(
        &self,
        task: &Task,
        runtime: &Handle,
        info: Arc<RunInfo>,
        key: ActiveKey,
    ) -> AbortHandle {
        match &self.runs {
            Runs::InWorkers(pool) => self
                .site
                .limited(runtime, Box::pin(pool.attempt(info, key))),
            Runs::Functions | Runs::Programs => task.0.start(runtime, &self.site, info, key),
        }
    }
}
