//! Changes the definition of a job.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::{
    IntoTrigger, IntoWhen, IntoZone, Job, JobId, JobState, MissReason, PoliciesBuilder, Trigger,
    When, Zone, json,
};
use serde::Serialize;
use serde_json::Value;

use super::call::awaited;
use super::edit::Edited;
use super::reschedule::{Replacement, begin_anew};
use super::{IntoJobId, Scheduler, job_id};
use crate::error::{Error, ErrorKind};
use crate::executor::Place;
use crate::handler::CheckContext;
use crate::job::policy_overrides::policy_setters;
use crate::scheduler::remote_tasks::Elsewhere;
use crate::scheduler::validate::{filled, fits};
use crate::shared::Shared;
use crate::time::when::instant;

/// # Changing jobs
impl Scheduler {
    /// Changes a job. The caller may chain settings. A setting that is not named stays as it is. The job
    /// is changed when the caller awaits the returned value.
    ///
    /// ```
    /// # use punctual_core::Crontab;
    /// # use punctual_tokio::Scheduler;
    /// # async fn tick() {}
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), punctual_tokio::Error> {
    /// # let scheduler = Scheduler::builder().build()?;
    /// # scheduler.add_job(tick, Crontab::new("@daily")).id("tick").await?;
    /// scheduler.modify_job("tick").name("Daily tick").max_instances(2).await?;
    /// # Ok(()) }
    /// ```
    pub fn modify_job(&self, id: impl IntoJobId) -> ModifyJob {
        ModifyJob {
            scheduler: self.clone(),
            id: job_id(id),
            changes: Vec::new(),
            task: None,
            policies: PoliciesBuilder::default(),
            trigger: None,
            next: None,
            zone: None,
        }
    }
}

type Change = Box<dyn Fn(Job, &mut JobState) -> Job + Send + Sync>;

