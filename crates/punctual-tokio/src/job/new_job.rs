//! A job that is to be added.

use chrono::{DateTime, Utc};
use punctual_core::{Trigger, json};
use punctual_store::OnConflict;
use serde::Serialize;

use crate::error::Error;
use crate::handler::{IntoTask, TaskRef};
use crate::job::policy_overrides::{OwnPolicies, policy_setters};

/// A job that is to be added: what to call, when, and everything that has a default.
///
/// [`Scheduler::add_job`](crate::Scheduler::add_job) makes one and adds it;
/// [`Scheduler::add_jobs`](crate::Scheduler::add_jobs) takes many.
///
/// ```
/// use punctual_core::Crontab;
/// use punctual_tokio::NewJob;
///
/// async fn poll() {}
///
/// let job = NewJob::new(poll, Crontab::new("*/5 9-17 * * mon-fri")).id("poll").max_instances(2);
/// # let _ = job;
/// ```
#[derive(Debug)]
#[must_use = "a new job does nothing until it is added"]
pub struct NewJob {
    pub(crate) task: TaskRef,
    pub(crate) trigger: Result<Trigger, Error>,
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) tags: Vec<String>,
    /// JSON text.
    pub(crate) args: Result<String, Error>,
    pub(crate) executor: Option<String>,
    pub(crate) store: Option<String>,
    pub(crate) policies: OwnPolicies,
    pub(crate) first: First,
    pub(crate) on_conflict: OnConflict,
    pub(crate) refuses_past: bool,
    /// The crate whose code declares it.
    pub(crate) declared: Option<&'static str>,
}

/// When the job runs for the first time.
#[derive(Debug, Clone, Copy)]
pub(crate) enum First {
    /// When its trigger says so.
    Trigger,
    /// Then, and from there on when its trigger says so.
    At(DateTime<Utc>),
    /// Without delay, and from there on when its trigger says so.
    Now,
    /// Not before it is resumed.
    Paused,
}

impl NewJob {
    /// A job that calls a function or a registered task whenever a trigger says so.
    pub fn new<M>(
        task: impl IntoTask<M>,
        trigger: impl TryInto<Trigger, Error: Into<Error>>,
    ) -> Self {
        let trigger = trigger.try_into().map_err(|error| error.into());
        let reference = task.into_reference();
        let job = Self::of(reference.task, trigger);
        match reference.preset {
            Some(preset) => Self {
                args: preset.args,
                executor: Some(preset.executor.to_owned()),
                ..job
            },
            None => job,
        }
    }

    /// A job of a registered task.
    pub(crate) fn from_parts(task: &str, trigger: Result<Trigger, Error>) -> Self {
        Self::of(TaskRef::Named(task.into()), trigger)
    }

    fn of(task: TaskRef, trigger: Result<Trigger, Error>) -> Self {
        Self {
            task,
            trigger,
            id: None,
            name: None,
            tags: Vec::new(),
            args: Ok("null".to_owned()),
            executor: None,
            store: None,
            policies: OwnPolicies::default(),
            first: First::Trigger,
            on_conflict: OnConflict::Refuse,
            refuses_past: false,
            declared: None,
        }
    }

    /// The same, declared by code of this crate.
    pub(crate) fn declared(self, by: &'static str) -> Self {
        let declared = Some(by);
        Self { declared, ..self }
    }

    /// The id that it was given.
    pub(crate) fn given_id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Its id: 1 to 191 characters; made up if none is given.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// A name for people; the id if none is given.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// A word to find it by; more than one can be given.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// The arguments of its task: a tuple for positional ones, a struct or map for named ones.
    ///
    /// Adding the job fails if they hold what JSON would change: NaN, an infinity, or an integer beyond
    /// 64 bits.
    pub fn args(mut self, args: impl Serialize) -> Self {
        self.args = json::to_text("args", &args);
        self
    }

    /// The alias of the executor that runs it; without, `default`: async functions are tasks
    /// of the runtime, plain ones run on its threads for blocking work.
    pub fn executor(mut self, alias: impl Into<String>) -> Self {
        self.executor = Some(alias.into());
        self
    }

    /// The alias of the store that keeps it.
    pub fn store(mut self, alias: impl Into<String>) -> Self {
        self.store = Some(alias.into());
        self
    }

    /// One extra first fire time; `None` adds the job paused.
    ///
    /// A job that is [replaced](Self::replace_existing), or declared anew, gets it as well. If it
    /// has passed, it counts once: not again while the ledger holds what became of it.
    pub fn next_run_time(mut self, at: impl Into<Option<DateTime<Utc>>>) -> Self {
        self.first = at.into().map_or(First::Paused, First::At);
        self
    }

    /// Adds it paused: it does not run before it is resumed.
    pub fn paused(mut self) -> Self {
        self.first = First::Paused;
        self
    }

    /// Runs it once without delay, and then when its trigger says so.
    ///
    /// A job that is stored already runs as well whenever it is added with
    /// [`replace_existing`](Self::replace_existing), or declared by a program that starts: the run at
    /// the start stands for what is overdue, which is recorded as skipped (edited).
    pub fn run_at_start(mut self) -> Self {
        self.first = First::Now;
        self
    }

    /// Replaces a job of the same id, which keeps its counters, stays paused if it was, and keeps
    /// its next fire time if the trigger is the same.
    ///
    /// A program can say so at each of its starts: a date that has passed runs once, and is not added
    /// again if the ledger holds its run, or if it lies further back than the ledger is kept
    /// ([`keep_runs_for`](crate::SchedulerBuilder::keep_runs_for)). The log says so.
    pub fn replace_existing(mut self) -> Self {
        self.on_conflict = OnConflict::Replace;
        self
    }

    /// Refuses the job as [`Expired`](crate::ErrorKind::Expired) if its first fire time has passed: a date
    /// that a form was filled in with, say.
    ///
    /// Without this the job runs without delay if its grace time allows it, and is recorded as
    /// missed (past) else. Such runs are left out of the metric of lateness.
    pub fn refuse_past(mut self) -> Self {
        self.refuses_past = true;
        self
    }

    /// Some policies; the scheduler's defaults fill in the others.
    pub(crate) fn own_policies(mut self, policies: OwnPolicies) -> Self {
        self.policies = policies;
        self
    }

    fn own_policies_mut(&mut self) -> &mut OwnPolicies {
        &mut self.policies
    }

    policy_setters!();
}
