//! The worker processes of one executor.

use std::fmt;
use std::sync::Arc;

use punctual_machine::ActiveKey;
use punctual_store::EndText;
use punctual_store::lock::Mutex;
use tracing::Instrument as _;

use super::child::WorkerChild;
use super::has_workers;
use super::message::{Ended, News, Order, Run};
use crate::error::{BoxError, Error, ErrorKind};
use crate::handler::{Finish, Reporter, RunInfo};

/// Worker processes that wait for an order. The permits of the executor bound their number.
#[derive(Default)]
pub(crate) struct Pool(Mutex<Vec<WorkerChild>>);

impl Pool {
    pub(crate) fn new(alias: &str) -> Result<Arc<Self>, Error> {
        if has_workers() {
            return Ok(Arc::default());
        }
        let message = format!(
            "executor: the workers of `{alias}` are this program again; call `punctual::process::init()` \
             first in `main`, or they would do all that `main` does"
        );
        Err(Error::of(ErrorKind::Invalid, message))
    }

    /// Runs an attempt in a worker process.
    pub(crate) fn attempt(
        self: &Arc<Self>,
        info: Arc<RunInfo>,
        key: ActiveKey,
    ) -> impl Future<Output = ()> + Send + 'static {
        let pool = Arc::clone(self);
        let span = info.span();
        let mut reporter = Reporter::new(Arc::clone(&info), key);
        async move {
            if !reporter.begin() {
                return;
            }
            let finish = pool.run(&info).await;
            reporter.end(finish.unwrap_or_else(|error| Finish::failed(&error)));
        }
        .instrument(span)
    }

    async fn run(&self, info: &RunInfo) -> Result<Finish, BoxError> {
        let run = info.run.0;
        let mut worker = self.worker_that_begins(info).await?;
        let mut is_told = false;
        loop {
            let news = tokio::select! {
                news = worker.news() => news?,
                () = info.cancelled(), if !is_told => {
                    is_told = true;
                    worker.order(&Order::Cancel).await?;
                    continue;
                }
            };
            match news {
                News::Ended(ended) if ended.run == run => {
                    self.0.lock().push(worker);
                    return Ok(finish_of(ended));
                }
                other => {
                    return Err(format!("the worker process said {other:?} in run {run}").into());
                }
            }
        }
    }

    async fn worker_that_begins(&self, info: &RunInfo) -> Result<WorkerChild, BoxError> {
        let run = info.run.0;
        let order = Order::Run(Box::new(Run {
            token: info.fencing,
            run,
            attempt: info.attempt,
            fire_time: info.fire_time.timestamp_micros(),
            job: (*info.job).clone(),
        }));
        while let Some(mut worker) = self.idle() {
            // A worker process that was killed while it waited has not begun the attempt, so
            // another one can.
            if worker.begin(&order, run).await.is_ok() {
                return Ok(worker);
            }
        }
        let mut worker = WorkerChild::start().await?;
        worker.begin(&order, run).await?;
        Ok(worker)
    }

    fn idle(&self) -> Option<WorkerChild> {
        self.0.lock().pop()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("idle", &self.0.lock().len())
            .finish()
    }
}

fn finish_of(ended: Ended) -> Finish {
    let text = match (ended.result, ended.error) {
        (Some(result), _) => Some(EndText::Result(result)),
        (None, Some(error)) => Some(EndText::Error(error)),
        (None, None) => None,
    };
    Finish {
        outcome: ended.outcome,
        text,
    }
}
