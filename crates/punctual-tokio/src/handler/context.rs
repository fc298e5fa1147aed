//! The facts and the controls that a run has.

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use punctual_core::{Job, JobId, RunId};
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::args::parsed;
use super::begun::Standing;
use super::{Cancelled, States};
use crate::error::Error;
use crate::handler::reports::Reports;
use crate::time::clock::Clock;
use crate::voice::is_heard;

/// The values that all runs of a scheduler share.
pub(crate) struct Host {
    pub(crate) clock: Clock,
    pub(crate) states: States,
    pub(crate) reports: Reports,
    /// The handle that [`JobContext`] gives to a body. This module does not know its type.
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
    /// The latest time to begin, in microseconds, if the executor can keep the attempt waiting
    /// beyond that.
    pub(crate) latest: Option<i64>,
    pub(crate) standing: Standing,
    cancelled: AtomicBool,
    /// Made on the first request, since most runs make none.
    token: OnceLock<CancellationToken>,
}

/// One attempt of one run.
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

    /// Waits until the run is to end.
    pub(crate) async fn cancelled(&self) {
        self.token().cancelled().await;
    }

    /// Returns the span of the run. Without a listener it is empty and costs the reading of two
    /// numbers.
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
        // `cancel` and this method may run concurrently. The later of the two sees what the earlier
        // one did.
        if self.cancelled.load(Ordering::SeqCst) {
            token.cancel();
        }
        token
    }
}

/// The facts and the controls of a run, as a parameter of its handler.
///
/// ```
/// use punctual_tokio::JobContext;
///
/// async fn sweep(context: JobContext) -> Result<(), &'static str> {
///     println!("{} is due since {}", context.job_id(), context.fire_time());
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
    /// Returns the job that runs.
    #[must_use]
    pub fn job(&self) -> &Job {
        &self.0.job
    }

    /// Returns the id of the job.
    #[must_use]
    pub fn job_id(&self) -> &JobId {
        self.0.job.id()
    }

    /// Returns the number of the run.
    #[must_use]
    pub fn run_id(&self) -> RunId {
        self.0.run
    }

    /// Returns the fire time that the run answers for, without the job's jitter.
    #[must_use]
    pub fn fire_time(&self) -> DateTime<Utc> {
        self.0.fire_time
    }

    /// Returns the number of this attempt of the run, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.0.attempt
    }

    /// Returns the fencing token of the run.
    ///
    /// Among the runs of one job it is greater than the tokens of all that began before, on all
    /// nodes. A resource that refuses smaller tokens than it has seen is therefore safe from runs
    /// that were overtaken. Tokens of two jobs cannot be compared.
    #[must_use]
    pub fn fencing_token(&self) -> u64 {
        self.0.fencing
    }

    /// Returns a future that ends when the run is to end. That is when the run is cancelled or takes
    /// too long, or when the scheduler shuts down. A run that goes on regardless is aborted after a
    /// grace time.
    ///
    /// A run that nevertheless ends without an error has succeeded, and its result is kept. A run
    /// that gives up returns an error. It is then recorded as cancelled or timed out, with the text
    /// of that error.
    ///
    /// The future borrows nothing. It can be cloned and handed to tokio tasks of the job.
    pub fn cancelled(&self) -> Cancelled {
        Cancelled::new(self.0.token().clone())
    }

    /// Returns a token that is cancelled when the run is to end, as [`cancelled`](Self::cancelled)
    /// says.
    #[cfg(feature = "with-tokio-util-0_7")]
    #[must_use]
    pub fn cancellation_token(&self) -> CancellationToken {
        self.0.token().clone()
    }

    /// Returns `true` if the run is to end.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::SeqCst)
    }

    /// Returns a value that was given to the scheduler's builder, as [`State`](crate::State) does.
    #[must_use]
    pub fn state<S: Clone + Send + Sync + 'static>(&self) -> Option<S> {
        self.0.host.states.get()
    }

    /// Reads the arguments of the job, as [`Args`](crate::Args) does.
    ///
    /// # Errors
    ///
    /// Returns an error if they do not fit the type.
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
