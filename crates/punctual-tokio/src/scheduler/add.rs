//! Adding jobs.

use std::collections::BTreeMap;

use punctual_core::{IntoTrigger, IntoWhen, IntoZone, JobId, PoliciesBuilder};
use punctual_store::{Insert, OnConflict, StoredJob};
use serde::Serialize;

use super::call::awaited;
use super::{Call, JobHandle, Scheduler};
use crate::error::{Error, ErrorKind};
use crate::events::event::{EventKind, JobRef};
use crate::handler::IntoTask;
use crate::handler::registry::Offered;
use crate::job::new_job::NewJob;
use crate::job::policy_overrides::policy_setters;
use crate::scheduler::remote_tasks::Elsewhere;
use crate::stores::NamedStore;

/// # Adding jobs
impl Scheduler {
    /// Adds a job that calls a function or a registered task at the times of a trigger. The caller
    /// may chain settings. The job is added when the caller awaits the returned value.
    ///
    /// A task that the caller names has to be registered on this node, or on another node that the
    /// store lists. If only another node knows the task, the job runs there and is parked here, and
    /// its arguments are not checked. A store lists a node that died until another node has noticed
    /// its death.
    ///
    /// ```
    /// # use punctual_core::{Cron, Date, Interval, Trigger};
    /// # use punctual_tokio::Scheduler;
    /// # async fn tick() {}
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), punctual_tokio::Error> {
    /// # let scheduler = Scheduler::builder().build()?;
    /// scheduler.add_job(tick, "*/5 9-17 * * mon-fri").timezone("Europe/Paris").await?;
    /// scheduler.add_job(tick, Interval::every("90s")).id("tick").await?;
    /// scheduler.add_job(tick, Date::after("15m")).await?;
    /// scheduler.add_job(tick, Trigger::or((Cron::new().day("last"), "0 9 * * mon"))).await?;
    /// scheduler.add_job(|| async { println!("closure") }, "@daily").await?;
    /// # Ok(()) }
    /// ```
    #[doc(alias = "add_schedule")]
    pub fn add_job<M>(&self, task: impl IntoTask<M>, trigger: impl IntoTrigger) -> AddJob {
        AddJob {
            scheduler: self.clone(),
            job: NewJob::new(task, trigger),
        }
    }

    /// Adds many jobs, much faster than one by one. Returns one answer for each job, in the order
    /// of the jobs. A job that is refused does not hold up the others.
    ///
    /// # Errors
    ///
    /// Returns an error if a store cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. If the future is dropped, some of the jobs may have been
    /// added.
    pub fn add_jobs(
        &self,
        jobs: impl IntoIterator<Item = NewJob>,
    ) -> Call<Vec<Result<JobHandle, Error>>> {
        let (scheduler, jobs) = (self.clone(), jobs.into_iter().collect());
        Call::new(async move { scheduler.add_many(jobs).await })
    }

    async fn add_many(&self, jobs: Vec<NewJob>) -> Result<Vec<Result<JobHandle, Error>>, Error> {
        let elsewhere = Elsewhere::of_jobs(&self.shared, &jobs).await?;
        let mut answers = Vec::new();
        let mut offered = Offered::none(&self.shared.registry);
        let mut batches: BTreeMap<u32, (NamedStore, Vec<usize>, Vec<Insert>)> = BTreeMap::new();
        for (index, job) in jobs.into_iter().enumerate() {
            match job.prepare(&self.shared, &elsewhere) {
                Ok((named, mut insert)) => {
                    offered.add(insert.job.task());
                    if self.is_done(&named, &mut insert).await? {
                        answers.push(Some(Ok(self.handle(insert.job.id()))));
                        continue;
                    }
                    let batch = batches
                        .entry(named.id)
                        .or_insert_with(|| (named, Vec::new(), Vec::new()));
                    batch.1.push(index);
                    batch.2.push(insert);
                    answers.push(None);
                }
                Err(error) => answers.push(Some(Err(error))),
            }
        }
        for (named, indexes, inserts) in batches.into_values() {
            let stored = self.insert(&named, inserts).await?;
            for (index, stored) in indexes.into_iter().zip(stored) {
                answers[index] = Some(stored.map(|stored| self.handle(stored.job.id())));
            }
        }
        let answers = answers.into_iter();
        Ok(answers
            .map(|answer| answer.unwrap_or_else(unanswered))
            .collect())
    }

    async fn add_one(&self, job: NewJob) -> Result<JobHandle, Error> {
        let elsewhere = Elsewhere::of_jobs(&self.shared, std::slice::from_ref(&job)).await?;
        let (named, mut insert) = job.prepare(&self.shared, &elsewhere)?;
        let mut offered = Offered::none(&self.shared.registry);
        offered.add(insert.job.task());
        if self.is_done(&named, &mut insert).await? {
            return Ok(self.handle(insert.job.id()));
        }
        let stored = only(self.insert(&named, vec![insert]).await?)?;
        if let Err(error) = self.shared.hint_at_doubles(&named, &stored.job).await {
            tracing::debug!(%error, "whether the job is stored twice is not known");
        }
        Ok(self.handle(stored.job.id()))
    }

    pub(super) async fn insert_unchecked(
        &self,
        named: &NamedStore,
        inserts: Vec<Insert>,
    ) -> Result<Vec<Result<StoredJob, Error>>, Error> {
        let is_heard = self.shared.bus.is_heard();
        let pending = is_heard.then(|| {
            let ids = inserts.iter().map(|insert| insert.job.id().clone());
            self.shared.announcements.begin(ids.collect())
        });
        let tasks: Vec<_> = inserts
            .iter()
            .map(|insert| std::sync::Arc::clone(insert.job.task()))
            .collect();
        let replaced = self.to_be_replaced(named, &inserts).await?;
        tasks
            .iter()
            .for_each(|task| self.shared.registry.used(task));
        let answers = match named.store.add(inserts).await {
            Ok(answers) => answers,
            Err(error) => {
                // Jobs that may have been stored keep their closures.
                if !error.is_unknown() {
                    tasks
                        .iter()
                        .for_each(|task| self.shared.registry.unused(task));
                }
                return Err(error.into());
            }
        };
        for stored in answers.iter().flatten() {
            self.shared.unstarted.added(named, stored.job.id());
        }
        for ((answer, task), replaced) in answers.iter().zip(&tasks).zip(replaced) {
            match (answer, replaced) {
                (Ok(new), Some(old)) if is_next(&old, new) => {
                    self.shared.registry.unused(old.job.task());
                }
                (Err(error), _) if !error.is_unknown() => self.shared.registry.unused(task),
                _ => {}
            }
        }
        if is_heard {
            for stored in answers.iter().flatten() {
                self.shared.bus.emit(|| {
                    EventKind::JobAdded(JobRef {
                        id: stored.job.id().clone(),
                        store: std::sync::Arc::clone(&named.alias),
                    })
                });
            }
        }
        drop(pending);
        Ok(answers
            .into_iter()
            .map(|answer| answer.map_err(Error::from))
            .collect())
    }

    /// Returns the jobs that the new ones replace, in stores whose jobs may call closures. The
    /// closures end with the replaced jobs.
    async fn to_be_replaced(
        &self,
        named: &NamedStore,
        inserts: &[Insert],
    ) -> Result<Vec<Option<StoredJob>>, Error> {
        let has_closures = !named.store.capabilities().persistent;
        let mut replaced = Vec::with_capacity(inserts.len());
        for insert in inserts {
            let may_replace = has_closures && insert.on_conflict != OnConflict::Refuse;
            replaced.push(if may_replace {
                named.store.get(insert.job.id().clone()).await?
            } else {
                None
            });
        }
        Ok(replaced)
    }

    pub(super) fn handle(&self, id: &JobId) -> JobHandle {
        JobHandle::new(self.clone(), id.clone())
    }
}

