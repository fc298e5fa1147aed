//! An open run, with its changes.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::{JobId, RunId, RunKey};
use punctual_store::batch::{NewRun, OpenView, Owner};
use punctual_store::{OpenRun, RunEnd};

use crate::row::text_of;
use crate::row::words;

/// An open run as a request sees it.
#[derive(Debug, Clone)]
pub(crate) struct HeldRun {
    pub(crate) id: RunId,
    pub(crate) job: Box<str>,
    pub(crate) key: RunKey,
    pub(crate) view: OpenView,
    pub(crate) opened: DateTime<Utc>,
    /// The number of its entry, for a run that this request opens.
    pub(crate) nth: u64,
    pub(crate) started: Option<i64>,
    pub(crate) failure: Option<Box<str>>,
    /// The arguments of the run as JSON text, if they are not those of its job and were read.
    pub(crate) args: Option<Arc<str>>,
    /// True if the row has arguments that were not read.
    pub(crate) lacks_args: bool,
    pub(super) is_new: bool,
    pub(super) is_changed: bool,
    pub(super) is_over: bool,
}

/// The data that an attempt leaves while its run goes on.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) id: RunId,
    pub(crate) started: Option<i64>,
    pub(crate) failure: Option<String>,
}

/// An end that is to be written. Without a text, that of an earlier attempt stays.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) id: RunId,
    pub(crate) fire_time: i64,
    pub(crate) state: &'static str,
    pub(crate) started: Option<i64>,
    pub(crate) finished: i64,
    pub(crate) attempts: u32,
    pub(crate) result: Option<String>,
    pub(crate) error: Option<String>,
    /// True if the run belonged to no node.
    pub(crate) is_free: bool,
    /// True if the same request opened it.
    pub(crate) is_new: bool,
}

impl HeldRun {
    pub(crate) fn read(id: RunId, job: &str, key: RunKey, view: OpenView) -> Self {
        Self {
            id,
            job: job.into(),
            key,
            view,
            opened: DateTime::default(),
            nth: 0,
            started: None,
            failure: None,
            args: None,
            lacks_args: false,
            is_new: false,
            is_changed: false,
            is_over: false,
        }
    }

    pub(super) fn new(job: &str, nth: u64, run: NewRun) -> Self {
        Self {
            opened: run.opened,
            nth,
            args: run.args,
            is_new: true,
            ..Self::read(run.id, job, run.key, run.view)
        }
    }

    pub(crate) fn with_args(&mut self, args: Arc<str>) {
        self.args = Some(args);
        self.lacks_args = false;
    }

    pub(crate) fn told(&self) -> Option<OpenRun> {
        let job = JobId::new(&self.job).ok()?;
        let view = &self.view;
        let mut run = OpenRun::new(self.id, view.token, job, view.birth, self.key);
        run.opened = self.opened;
        run.state = view.state;
        run.ends_instance = view.ends_instance;
        run.reruns = view.reruns;
        run.attempts = view.attempts;
        run.started = self.started;
        run.failure = self.failure.clone();
        run.cancel = view.cancel;
        run.args = self.args.clone();
        Some(run)
    }

    pub(super) fn keep_attempt(&mut self, end: &RunEnd) -> Attempt {
        self.started = self.started.or(end.started);
        let (result, error) = text_of(end.text.as_ref());
        // A run that only waits again keeps the error of its last attempt.
        let kept = || self.failure.as_deref().map(Into::into);
        let failure: Option<String> = error.or(result).or_else(kept);
        self.failure = failure.as_deref().map(Into::into);
        Attempt {
            id: self.id,
            started: self.started,
            failure,
        }
    }

    pub(super) fn close(&mut self, end: &RunEnd) -> Ended {
        self.is_over = true;
        let (result, error) = text_of(end.text.as_ref());
        let started = self.started.or(end.started);
        Ended {
            id: self.id,
            fire_time: self.key.fire_time.timestamp_micros(),
            state: words::word(end.outcome),
            started,
            // The two times may come from different clocks.
            finished: started.map_or(end.finished, |started| end.finished.max(started)),
            attempts: end.attempts,
            result,
            error,
            is_free: self.view.owner == Owner::Free,
            is_new: self.is_new,
        }
    }
}
