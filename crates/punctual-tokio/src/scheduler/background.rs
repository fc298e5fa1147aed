//! Schedulers for programs that are not async.

use std::sync::mpsc;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::error::{Error, ErrorKind};
use crate::report::ShutdownReport;
use crate::scheduler::Scheduler;

/// A scheduler with a thread and a runtime of its own, for programs that are not async.
///
/// Dropping it ends the thread and the runtime, and the scheduler with them. The drop waits for
/// nothing, and runs under way are dropped where they await something. [`shutdown`](Self::shutdown)
/// lets them end first.
///
/// ```
/// use std::time::Duration;
/// use punctual_core::Interval;
/// use punctual_tokio::Scheduler;
///
/// # fn main() -> Result<(), punctual_tokio::Error> {
/// let background = Scheduler::builder().build()?.background()?;
/// let scheduler = background.scheduler();
/// let minute = Interval::every(Duration::from_secs(60));
/// background.block_on(scheduler.add_job(|| async {}, minute).id("beat"))?;
/// background.shutdown()?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct BackgroundScheduler {
    scheduler: Scheduler,
    runtime: Handle,
    /// Ends the thread when it is dropped.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

/// # Without async code
impl Scheduler {
    /// Starts the scheduler on a thread of its own, with a runtime of its own.
    ///
    /// # Errors
    ///
    /// Returns an error if the scheduler runs already, or if the thread or the runtime cannot be
    /// made.
    #[doc(alias = "BackgroundScheduler")]
    #[doc(alias = "start_in_background")]
    pub fn background(self) -> Result<BackgroundScheduler, Error> {
        let (stop, stopped) = oneshot::channel::<()>();
        let (started, starting) = mpsc::channel();
        let own = self.clone();
        let thread = thread::Builder::new()
            .name("punctual".into())
            .spawn(move || {
                let runtime = match Builder::new_multi_thread()
                    .worker_threads(2)
                    .enable_all()
                    .build()
                {
                    Ok(runtime) => runtime,
                    Err(error) => {
                        let _ = started.send(Err(no_thread(error)));
                        return;
                    }
                };
                let begun = runtime.block_on(own.start().into_future());
                // Only the caller's handle keeps what the scheduler was given.
                drop(own);
                let _ = started.send(begun.map(|()| runtime.handle().clone()));
                let _ = runtime.block_on(stopped);
                runtime.shutdown_background();
            });
        let thread = thread.map_err(no_thread)?;
        let runtime = starting
            .recv()
            .map_err(|_| Error::of(ErrorKind::NotRunning, "the scheduler's thread has ended"))??;
        Ok(BackgroundScheduler {
            scheduler: self,
            runtime,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Runs the scheduler on the current thread until ctrl-c, SIGTERM or a shutdown from another
    /// place, such as a job. The scheduler's jobs are those that are declared, configured or
    /// stored. A program that adds other jobs first has to be async and await
    /// [`run_until_signal`](Self::run_until_signal).
    ///
    /// A scheduler that runs already goes on where it was started, and this method waits for its
    /// end.
    ///
    /// # Errors
    ///
    /// Returns an error if no runtime can be made, if the process cannot listen to signals, or if
    /// [`start`](Self::start) or [`shutdown`](Self::shutdown) does.
    ///
    /// # Panics
    ///
    /// Panics if the current thread belongs to a runtime, which must not be blocked. Code there
    /// awaits [`run_until_signal`](Self::run_until_signal).
    #[doc(alias = "BlockingScheduler")]
    #[track_caller]
    pub fn blocking(self) -> Result<ShutdownReport, Error> {
        must_be_free("blocking", "await `run_until_signal()`");
        let runtime = Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(no_thread)?;
        runtime.block_on(self.run_until_signal())
    }
}

impl BackgroundScheduler {
    /// Returns the scheduler. Its verbs are async, and [`block_on`](Self::block_on) waits for them.
    #[must_use]
    pub fn scheduler(&self) -> &Scheduler {
        &self.scheduler
    }

    /// Waits for a future, or for a verb with its settings, on the scheduler's runtime.
    ///
    /// # Panics
    ///
    /// Panics if the current thread belongs to a runtime, which must not be blocked. Code there
    /// awaits the verb. A panic of the future is passed on.
    #[track_caller]
    pub fn block_on<F: IntoFuture>(&self, future: F) -> F::Output {
        must_be_free("block_on", "await the verb");
        self.runtime.block_on(future.into_future())
    }

    /// Begins a future, or a verb with its settings, on the scheduler's runtime and does not wait
    /// for it. It is for threads that
    /// must go on, such as the one that draws a window. The future goes on if its handle is
    /// dropped, and ends with the scheduler's thread.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use punctual_core::Interval;
    /// # use punctual_tokio::Scheduler;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let background = Scheduler::builder().build()?.background()?;
    /// let minute = Interval::every(Duration::from_secs(60));
    /// let adding = background.spawn(background.scheduler().add_job(|| async {}, minute));
    /// // Meanwhile a frame is drawn; `adding.is_finished()` tells when.
    /// # let added = background.block_on(adding)?;
    /// # added?;
    /// # background.shutdown()?;
    /// # Ok(()) }
    /// ```
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: IntoFuture<IntoFuture: Send + 'static, Output: Send + 'static>,
    {
        self.runtime.spawn(future.into_future())
    }

    /// Shuts the scheduler down and ends its thread.
    ///
    /// # Errors
    ///
    /// Returns an error if [`Scheduler::shutdown`] does.
    ///
    /// # Panics
    ///
    /// Panics if the current thread belongs to a runtime, which must not be blocked. Code there
    /// awaits [`Scheduler::shutdown`], and then drops this.
    #[track_caller]
    pub fn shutdown(mut self) -> Result<ShutdownReport, Error> {
        let scheduler = self.scheduler.clone();
        must_be_free("shutdown", "await `scheduler().shutdown()`");
        let report = self.block_on(scheduler.shutdown());
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // The thread's own code does not panic, and a panic of a job ends with the job.
            let _ = thread.join();
        }
        report
    }
}

/// Panics, as tokio does, on a thread that must not wait.
#[track_caller]
fn must_be_free(method: &str, instead: &str) {
    assert!(
        Handle::try_current().is_err(),
        "`{method}` was called on a thread of a tokio runtime, which must not be blocked; {instead} instead"
    );
}

fn no_thread(error: std::io::Error) -> Error {
    let message = format!("no thread for the scheduler: {error}");
    Error::of(ErrorKind::Io, message).telling(error)
}
