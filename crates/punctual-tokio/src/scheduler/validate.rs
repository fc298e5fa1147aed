//! The checks that a job must pass before its store is asked.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::plan::{self, FirstFire, first_ahead, first_fire};
use punctual_core::{Declared, Job, JobId, JobState, Trigger, When, Zone};
use punctual_store::{Insert, OnConflict};

use crate::error::{Error, ErrorKind};
use crate::executor::Place;
use crate::executor::program;
use crate::handler::registry::is_anonymous;
use crate::handler::{CheckContext, Task, TaskRef};
use crate::job::new_job::{First, NewJob};
use crate::random_id::made_up_id;
use crate::scheduler::remote_tasks::Elsewhere;
use crate::shared::Shared;
use crate::stores::NamedStore;
use crate::time::when::instant;

const DECLARED_AND_RELATIVE: &str = "trigger: counts from the time at which the job is added, and a \
     declared job keeps its trigger from start to start; write `run_at_start`, or add the job with \
     `add_job`";

/// A job that may be added, except that the time of its first run is not checked.
pub(crate) struct Checked {
    pub(crate) store: NamedStore,
    pub(crate) job: Arc<Job>,
    first: First,
    on_conflict: OnConflict,
    refuses_past: bool,
}

impl First<Result<When, Error>> {
    /// Reads a local time in `zone`.
    fn in_zone(self, zone: Zone) -> Result<First, Error> {
        Ok(match self {
            Self::Trigger => First::Trigger,
            Self::At(when) => First::At(instant("next_run_time", when?, zone)?),
            Self::Now => First::Now,
            Self::Paused => First::Paused,
        })
    }
}

impl Checked {
    fn not_past(&self, insert: Insert) -> Result<Insert, Error> {
        let passed = plan::passed(insert.state.next_run_time, insert.now);
        match passed.filter(|_| self.refuses_past) {
            Some(passed) => Err(has_passed(passed, insert.now)),
            None => Ok(insert),
        }
    }

    /// Returns true if the caller names the time of the first run.
    pub(crate) fn is_first_given(&self) -> bool {
        matches!(self.first, First::At(_) | First::Now)
    }

    /// Returns the first fire time that the caller names.
    pub(crate) fn given_first(&self) -> Option<DateTime<Utc>> {
        match self.first {
            First::At(at) => DateTime::from_timestamp_micros(at.timestamp_micros()),
            First::Trigger | First::Now | First::Paused => None,
        }
    }

    /// Returns true if the job is to run at each start.
    pub(crate) fn runs_at_start(&self) -> bool {
        matches!(self.first, First::Now)
    }
}

impl NewJob {
    /// Checks everything that can be checked before the store is asked.
    pub(crate) fn prepare(
        self,
        shared: &Shared,
        elsewhere: &Elsewhere,
    ) -> Result<(NamedStore, Insert), Error> {
        // A trigger that counts from now has not passed in the same instant.
        let now = shared.clock.now();
        let checked = self.check(shared, elsewhere, now)?;
        let insert = checked.insert(now).and_then(|insert| {
            let trigger = checked.job.trigger();
            let over = || format!("trigger: `{trigger}` has no fire time left; give it a date or an end in the future");
            insert.ok_or_else(|| Error::of(ErrorKind::Expired, over()))
        });
        let insert = insert.and_then(|insert| checked.not_past(insert));
        let insert = insert.inspect_err(|_| shared.registry.not_added(checked.job.task()))?;
        Ok((checked.store, insert))
    }

