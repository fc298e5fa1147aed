//! The work of this program as a worker process.

use std::io::{BufRead as _, Write as _};
use std::sync::Arc;
use std::thread;

use punctual_core::RunId;
use punctual_machine::ActiveKey;
use punctual_store::EndText;
use tokio::runtime::{Builder, Handle};
use tokio::sync::mpsc;

use crate::builder::SchedulerBuilder;
use crate::declared::task_named;
use crate::error::BoxError;
use crate::executor::process::can_work;
use crate::executor::process::message::{Ended, News, Order, Run, WORKER};
use crate::handler::reports::Told;
use crate::handler::{Finish, Handler, Host, RunInfo, RunOf};
use crate::scheduler::{Scheduler, ShutdownSignal, WeakScheduler, shutdown_signal};
use crate::shared::Shared;
use crate::time::clock::instant;

/// The key of the only attempt of a worker process.
const KEY: ActiveKey = ActiveKey::FIRST;

/// Makes this program usable as a worker process of
/// [`Executor::process`](crate::Executor::process). Call it first in `main`.
///
/// In the program that you started this function returns without waiting. In a worker process it
/// runs jobs and never returns. A worker process knows the functions that have `#[job]` or
/// `#[scheduled_job]`. For other functions, and for state, see [`Worker`].
pub fn init() {
    Worker::new().init();
}

/// A worker process that knows more functions than the attributes declare.
///
/// ```
/// use punctual_tokio::{Args, process};
///
/// async fn resize(Args(path): Args<String>) {
///     println!("{path}");
/// }
///
/// fn main() {
///     process::Worker::new().task("resize", resize).init();
///     // from here on only the program itself, not its workers
/// }
/// ```
#[must_use = "a worker does nothing until `init`"]
pub struct Worker(SchedulerBuilder);

impl Worker {
    /// Makes a worker process that knows the declared functions.
    pub fn new() -> Self {
        Self(Scheduler::builder())
    }

    /// Registers a function under the name that it has in the scheduler.
    pub fn task<M>(self, name: &str, handler: impl Handler<M>) -> Self {
        Self(self.0.task(name, handler))
    }

    /// Adds a value for handlers with a [`State<S>`](crate::State) parameter.
    pub fn state<S: Clone + Send + Sync + 'static>(self, state: S) -> Self {
        Self(self.0.state(state))
    }

    /// Makes this program usable as this worker process, as [`init`] does.
    pub fn init(self) {
        can_work();
        let mut arguments = std::env::args().skip(1);
        if arguments.next().as_deref() != Some(WORKER) {
            return;
        }
        let mark = arguments.next().unwrap_or_default();
        let status = match work(self, mark) {
            Ok(()) => 0,
            Err(error) => {
                // The standard error of a worker process is that of the scheduler's process.
                let _ = writeln!(std::io::stderr(), "punctual worker: {error}");
                1
            }
        };
        std::process::exit(status);
    }
}

impl Default for Worker {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Worker")
    }
}

fn work(worker: Worker, mark: String) -> Result<(), BoxError> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(async move {
        tokio::spawn(outlive(shutdown_signal()?));
        let (sender, mut orders) = mpsc::unbounded_channel();
        thread::spawn(move || read(&sender));
        say(&mark, &News::Ready)?;
        // The scheduler here is never started, since jobs in a worker process have no scheduler to
        // talk to.
        let scheduler = worker.0.build()?;
        let station = Station {
            host: scheduler.host_of(&WeakScheduler::gone()),
            shared: Arc::clone(&scheduler.shared),
        };
        while let Some(order) = orders.recv().await {
            // A late `Cancel` has no attempt to cancel.
            if let Order::Run(run) = order {
                say(&mark, &News::Begins { run: run.run })?;
                let ended = station.run(*run, &mut orders).await;
                say(&mark, &News::Ended(ended))?;
            }
        }
        Ok(())
    })
}

/// Lives through the signals by which a service manager asks all processes of a service to end,
/// worker processes too. The scheduler then lets its runs end, and closes the standard input of its
/// worker processes when it is done.
async fn outlive(mut signal: ShutdownSignal) {
    loop {
        (&mut signal).await;
    }
}

/// Passes orders on. When the scheduler is gone, this process exits, even in the middle of a run.
#[expect(
    clippy::exit,
    reason = "a job that blocks or never ends must not keep an orphan alive"
)]
fn read(orders: &mpsc::UnboundedSender<Order>) {
    for line in std::io::stdin().lock().lines() {
        let order = line.ok().and_then(|line| serde_json::from_str(&line).ok());
        let Some(order) = order else { break };
        if orders.send(order).is_err() {
            break;
        }
    }
    std::process::exit(0);
}

/// Writes a message. It begins with a line end, since a job may have printed half a line.
fn say(mark: &str, news: &News) -> Result<(), BoxError> {
    let news = serde_json::to_string(news)?;
    let mut out = std::io::stdout().lock();
    write!(out, "\n{mark} {news}\n")?;
    out.flush()?;
    Ok(())
}

/// The values that the attempts of a worker process share.
struct Station {
    host: Arc<Host>,
    shared: Arc<Shared>,
}

impl Station {
    async fn run(&self, run: Run, orders: &mut mpsc::UnboundedReceiver<Order>) -> Ended {
        let id = run.run;
        let name = run.job.task();
        let known = self.shared.registry.get(name);
        let Some(task) = known.or_else(|| task_named(name)) else {
            let error = format!(
                "the worker knows no task `{}`: give it to `process::Worker`, or declare it with `#[job]`",
                run.job.task()
            );
            return ended(id, Finish::failed(&error.into()));
        };
        let Some(place) = self.shared.executors.get(crate::DEFAULT) else {
            return ended(id, Finish::failed(&"the worker has no executor".into()));
        };
        let info = Arc::new(RunInfo::new(
            Arc::clone(&self.host),
            Arc::new(run.job),
            RunOf {
                run: RunId(run.run),
                token: run.token,
                fire_time: instant(run.fire_time),
                attempt: run.attempt,
                latest: None,
            },
        ));
        let attempt = place.begin(&task, &Handle::current(), Arc::clone(&info), KEY);
        let finish = self.wait(&info, orders).await;
        // The attempt has reported. The rest of it ends by itself.
        drop(attempt);
        ended(id, finish)
    }

    async fn wait(&self, info: &RunInfo, orders: &mut mpsc::UnboundedReceiver<Order>) -> Finish {
        let mut reports = Vec::new();
        loop {
            tokio::select! {
                () = self.host.reports.filled() => self.host.reports.take(&mut reports),
                Some(Order::Cancel) = orders.recv() => info.cancel(),
            }
            if let Some(Told::Ended(report)) = reports.pop() {
                let gone = || Finish::failed(&"the attempt was dropped".into());
                return report.finish.map_or_else(gone, Into::into);
            }
        }
    }
}

fn ended(run: u64, finish: Finish) -> Ended {
    let (result, error) = match finish.text {
        Some(EndText::Result(result)) => (Some(result), None),
        Some(EndText::Error(error)) => (None, Some(error)),
        None => (None, None),
    };
    Ended {
        run,
        outcome: finish.outcome,
        result,
        error,
    }
}
