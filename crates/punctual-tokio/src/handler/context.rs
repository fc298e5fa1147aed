//! What a run may know and do.

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use punctual_core::{Job, JobId, RunId};
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::States;
use super::args::parsed;
use super::begun::Standing;
use crate::error::Error;
use crate::handler::reports::Reports;
use crate::time::clock::Clock;
use crate::voice::is_heard;

/// What all runs of a scheduler share.
pub(crate) struct Host {
    pub(crate) clock: Clock,
    pub(crate) states: States,
    pub(crate) reports: Reports,
    /// The handle that [`JobContext`] gives to a body. What a handle is, is not known here.
    pub(crate) scheduler: Box<dyn Any + Send + Sync>,
}

/// One attempt of a run, shared by the run and the scheduler task.
pub(crate) struct RunInfo {
    pub(crate) host: Arc<Host>,
    pub(crate) job: Arc<Job>,
    pub(crate) run: RunId,
    pub(crate) fencing: u64,
    pub(crate) fire_time: DateTime<Utc>,
    pub(crate) attempt: u32,
    /// The latest time to begin, in microseconds, if its place can keep it waiting beyond that.
    pub(crate) latest: Option<i64>,
    pub(crate) standing: Standing,
    cancelled: AtomicBool,
    /// Made when it is asked for: most runs never do.
    token: OnceLock<CancellationToken>,
}

/// Which attempt of which run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunOf {
    pub(crate) run: RunId,
    pub(crate) token: u64,
    pub(crate) fire_time: DateTime<Utc>,
    pub(crate) attempt: u32,
    pub(crate) latest: Option<i64>,
}

impl RunInfo {
    pub(crate) fn new(host: Arc<Host>, job: Arc<Job>, of: RunOf) -> Self {
        Self {
            host,
            job,
            run: of.run,
            fencing: of.token,
            fire_time: of.fire_time,
            attempt: of.attempt,
            latest: of.latest,
            standing: Standing::waits(),
            cancelled: AtomicBool::new(false),
            token: OnceLock::new(),
        }
    }

    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        if let Some(token) = self.token.get() {
            token.cancel();
        }
    }

    /// Waits until the run should end.
    pub(crate) async fn cancelled(&self) {
        self.token().cancelled().await;
    }

    /// The span of the run. Without a listener it is empty, at the cost of reading two numbers.
    pub(crate) fn span(&self) -> tracing::Span {
        if !is_heard() {
            return tracing::Span::none();
        }
        tracing::info_span!(
            "run",
            job = %self.job.id(),
            run = self.run.0,
            attempt = self.attempt,
            fire_time_us = self.fire_time.timestamp_micros(),
            lateness_us = self.host.clock.micros() - self.fire_time.timestamp_micros(),
        )
    }

    fn token(&self) -> &CancellationToken {
        let token = self.token.get_or_init(CancellationToken::new);
        // Whichever of `cancel` and this came first, one of them sees the other.
        if self.cancelled.load(Ordering::SeqCst) {
            token.cancel();
        }
        token
    }
}

/// What a run may know and do, as a parameter of its handler.
///
/// ```
/// use punctual_tokio::JobContext;
///
/// async fn sweep(context: JobContext) -> Result<(), &'static str> {
///     println!("{} is due since {}", context.job_id(), context.scheduled_time());
///     tokio::select! {
///         () = context.cancelled() => Err("half of it is done"), // after tidying up
///         () = std::future::ready(()) => Ok(()), // the work itself
///     }
/// }
/// # let _ = sweep;
/// ```
#[derive(Clone)]
pub struct JobContext(pub(crate) Arc<RunInfo>);

impl JobContext {
    /// The job that runs.
    #[must_use]
    pub fn job(&self) -> &Job {
        &self.0.job
    }

    /// The id of the job.
    #[must_use]
    pub fn job_id(&self) -> &JobId {
        self.0.job.id()
    }

    /// The number of the run.
    #[must_use]
    pub fn run_id(&self) -> RunId {
        self.0.run
    }

    /// The fire time that the run answers for; without the job's jitter.
    #[must_use]
    pub fn scheduled_time(&self) -> DateTime<Utc> {
        self.0.fire_time
    }

    /// Which attempt of the run this is, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.0.attempt
    }

    /// The fencing token of the run. Among the runs of one job it is greater than those of all that
    /// began before, on all nodes, so a resource that refuses smaller tokens than it has seen is
    /// safe from runs that were overtaken. Tokens of two jobs cannot be compared.
    #[must_use]
    pub fn fencing_token(&self) -> u64 {
        self.0.fencing
    }

    /// Is cancelled when the run should end: it was cancelled, took too long, or the scheduler
    /// shuts down. A run that goes on regardless is aborted after a grace time.
    ///
    /// A run that ends without an error all the same has succeeded, and its result is kept. One
    /// that gives up returns an error: then it is recorded as cancelled or timed out, with the text
    /// of that error.
    #[must_use]
    pub fn cancellation_token(&self) -> CancellationToken {
        self.0.token().clone()
    }

    /// Waits until the run should end. What it returns then decides how it is recorded: see
    /// [`cancellation_token`](Self::cancellation_token).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped.
    pub async fn cancelled(&self) {
        self.0.token().cancelled().await;
    }

    /// Whether the run should end.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::SeqCst)
    }

    /// A value that was given to the scheduler's builder; what
    /// [`State`](crate::State) takes.
    #[must_use]
    pub fn state<S: Clone + Send + Sync + 'static>(&self) -> Option<S> {
        self.0.host.states.get()
    }

    /// The arguments of the job; what [`Args`](crate::Args) takes.
    ///
    /// # Errors
    ///
    /// If they do not fit the type.
    pub fn args<T: DeserializeOwned>(&self) -> Result<T, Error> {
        parsed(self.job().args_json())
    }
}

impl fmt::Debug for JobContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobContext")
            .field("job", self.job_id())
            .field("run", &self.0.run)
            .field("fire_time", &self.0.fire_time)
            .field("attempt", &self.0.attempt)
            .finish_non_exhaustive()
    }
}