    /// Checks everything except that there is a fire time left. The arguments of a task that only
    /// other nodes know are not checked.
    pub(crate) fn check(
        self,
        shared: &Shared,
        elsewhere: &Elsewhere,
        now: DateTime<Utc>,
    ) -> Result<Checked, Error> {
        self.is_swapped(shared)?;
        let store = shared.store(self.store.as_deref().unwrap_or(crate::DEFAULT))?;
        let executor = self.executor.as_deref().unwrap_or(crate::DEFAULT);
        let place = shared.executors.get(executor);
        let place = place.ok_or_else(|| missing(shared, executor))?;
        let id = JobId::new(self.id.unwrap_or_else(made_up_id))?;
        filled("name", self.name.as_deref())?;
        let mut tags = self.tags.iter();
        tags.try_for_each(|tag| filled("tags", Some(tag)))?;
        let trigger = self.trigger?;
        if self.declared.is_some() && trigger.is_relative() {
            return Err(Error::of(ErrorKind::Invalid, DECLARED_AND_RELATIVE));
        }
        let mut trigger = trigger.at(now)?;
        let zone = self.zone.transpose()?;
        if let Some(zone) = zone {
            trigger = trigger.in_zone(zone)?;
        }
        let zone = zone.or_else(|| trigger.only_zone()).unwrap_or(shared.zone);
        let first = self.first.in_zone(zone)?;
        let trigger = trigger
            .with_default_timezone(shared.zone)
            .bind(&shared.triggers)?;
        trigger.check()?;
        let knows = |task: &str| elsewhere.knows(store.id, task);
        let (name, task) = resolve(shared, self.task, knows)?;
        let own_name = Arc::clone(&name);
        let checked = move || {
            let args = self.args?;
            let mut job = Job::new(id, name, trigger)
                .with_name(self.name.as_deref())
                .with_args_json(&args)?
                .with_tags(self.tags)
                .with_executor(self.executor.as_deref())
                .with_policies(self.policies.over(&shared.job_defaults)?);
            fits_here(shared, &store, task.as_ref(), &job, &place)?;
            if let Some(by) = self.declared {
                let definition = definition(&job, first, &store.alias)?;
                job = job.with_declared(Some(
                    Declared::new(by, &definition).of_release(shared.release),
                ));
            }
            shared.hints.of_meaning(&job);
            Ok(Checked {
                store,
                job: Arc::new(job),
                first,
                on_conflict: self.on_conflict,
                refuses_past: self.refuses_past,
            })
        };
        checked().inspect_err(|_| shared.registry.not_added(&own_name))
    }

