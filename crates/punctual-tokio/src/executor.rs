//! Where runs take place: executors under aliases, each with a limit of its own.

use std::sync::{Arc, PoisonError, RwLock};

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::error::{Error, ErrorKind};

/// Where jobs run that choose it by its alias.
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tokio,
    Blocking,
}

impl Executor {
    /// Async functions are tasks of the runtime, plain functions run on its threads for blocking
    /// work. No limit of its own.
    #[must_use]
    pub fn tokio() -> Self {
        Self {
            kind: Kind::Tokio,
            limit: None,
        }
    }

    /// Everything runs on threads for blocking work, at most `threads` at once; an async function
    /// has its thread for itself and cannot be aborted, only told to end.
    #[must_use]
    pub fn blocking(threads: usize) -> Self {
        Self {
            kind: Kind::Blocking,
            limit: Some(threads),
        }
    }

    /// At most so many runs at once; the others wait for their turn, in order. Waiting counts
    /// against the timeout of a job.
    #[must_use]
    pub fn at_most(self, runs: usize) -> Self {
        let limit = Some(runs);
        Self { limit, ..self }
    }
}

/// An executor in use. Runs that are under way keep it, also when it was removed.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    is_blocking: bool,
    permits: Option<Arc<Semaphore>>,
}

impl Place {
    fn new(executor: &Executor) -> Result<Self, Error> {
        let most = executor.limit.unwrap_or(1);
        if !(1..=Semaphore::MAX_PERMITS).contains(&most) {
            let message = format!(
                "executor: at most {most} runs at once is no limit; it must be 1 to {}",
                Semaphore::MAX_PERMITS
            );
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        Ok(Self {
            is_blocking: executor.kind == Kind::Blocking,
            permits: executor.limit.map(|most| Arc::new(Semaphore::new(most))),
        })
    }

    /// Runs a future: as a task, or on a thread of its own.
    pub(crate) fn spawn<F>(&self, runtime: &Handle, future: F) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        if self.is_blocking {
            let inner = runtime.clone();
            return self.spawn_blocking(runtime, move || inner.block_on(future));
        }
        let Some(permits) = self.permits.clone() else {
            return runtime.spawn(future);
        };
        runtime.spawn(async move {
            // It is never closed.
            let _permit = permits.acquire_owned().await;
            future.await;
        })
    }

    /// Runs what blocks on a thread. The thread keeps the permit until it is done.
    pub(crate) fn spawn_blocking<F>(&self, runtime: &Handle, work: F) -> JoinHandle<()>
    where
        F: FnOnce() + Send + 'static,
    {
        let Some(permits) = self.permits.clone() else {
            return runtime.spawn_blocking(work);
        };
        let inner = runtime.clone();
        runtime.spawn(async move {
            let permit = permits.acquire_owned().await;
            let done = inner.spawn_blocking(move || {
                work();
                drop(permit);
            });
            // The end was reported by the work itself.
            let _ = done.await;
        })
    }
}

/// The executors of a scheduler, in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct Executors(RwLock<Vec<(Arc<str>, Place)>>);

impl Executors {
    pub(crate) fn add(&self, alias: &str, executor: &Executor) -> Result<Arc<str>, Error> {
        let place = Place::new(executor)?;
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if all.iter().any(|(other, _)| &**other == alias) {
            let message = format!("an executor with the alias `{alias}` exists already");
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        let alias: Arc<str> = alias.into();
        all.push((Arc::clone(&alias), place));
        Ok(alias)
    }

    pub(crate) fn remove(&self, alias: &str) -> Result<Arc<str>, Error> {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let found = all.iter().position(|(other, _)| &**other == alias);
        found
            .map(|at| all.remove(at).0)
            .ok_or_else(|| no_executor(alias))
    }

    pub(crate) fn get(&self, alias: &str) -> Option<Place> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let found = all.iter().find(|(other, _)| &**other == alias);
        found.map(|(_, place)| place.clone())
    }

    pub(crate) fn has(&self, alias: &str) -> bool {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.iter().any(|(other, _)| &**other == alias)
    }

    pub(crate) fn aliases(&self) -> Vec<Arc<str>> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(alias, _)| Arc::clone(alias)).collect()
    }
}

pub(crate) fn no_executor(alias: &str) -> Error {
    Error::new(
        ErrorKind::NotFound,
        format!("there is no executor with the alias `{alias}`"),
    )
}
