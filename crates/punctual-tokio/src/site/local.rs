//! One thread for futures that must not leave it.

use std::fmt;
use std::thread;

use futures::future::{AbortHandle, Abortable, LocalBoxFuture};
use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;

use crate::error::{Error, ErrorKind};

/// A closure that begins a future on the thread where the future has to stay.
pub(crate) type Begin = Box<dyn FnOnce() -> LocalBoxFuture<'static, ()> + Send>;

/// A handle of a thread that begins futures and keeps them. The thread ends when the last handle is
/// dropped and its futures are done.
#[derive(Clone)]
pub(crate) struct Local(mpsc::UnboundedSender<Begin>);

impl Local {
    /// Starts a new thread with a runtime of its own.
    pub(crate) fn on_own_thread() -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let (sender, receiver) = mpsc::unbounded_channel();
        thread::Builder::new()
            .name("punctual-local".to_owned())
            .spawn(move || {
                let set = LocalSet::new();
                set.spawn_local(begin_all(receiver));
                runtime.block_on(set);
            })
            .map_err(failed)?;
        Ok(Self(sender))
    }

    /// Returns a handle of the thread that drives this set.
    pub(crate) fn on(set: &LocalSet) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        set.spawn_local(begin_all(receiver));
        Self(sender)
    }

    /// Begins a future on the thread, and ends with it. If the future that this returns is dropped,
    /// the one on the thread is dropped too.
    ///
    /// The channel has no bound of its own. Its messages are bounded by the runs that are under
    /// way.
    pub(crate) fn run(&self, begin: Begin) -> impl Future<Output = ()> + Send + 'static {
        let begin_there = self.0.clone();
        // Nothing is sent before this future is polled, so a run that has no permit yet has not
        // begun.
        async move {
            let (abort, registration) = AbortHandle::new_pair();
            let _abort = AbortOnDrop(abort);
            let (done, is_done) = oneshot::channel::<()>();
            let begin: Begin = Box::new(move || {
                Box::pin(async move {
                    // After this the reporter has reported, be it the end or the abort.
                    let _ = Abortable::new(begin(), registration).await;
                    drop(done);
                })
            });
            if begin_there.send(begin).is_ok() {
                // The error says that the sender was dropped, which is the sign for the end.
                let _ = is_done.await;
            }
        }
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Local")
    }
}

struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn begin_all(mut receiver: mpsc::UnboundedReceiver<Begin>) {
    while let Some(begin) = receiver.recv().await {
        tokio::task::spawn_local(begin());
    }
}

fn failed(error: std::io::Error) -> Error {
    let message = format!("executor: its thread cannot be started: {error}");
    Error::of(ErrorKind::Io, message).telling(error)
}