/// Returns the answer for the only job that was added.
pub(super) fn only(answers: Vec<Result<StoredJob, Error>>) -> Result<StoredJob, Error> {
    answers.into_iter().next().unwrap_or_else(unanswered)
}

/// Returns the error for a job that a store has left out of its answers.
pub(super) fn unanswered<T>() -> Result<T, Error> {
    let message = "the store did not answer for this job";
    Err(Error::of(ErrorKind::Internal, message))
}

/// Returns true if `new` is the next revision of `old`, with no change between the two.
fn is_next(old: &StoredJob, new: &StoredJob) -> bool {
    new.state.birth == old.state.birth && new.state.revision == old.state.revision + 1
}

/// A job that is about to be added. See [`Scheduler::add_job`]. It has the settings of [`NewJob`].
///
/// # Errors
///
/// Awaiting it returns an error if the trigger, the id, the arguments or a policy cannot be used,
/// if the id is taken, if the task or its state is unknown, or if the store cannot be reached.
///
/// # Cancel safety
///
/// Awaiting it is not cancel safe. [`Call`] says what has happened if the future is dropped.
#[derive(Debug)]
#[must_use = "a job is added only when this is awaited"]
pub struct AddJob {
    scheduler: Scheduler,
    job: NewJob,
}

macro_rules! settings {
    ($($name:ident($($argument:ident: $kind:ty),*);)*) => {
        impl AddJob {
            $(
                #[doc = concat!("See [`NewJob::", stringify!($name), "`].")]
                pub fn $name(mut self, $($argument: $kind),*) -> Self {
                    self.job = self.job.$name($($argument),*);
                    self
                }
            )*
        }
    };
}

settings! {
    id(id: impl Into<String>);
    name(name: impl Into<String>);
    tag(tag: impl Into<String>);
    tags(tags: impl IntoIterator<Item = impl Into<String>>);
    args(args: impl Serialize);
    executor(alias: impl Into<String>);
    store(alias: impl Into<String>);
    timezone(zone: impl IntoZone);
    next_run_time(at: impl IntoWhen);
    paused();
    run_at_start();
    replace_existing();
    refuse_past();
}

impl AddJob {
    fn own_policies_mut(&mut self) -> &mut PoliciesBuilder {
        &mut self.job.policies
    }

    policy_setters!();

    async fn perform(self) -> Result<JobHandle, Error> {
        self.scheduler.add_one(self.job).await
    }
}

awaited!(AddJob -> JobHandle);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_leaves_an_answer_out_has_not_added_the_job() {
        let error = only(Vec::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert!(error.to_string().contains("did not answer"), "{error}");
    }
}