    /// Refuses a trigger in the place of the task.
    fn is_swapped(&self, shared: &Shared) -> Result<(), Error> {
        match &self.task {
            TaskRef::Named(name)
                if self.trigger.is_err() && shared.registry.get(name).is_none() =>
            {
                match name.parse::<Trigger>() {
                    Ok(_) => Err(shared.registry.unknown(name)),
                    Err(_) => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// Returns the store of a job whose task is named and unknown on this node.
    pub(crate) fn store_of_unknown_task(&self, shared: &Shared) -> Option<NamedStore> {
        match &self.task {
            TaskRef::Named(name) if shared.registry.get(name).is_none() => {
                let alias = self.store.as_deref().unwrap_or(crate::DEFAULT);
                shared.store(alias).ok()
            }
            _ => None,
        }
    }
}

impl Checked {
    /// Does the same as [`insert`](Self::insert) for a job that code declares. A date that has
    /// passed was decided by an earlier start.
    pub(crate) fn insert_declared(&self, now: DateTime<Utc>) -> Result<Option<Insert>, Error> {
        if self.is_first_given() {
            return self.insert(now);
        }
        let first = first_ahead(self.job.trigger(), now)?;
        Ok(first.map(|first| self.beginning(&first, now)))
    }

    /// Returns the job as it is added. Returns `None` if its trigger has no fire time left.
    pub(crate) fn insert(&self, now: DateTime<Utc>) -> Result<Option<Insert>, Error> {
        let given = match self.first {
            First::Trigger | First::Paused => None,
            First::At(at) => Some(at),
            First::Now => Some(now),
        };
        let first = first_fire(self.job.trigger(), given, now)?;
        let has_any = first.fire_time.is_some();
        Ok(has_any.then(|| self.beginning(&first, now)))
    }

    fn beginning(&self, first: &FirstFire, now: DateTime<Utc>) -> Insert {
        let mut state = JobState::begin(first, now);
        state.paused = matches!(self.first, First::Paused);
        let on_conflict = match self.on_conflict {
            OnConflict::Replace if self.is_first_given() => OnConflict::Restart,
            on_conflict => on_conflict,
        };
        Insert::new(Arc::clone(&self.job), state, now).on_conflict(on_conflict)
    }
}

/// Returns the error for a first fire time that has passed.
pub(super) fn has_passed(passed: DateTime<Utc>, now: DateTime<Utc>) -> Error {
    let message =
        format!("trigger: {passed} has passed, it is {now}; give it a time in the future");
    Error::of(ErrorKind::Expired, message)
}

/// Refuses a text of blanks, which no filter could find and no page could show.
pub(crate) fn filled(field: &'static str, text: Option<&str>) -> Result<(), Error> {
    match text {
        Some(blank) if blank.trim().is_empty() => {
            let error = Error::invalid(field, blank, "is blank");
            Err(error.with_hint("write a word, or leave it out"))
        }
        _ => Ok(()),
    }
}

/// Writes everything that the code says of a job, as text.
fn definition(job: &Job, first: First, store: &str) -> Result<String, Error> {
    let json = serde_json::to_string(job).map_err(|error| {
        Error::of(
            ErrorKind::Invalid,
            format!("the job cannot be written as JSON: {error}"),
        )
    })?;
    let first = match first {
        First::Trigger => "trigger".to_owned(),
        First::At(at) => at.timestamp_micros().to_string(),
        First::Now => "now".to_owned(),
        First::Paused => "paused".to_owned(),
    };
    Ok(format!("{json} in {store} from {first}"))
}

/// Returns the name and the task of a job. The task is `None` if only other nodes know it.
fn resolve(
    shared: &Shared,
    task: TaskRef,
    is_elsewhere: impl Fn(&str) -> bool,
) -> Result<(Arc<str>, Option<Task>), Error> {
    let wanted = match &task {
        TaskRef::Named(name) => Arc::clone(name),
        TaskRef::Anonymous { .. } => Arc::default(),
    };
    match shared.registry.resolve(task) {
        Some((name, task)) => Ok((name, Some(task))),
        None if is_elsewhere(&wanted) => Ok((wanted, None)),
        None if shared.unstarted.is_client() => Err(known_nowhere(&wanted)),
        None => Err(shared.registry.unknown(&wanted)),
    }
}

fn known_nowhere(task: &str) -> Error {
    let message = format!(
        "task: `{task}` is known to no node of the store that is alive; check the name, or start a \
         scheduler that registers the task first"
    );
    Error::of(ErrorKind::UnknownTask, message)
}

fn missing(shared: &Shared, executor: &str) -> Error {
    if executor == crate::COMMAND {
        return Error::of(
            ErrorKind::NotFound,
            "executor: `command` is not a known alias, and a program needs one; add \
             `Executor::command(4)` under that alias, or name another with `.executor(..)`",
        );
    }
    shared.executors.unknown(executor)
}

/// Checks that a job can run on this node and be found again in its store.
fn fits_here(
    shared: &Shared,
    store: &NamedStore,
    task: Option<&Task>,
    job: &Job,
    place: &Place,
) -> Result<(), Error> {
    if let Some(task) = task {
        task.0.check(&CheckContext {
            states: &shared.states(),
            task: job.task(),
            args: job.args_json(),
            has_scheduler: !place.is_process(),
        })?;
    }
    if store.store.capabilities().persistent && is_anonymous(job.task()) {
        return Err(unnamed(&store.alias));
    }
    fits(task, job, place)
}

/// Checks that an executor can run a task, as far as the task is known on this node.
pub(crate) fn fits(task: Option<&Task>, job: &Job, place: &Place) -> Result<(), Error> {
    let executor = job.executor();
    let reason = if place.is_process() && is_anonymous(job.task()) {
        format!(
            "executor: `{executor}` runs jobs in other processes, which find functions by name; write \
             `#[punctual::job]` above it, or register it with `.task(\"name\", function)` here and in \
             `process::Worker`"
        )
    } else if task.is_some_and(|task| task.0.is_local()) && !place.is_local() {
        format!(
            "executor: the future of task `{}` cannot leave its thread, and `{executor}` is not an \
             `Executor::local()`; add one, and name its alias with `.executor(..)`",
            job.task()
        )
    } else if (&**job.task() == program::TASK) != place.is_command() {
        format!(
            "executor: a program, and nothing else, runs on an `Executor::command(..)`; `{executor}` is not for `{}`",
            job.task()
        )
    } else {
        return Ok(());
    };
    Err(Error::of(ErrorKind::Invalid, reason))
}

fn unnamed(store: &str) -> Error {
    Error::of(
        ErrorKind::Invalid,
        format!(
            "store: `{store}` outlives the process, and a function without a stable name cannot be \
             found again; write `#[punctual::job]` above it, or give it a name on the builder with \
             `.task(\"name\", function)`"
        ),
    )
}