/// A job that is about to be changed. See [`Scheduler::modify_job`].
///
/// ```
/// # use punctual_tokio::Scheduler;
/// # async fn report() {}
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), punctual_tokio::Error> {
/// # let scheduler = Scheduler::new();
/// # scheduler.add_job(report, "@daily").id("report").await?;
/// scheduler
///     .modify_job("report")
///     .name("Report")
///     .trigger("0 9 * * mon-fri")
///     .tags(["money", "daily"])
///     .untag("daily")
///     .max_instances(2)
///     .await?;
/// let job = scheduler.get_job("report").await?.expect("it was just changed");
/// assert_eq!(job.name(), "Report");
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// Awaiting it returns an error if no setting is named, if there is no such job, if the new task is unknown, if the new
/// arguments do not fit the task, if a policy cannot be used, or if the store cannot be reached.
///
/// # Cancel safety
///
/// Awaiting it is not cancel safe. [`Call`](crate::Call) says what has happened if the future is
/// dropped.
#[must_use = "a job is changed only when this is awaited"]
pub struct ModifyJob {
    scheduler: Scheduler,
    id: Result<JobId, Error>,
    changes: Vec<Result<Change, Error>>,
    task: Option<Arc<str>>,
    policies: PoliciesBuilder,
    trigger: Option<Replacement>,
    /// The extra fire time.
    next: Option<Result<When, Error>>,
    zone: Option<Result<Zone, Error>>,
}

impl ModifyJob {
    fn with(mut self, change: impl Fn(Job, &mut JobState) -> Job + Send + Sync + 'static) -> Self {
        self.changes.push(Ok(Box::new(change)));
        self
    }

    fn own_policies_mut(&mut self) -> &mut PoliciesBuilder {
        &mut self.policies
    }

    policy_setters!();

    /// Sets another trigger, which begins now, as
    /// [`reschedule_job`](Scheduler::reschedule_job) does. A trigger that names no time zone keeps
    /// the zone of the job's present trigger.
    pub fn trigger(mut self, trigger: impl IntoTrigger) -> Self {
        self.trigger = Some(Replacement::new(trigger));
        self
    }

    /// Sets the time zone of the new [trigger](Self::trigger). Modifying the job fails if there is
    /// no new trigger, or if that names another zone itself.
    pub fn timezone(mut self, zone: impl IntoZone) -> Self {
        self.zone = Some(zone.into_zone());
        self
    }

    /// Sets another name for people to read.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.changes
            .extend(filled("name", Some(&name)).err().map(Err));
        self.with(move |job, _| job.with_name(Some(&name)))
    }

    /// Adds a tag, unless the job has it.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        let tag = tag.into();
        self.changes
            .extend(filled("tags", Some(&tag)).err().map(Err));
        self.with(move |job, _| {
            let others = job.tags().filter(|own| *own != tag);
            let tags: Vec<String> = others.chain([tag.as_str()]).map(Into::into).collect();
            job.with_tags(&tags)
        })
    }

    /// Removes a tag, if the job has it.
    pub fn untag(self, tag: impl Into<String>) -> Self {
        let tag = tag.into();
        self.with(move |job, _| {
            let tags = job.tags().filter(|own| *own != tag);
            let tags: Vec<String> = tags.map(Into::into).collect();
            job.with_tags(&tags)
        })
    }

    /// Sets all tags. Tags that the job had before are gone.
    pub fn tags(mut self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let tags: Vec<String> = tags.into_iter().map(Into::into).collect();
        let blank = tags.iter().find_map(|tag| filled("tags", Some(tag)).err());
        self.changes.extend(blank.map(Err));
        self.with(move |job, _| job.with_tags(&tags))
    }

    /// Sets other arguments. See [`NewJob::args`](crate::NewJob::args).
    pub fn args(mut self, args: impl Serialize) -> Self {
        match exact(&args) {
            Ok(args) => self.with(move |job, _| job.with_args(&args)),
            Err(error) => {
                self.changes.push(Err(error));
                self
            }
        }
    }

    /// Sets another task, which is registered on this node or on another node that the store lists.
    /// If only another node knows the task, the arguments are not checked.
    pub fn task(mut self, name: impl Into<String>) -> Self {
        let name: Arc<str> = name.into().into();
        self.task = Some(Arc::clone(&name));
        self.with(move |job, _| job.with_task(Arc::clone(&name)))
    }

    /// Sets the alias of another executor, for the runs that begin after the change.
    pub fn executor(self, alias: impl Into<String>) -> Self {
        let alias = alias.into();
        self.with(move |job, _| job.with_executor(Some(&alias)))
    }

    /// Sets one extra fire time before the next ones of the trigger. An interval without a start
    /// counts from this fire time. A time without an offset is local time of the time zone of the
    /// trigger, or else of the scheduler's.
    pub fn next_run_time(mut self, at: impl IntoWhen) -> Self {
        self.next = Some(at.into_when("next_run_time"));
        self
    }

    /// Refuses a call that would change nothing.
    fn names_a_change(&self) -> Result<(), Error> {
        let is_empty = self.changes.is_empty() && self.policies.is_empty();
        if self.trigger.is_none() && self.zone.is_some() {
            let message =
                "timezone: stands beside no trigger; chain `.trigger(..)`, which the zone is for";
            return Err(Error::of(ErrorKind::Invalid, message));
        }
        if is_empty && self.trigger.is_none() && self.next.is_none() {
            let message = "modify_job: names nothing to change; chain a setting, such as \
                           `.name(..)` or `.trigger(..)`";
            return Err(Error::of(ErrorKind::Invalid, message));
        }
        Ok(())
    }

    async fn perform(self) -> Result<(), Error> {
        self.names_a_change()?;
        let (id, scheduler) = (self.id?, self.scheduler);
        let changes = self.changes.into_iter().collect::<Result<Vec<_>, _>>()?;
        let (shared, own_policies) = (&scheduler.shared, self.policies);
        let next = self.next.transpose()?;
        let mut replacement = self.trigger;
        if let (Some(replacement), Some(zone)) = (&mut replacement, self.zone) {
            replacement.in_zone(zone);
        }
        let wanted = replacement.map(Replacement::read).transpose()?;
        let is_elsewhere = match &self.task {
            Some(task) => is_known_elsewhere(shared, &id, task).await?,
            None => false,
        };
        scheduler
            .edit(&id, |stored, now| {
                let mut state = stored.state;
                let mut job = Job::clone(&stored.job);
                if let Some(wanted) = &wanted {
                    let (trigger, first) = wanted.in_place_of(job.trigger(), shared, now)?;
                    job = job.with_trigger(trigger);
                    begin_anew(&mut state, &first, now);
                }
                for change in &changes {
                    job = change(job, &mut state);
                }
                if let Some(next) = next {
                    let zone = job.trigger().only_zone().unwrap_or(shared.zone);
                    begin_at(
                        &mut state,
                        job.trigger(),
                        instant("next_run_time", next, zone)?,
                    );
                }
                let policies = own_policies.clone().over(job.policies())?;
                job = job.with_policies(policies);
                check(shared, is_elsewhere, &stored.job, &job)?;
                let new_incarnation =
                    wanted.is_some() || state.next_run_time != stored.state.next_run_time;
                Ok(Edited {
                    job: Arc::new(job),
                    state,
                    new_incarnation,
                    decided: new_incarnation.then(|| stored.passed_over(now)).flatten(),
                })
            })
            .await
    }
}

