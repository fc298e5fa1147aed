//! A job that is to be added.

use chrono::{DateTime, Utc};
use punctual_core::{
    Draft, IntoTrigger, IntoWhen, IntoZone, PoliciesBuilder, Trigger, When, Zone, json,
};
use punctual_store::OnConflict;
use serde::Serialize;

use crate::error::Error;
use crate::handler::{IntoTask, Seal, TaskRef};
use crate::job::policy_overrides::policy_setters;

/// A job that is to be added. It says what to call and when, and holds everything that has a
/// default.
///
/// [`Scheduler::add_job`](crate::Scheduler::add_job) makes one and adds it.
/// [`Scheduler::add_jobs`](crate::Scheduler::add_jobs) takes many.
///
/// ```
/// use punctual_tokio::NewJob;
///
/// async fn poll() {}
///
/// let job = NewJob::new(poll, "*/5 9-17 * * mon-fri").id("poll").max_instances(2);
/// # let _ = job;
/// ```
#[derive(Debug)]
#[must_use = "a new job does nothing until it is added"]
pub struct NewJob {
    pub(crate) task: TaskRef,
    pub(crate) trigger: Result<Draft, Error>,
    /// The time zone of a trigger that names none.
    pub(crate) zone: Option<Result<Zone, Error>>,
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) tags: Vec<String>,
    /// The arguments as JSON text.
    pub(crate) args: Result<String, Error>,
    pub(crate) executor: Option<String>,
    pub(crate) store: Option<String>,
    pub(crate) policies: PoliciesBuilder,
    pub(crate) first: First<Result<When, Error>>,
    pub(crate) on_conflict: OnConflict,
    pub(crate) refuses_past: bool,
    /// The crate whose code declares the job.
    pub(crate) declared: Option<&'static str>,
}

/// The first run of a job, with a time as it is written or as an instant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum First<T = DateTime<Utc>> {
    /// The first run is at the first fire time of the trigger.
    Trigger,
    /// The first run is at this time, and the others follow the trigger.
    At(T),
    /// The first run begins without delay, and the others follow the trigger.
    Now,
    /// The job does not run before it is resumed.
    Paused,
}

impl NewJob {
    /// Makes a job that calls a function or a registered task at the fire times of a trigger.
    pub fn new<M>(task: impl IntoTask<M>, trigger: impl IntoTrigger) -> Self {
        let trigger = trigger.into_draft();
        let reference = task.into_reference(Seal);
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

    /// Makes a job that calls a registered task.
    pub(crate) fn from_parts(task: &str, trigger: Result<Trigger, Error>) -> Self {
        Self::of(TaskRef::Named(task.into()), trigger.map(Draft::from))
    }

    fn of(task: TaskRef, trigger: Result<Draft, Error>) -> Self {
        Self {
            task,
            trigger,
            zone: None,
            id: None,
            name: None,
            tags: Vec::new(),
            args: Ok("null".to_owned()),
            executor: None,
            store: None,
            policies: PoliciesBuilder::default(),
            first: First::Trigger,
            on_conflict: OnConflict::Refuse,
            refuses_past: false,
            declared: None,
        }
    }

    /// Returns the same job, declared by the code of the crate `by`.
    pub(crate) fn declared(self, by: &'static str) -> Self {
        let declared = Some(by);
        Self { declared, ..self }
    }

    /// Returns the id that the caller gave the job.
    pub(crate) fn given_id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Sets the id, of 1 to 191 characters. By default an id is made up.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets the time zone of the trigger, for one that is text. Adding the job fails if the trigger, or
    /// a trigger that it combines, names another zone itself.
    ///
    /// Without this setting the scheduler's own zone counts.
    pub fn timezone(mut self, zone: impl IntoZone) -> Self {
        self.zone = Some(zone.into_zone());
        self
    }

    /// Sets a name for people. The default is the id. Adding the job fails if the name is blank.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Adds a word by which the job can be found. A job can have more than one. Adding the job fails if
    /// the word is blank.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Sets all tags. Tags that were set before are gone.
    pub fn tags(mut self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.tags = tags.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the arguments of the task. Positional ones are a tuple, named ones are a struct or a
    /// map.
    ///
    /// Adding the job fails if the arguments hold a value that JSON would change. Such values are
    /// NaN, an infinity, and an integer beyond 64 bits.
    pub fn args(mut self, args: impl Serialize) -> Self {
        self.args = json::to_text("args", &args);
        self
    }

    /// Sets the alias of the executor that runs the job. The default is `default`.
    ///
    /// Unless the builder was given another executor under that alias, async functions are tasks of
    /// the runtime, and plain ones run on its threads for blocking work.
    pub fn executor(mut self, alias: impl Into<String>) -> Self {
        self.executor = Some(alias.into());
        self
    }

    /// Sets the alias of the store that keeps the job.
    pub fn store(mut self, alias: impl Into<String>) -> Self {
        self.store = Some(alias.into());
        self
    }

    /// Sets one extra first fire time. A job without any is added by [`paused`](Self::paused).
    ///
    /// A time without an offset is local time of the time zone that stands beside the trigger or in
    /// it, and otherwise of the scheduler's.
    ///
    /// ```
    /// # use punctual_tokio::NewJob;
    /// # async fn poll() {}
    /// let job = NewJob::new(poll, "@hourly").next_run_time("2026-03-01T10:30:00");
    /// # let _ = job;
    /// ```
    ///
    /// A job that is [replaced](Self::replace_existing), or declared anew, gets this fire time as
    /// well. A time that has passed counts once. It does not count again while the ledger holds
    /// what became of it.
    pub fn next_run_time(mut self, at: impl IntoWhen) -> Self {
        self.first = First::At(at.into_when("next_run_time"));
        self
    }

    /// Adds the job paused. It does not run before it is resumed.
    pub fn paused(mut self) -> Self {
        self.first = First::Paused;
        self
    }

    /// Runs the job once without delay, and then at the fire times of its trigger.
    ///
    /// A job that is stored already also runs each time that it is added with
    /// [`replace_existing`](Self::replace_existing), or declared by a program that starts. The run
    /// at the start stands for the overdue fire times, which are recorded as skipped (edited).
    pub fn run_at_start(mut self) -> Self {
        self.first = First::Now;
        self
    }

    /// Replaces a job of the same id. The job keeps its counters, stays paused if it was, and keeps
    /// its next fire time if the trigger is the same.
    ///
    /// A program can add its jobs in this way at each of its starts. A date that has passed runs
    /// once. It is not added again if the ledger holds its run, or if it lies further back than the
    /// ledger is kept ([`keep_runs_for`](crate::SchedulerBuilder::keep_runs_for)). The log says so.
    pub fn replace_existing(mut self) -> Self {
        self.on_conflict = OnConflict::Replace;
        self
    }

    /// Refuses the job as [`Expired`](crate::ErrorKind::Expired) if its first fire time has passed.
    /// An example is a date that a user has typed into a form.
    ///
    /// Without this setting the job runs without delay if its grace time allows it. Otherwise it is
    /// recorded as missed (past). Such runs are left out of the metric of lateness.
    pub fn refuse_past(mut self) -> Self {
        self.refuses_past = true;
        self
    }

    /// Sets some policies. The scheduler's defaults fill in the others.
    pub(crate) fn own_policies(mut self, policies: PoliciesBuilder) -> Self {
        self.policies = policies;
        self
    }

    fn own_policies_mut(&mut self) -> &mut PoliciesBuilder {
        &mut self.policies
    }

    policy_setters!();
}
