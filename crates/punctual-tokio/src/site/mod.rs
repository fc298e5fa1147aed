//! The places where bodies run, and their limits. Bodies run as tasks of the runtime, on threads
//! for blocking work, on a thread of their own, or inline.

mod local;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

pub(crate) use self::local::{Begin, Local};
use crate::apart::drop_here;
use crate::error::{Error, ErrorKind};

/// A future of any kind.
pub(crate) type Boxed = BoxFuture<'static, ()>;
/// Blocking work of any kind.
type Work = Box<dyn FnOnce() + Send>;

/// A place for bodies, with its limit.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    kind: Kind,
    permits: Option<Arc<Semaphore>>,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// Tasks of the runtime.
    Runtime,
    /// Threads for blocking work.
    Threads,
    /// One thread of its own.
    Local(Local),
    /// The scheduler task itself.
    Inline,
}

/// Makes the permits of the executor `alias`, where at most `limit` bodies run at a time.
pub(crate) fn permits(alias: &str, limit: Option<usize>) -> Result<Option<Arc<Semaphore>>, Error> {
    let most = limit.unwrap_or(1);
    if !(1..=Semaphore::MAX_PERMITS).contains(&most) {
        let message = format!(
            "executor: the limit of `{alias}` is {most}, which is out of range; write 1 to {}",
            Semaphore::MAX_PERMITS
        );
        return Err(Error::of(ErrorKind::Invalid, message));
    }
    Ok(limit.map(|most| Arc::new(Semaphore::new(most))))
}

impl Site {
    /// Creates a place whose bodies need one of `permits` each, if there are any.
    pub(crate) fn new(kind: Kind, permits: Option<Arc<Semaphore>>) -> Self {
        Self { kind, permits }
    }

    pub(crate) fn is_local(&self) -> bool {
        matches!(self.kind, Kind::Local(_))
    }

    pub(crate) fn local(&self) -> Option<&Local> {
        match &self.kind {
            Kind::Local(local) => Some(local),
            _ => None,
        }
    }

    /// Runs a future as a task or on a thread of its own.
    ///
    /// Only the way that most runs take is compiled anew for every kind of future. For each future
    /// tokio compiles to some hundred functions, and each other way would cost each job of a
    /// program the same again.
    pub(crate) fn spawn<F>(&self, runtime: &Handle, future: F) -> AbortHandle
    where
        F: Future<Output = ()> + Send + 'static,
    {
        if self.is_plain() {
            return runtime.spawn(future).abort_handle();
        }
        self.spawn_boxed(runtime, Box::pin(future))
    }

    pub(crate) fn spawn_boxed(&self, runtime: &Handle, future: Boxed) -> AbortHandle {
        match &self.kind {
            Kind::Runtime => self.limited(runtime, future),
            Kind::Threads => {
                let inner = runtime.clone();
                self.block(runtime, Box::new(move || inner.block_on(future)))
            }
            Kind::Local(local) => {
                self.limited(runtime, Box::pin(local.run(Box::new(move || future))))
            }
            Kind::Inline => at_once(runtime, self.permitted(future)),
        }
    }

    /// Runs blocking work on a thread. The thread keeps the permit until the work is done.
    pub(crate) fn spawn_blocking<F>(&self, runtime: &Handle, work: F) -> AbortHandle
    where
        F: FnOnce() + Send + 'static,
    {
        if self.permits.is_none() && !matches!(self.kind, Kind::Inline) {
            return runtime.spawn_blocking(work).abort_handle();
        }
        self.block(runtime, Box::new(work))
    }

    fn block(&self, runtime: &Handle, work: Work) -> AbortHandle {
        if matches!(self.kind, Kind::Inline) {
            return at_once(runtime, self.permitted(Box::pin(async { work() })));
        }
        let Some(permits) = self.permits.clone() else {
            return runtime.spawn_blocking(work).abort_handle();
        };
        let inner = runtime.clone();
        let waiting = runtime.spawn(async move {
            let permit = permits.acquire_owned().await;
            let done = inner.spawn_blocking(move || {
                work();
                drop(permit);
            });
            // The work itself has reported its end.
            let _ = done.await;
        });
        waiting.abort_handle()
    }

    /// Runs a future as a task of the runtime, when a permit is free.
    pub(crate) fn limited(&self, runtime: &Handle, future: Boxed) -> AbortHandle {
        match &self.permits {
            None => runtime.spawn(future).abort_handle(),
            Some(_) => runtime.spawn(self.permitted(future)).abort_handle(),
        }
    }

    /// Returns `true` if a run may have to wait for its turn.
    pub(crate) fn keeps_waiting(&self) -> bool {
        self.permits.is_some() || self.is_local()
    }

    /// Returns `true` if runs are tasks of the runtime without a limit.
    fn is_plain(&self) -> bool {
        matches!(self.kind, Kind::Runtime) && self.permits.is_none()
    }

    /// Returns a future that begins the given one when a permit is free.
    fn permitted(&self, future: Boxed) -> impl Future<Output = ()> + Send + 'static {
        let permits = self.permits.clone();
        async move {
            let _permit = match permits {
                // The semaphore is never closed.
                Some(permits) => permits.acquire_owned().await.ok(),
                None => None,
            };
            future.await;
        }
    }
}

/// Polls a future here, in the caller's task. If the future has to wait, it goes on as a task of
/// the runtime. A panic of its drop is caught here too.
fn at_once<F>(runtime: &Handle, future: F) -> AbortHandle
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut future = Box::pin(future);
    let poll = move || match future.as_mut().now_or_never() {
        Some(()) => None,
        None => Some(future),
    };
    let rest = catch_unwind(AssertUnwindSafe(poll)).unwrap_or_else(|panic| {
        drop_here(panic);
        None
    });
    match rest {
        Some(future) => runtime.spawn(future).abort_handle(),
        None => runtime.spawn(async {}).abort_handle(),
    }
}