/// Lets a job run at `at` before the next fire times of its trigger.
fn begin_at(state: &mut JobState, trigger: &Trigger, at: DateTime<Utc>) {
    if matches!(trigger, Trigger::Interval(_)) && !trigger.is_anchored() {
        state.anchor = Some(at);
    }
    state.next_run_time = Some(at);
    state.search_limit = false;
    state.finished = false;
    // The absence that held up earlier fire times is not the reason why this one may come late.
    state.absence = MissReason::Grace;
}

/// Returns arguments as a JSON value in which nothing is lost.
fn exact(args: &impl Serialize) -> Result<Value, Error> {
    let text = json::to_text("args", args)?;
    json::check("args", &text)?;
    serde_json::from_str(&text)
        .map_err(|error| Error::of(ErrorKind::Invalid, format!("args: {error}")))
}

/// Returns true if a task is unknown on this node and known to another node of the job's store.
async fn is_known_elsewhere(shared: &Shared, id: &JobId, task: &str) -> Result<bool, Error> {
    if shared.registry.get(task).is_some() {
        return Ok(false);
    }
    let (named, _) = shared.find(id).await?;
    let mut elsewhere = Elsewhere::default();
    elsewhere.ask(shared, &named).await?;
    Ok(elsewhere.knows(named.id, task))
}

/// Checks the settings that are new. A setting that did not change stays, even if it is unknown on
/// this node.
fn check(shared: &Shared, is_elsewhere: bool, before: &Job, job: &Job) -> Result<(), Error> {
    let task = shared.registry.get(job.task());
    let place = shared.executors.get(job.executor());
    let is_moved = job.executor() != before.executor();
    let is_other = job.task() != before.task();
    if is_moved && place.is_none() {
        return Err(shared.executors.unknown(job.executor()));
    }
    if task.is_none() && is_other && !is_elsewhere {
        return Err(shared.registry.unknown(job.task()));
    }
    let is_in_worker = place.as_ref().is_some_and(Place::is_process);
    if let Some(task) = &task
        && (is_other || job.args_json() != before.args_json() || is_moved && is_in_worker)
    {
        task.0.check(&CheckContext {
            states: &shared.states(),
            task: job.task(),
            args: job.args_json(),
            has_scheduler: !is_in_worker,
        })?;
    }
    match place {
        Some(place) if is_moved || is_other => fits(task.as_ref(), job, &place),
        _ => Ok(()),
    }
}

awaited!(ModifyJob -> ());

impl std::fmt::Debug for ModifyJob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModifyJob")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
