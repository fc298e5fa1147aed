//! A job that is to be added.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::plan::first_fire;
use punctual_core::{
    Coalesce, Jitter, Job, JobId, JobState, MaxInstances, MisfireGraceTime, OnLost, Overlap,
    Policies, Retry, Timeout, Trigger,
};
use punctual_store::{Insert, OnConflict};
use serde::Serialize;
use serde_json::Value;

use crate::core::{Core, NamedStore};
use crate::error::{Error, ErrorKind};
use crate::executor::no_executor;
use crate::handler::{Available, IntoTask, TaskRef};
use crate::registry::is_anonymous;

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
    task: TaskRef,
    trigger: Result<Trigger, Error>,
    id: Option<String>,
    name: Option<String>,
    tags: Vec<String>,
    args: Result<Value, Error>,
    executor: Option<String>,
    store: Option<String>,
    policies: Policies,
    first: First,
    on_conflict: OnConflict,
}

/// When the job runs for the first time.
#[derive(Debug, Clone, Copy)]
enum First {
    /// When its trigger says so.
    Trigger,
    /// Then, and from there on when its trigger says so.
    At(DateTime<Utc>),
    /// At once, and from there on when its trigger says so.
    Now,
    /// Not before it is resumed.
    Paused,
}

impl NewJob {
    /// A job that calls a function or a registered task whenever a trigger says so.
    pub fn new<M>(
        task: impl IntoTask<M>,
        trigger: impl TryInto<Trigger, Error: Into<punctual_core::Error>>,
    ) -> Self {
        Self {
            task: task.into_reference().0,
            trigger: trigger.try_into().map_err(|error| error.into().into()),
            id: None,
            name: None,
            tags: Vec::new(),
            args: Ok(Value::Null),
            executor: None,
            store: None,
            policies: Policies::default(),
            first: First::Trigger,
            on_conflict: OnConflict::Refuse,
        }
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
    pub fn args(mut self, args: impl Serialize) -> Self {
        self.args = serde_json::to_value(args).map_err(|error| {
            Error::new(
                ErrorKind::Invalid,
                format!("args: cannot be written as JSON: {error}"),
            )
        });
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
    pub fn next_run_time(mut self, at: impl Into<Option<DateTime<Utc>>>) -> Self {
        self.first = at.into().map_or(First::Paused, First::At);
        self
    }

    /// Runs it once at once, and then when its trigger says so.
    pub fn run_at_start(mut self) -> Self {
        self.first = First::Now;
        self
    }

    /// Replaces a job of the same id, which keeps its counters, stays paused if it was, and keeps
    /// its next fire time if the trigger is the same.
    pub fn replace_existing(mut self) -> Self {
        self.on_conflict = OnConflict::Replace;
        self
    }

    /// All policies at once.
    pub fn policies(mut self, policies: Policies) -> Self {
        self.policies = policies;
        self
    }

    /// How late a run may start.
    pub fn misfire_grace_time(mut self, grace: impl Into<MisfireGraceTime>) -> Self {
        self.policies.misfire_grace_time = grace.into();
        self
    }

    /// What a backlog becomes.
    pub fn coalesce(mut self, coalesce: Coalesce) -> Self {
        self.policies.coalesce = coalesce;
        self
    }

    /// How many runs may be under way at once.
    pub fn max_instances(mut self, count: u32) -> Self {
        self.policies.max_instances = MaxInstances::at_most(count);
        self
    }

    /// Any number of runs may be under way at once.
    pub fn unlimited_instances(mut self) -> Self {
        self.policies.max_instances = MaxInstances::UNLIMITED;
        self
    }

    /// What happens to a run that finds all instances busy.
    pub fn overlap(mut self, overlap: Overlap) -> Self {
        self.policies.overlap = overlap;
        self
    }

    /// Delays each start by up to so much, a fixed time for each fire time.
    pub fn jitter(mut self, longest: std::time::Duration) -> Self {
        self.policies.jitter = Jitter::up_to(longest);
        self
    }

    /// How long an attempt may take.
    pub fn timeout(mut self, limit: impl Into<Timeout>) -> Self {
        self.policies.timeout = limit.into();
        self
    }

    /// Whether a failed run is tried again.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.policies.retry = retry;
        self
    }

    /// What happens to a run whose process died.
    pub fn on_lost(mut self, on_lost: OnLost) -> Self {
        self.policies.on_lost = on_lost;
        self
    }

    /// Checks everything that can be checked before the store is asked.
    pub(crate) fn prepare(self, core: &Core) -> Result<(NamedStore, Insert), Error> {
        let named = core.store(self.store.as_deref().unwrap_or(crate::DEFAULT))?;
        if let Some(alias) = self
            .executor
            .as_deref()
            .filter(|alias| !core.executors.has(alias))
        {
            return Err(no_executor(alias));
        }
        let id = JobId::new(self.id.unwrap_or_else(made_up_id))?;
        let trigger = self
            .trigger?
            .with_default_timezone(core.zone)
            .bind(&core.triggers)?;
        trigger.check()?;
        let (name, task) = resolve(core, self.task)?;
        let args = self.args?;
        let job = Job::new(id, name, trigger)
            .with_name(self.name.as_deref())
            .with_args(&args)
            .with_tags(self.tags)
            .with_executor(self.executor.as_deref())
            .with_policies(self.policies);
        task.0.check(&Available {
            states: &core.states,
            args: job.args_json(),
        })?;
        if named.store.traits().persistent && is_anonymous(job.task()) {
            return Err(unnamed(&named.alias));
        }
        let state = first_state(&job, self.first, core.clock.now())?;
        let insert = Insert {
            job: Arc::new(job),
            state,
            on_conflict: self.on_conflict,
        };
        Ok((named, insert))
    }
}

fn resolve(core: &Core, task: TaskRef) -> Result<(Arc<str>, crate::handler::Task), Error> {
    let wanted = match &task {
        TaskRef::Named(name) => Arc::clone(name),
        TaskRef::Anonymous { .. } => Arc::default(),
    };
    core.registry.resolve(task).ok_or_else(|| {
        Error::new(
            ErrorKind::UnknownTask,
            format!("no task `{wanted}` is registered; register it with `.task(\"{wanted}\", function)` on the builder"),
        )
    })
}

fn first_state(job: &Job, first: First, now: DateTime<Utc>) -> Result<JobState, Error> {
    let given = match first {
        First::Trigger | First::Paused => None,
        First::At(at) => Some(at),
        First::Now => Some(now),
    };
    let found = first_fire(job.trigger(), given, now)?;
    if found.fire_time.is_none() {
        return Err(Error::new(
            ErrorKind::Invalid,
            format!("trigger: `{}` has no fire time left", job.trigger()),
        ));
    }
    let mut state = JobState::default();
    state.next_run_time = found.fire_time;
    state.anchor = found.anchor;
    state.paused = matches!(first, First::Paused);
    Ok(state)
}

fn unnamed(store: &str) -> Error {
    Error::new(
        ErrorKind::Invalid,
        format!(
            "store: `{store}` outlives the process, and a function without a stable name cannot be \
             found again; register it with `.task(\"name\", function)` and add the job by that name"
        ),
    )
}

/// 128 bits that nobody else makes up: the standard library seeds every hasher anew.
pub(crate) fn made_up_id() -> String {
    let seeded = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", seeded(), seeded())
}
