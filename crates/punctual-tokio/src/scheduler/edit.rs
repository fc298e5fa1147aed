//! Changing, pausing and removing jobs.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::plan::{self, Resume, first_fire};
use punctual_core::{FireRange, Job, JobId, JobState, Outcome, Trigger};
use punctual_store::{JobFilter, StoredJob, Update};

use super::{Scheduler, job_id};
use crate::error::{Error, ErrorKind};
use crate::events::event::{EventKind, JobEvent};
use crate::stores::NamedStore;

/// How often an edit begins anew because another caller was faster.
const TRIES: usize = 32;

/// What an edit makes of a job.
pub(super) struct Edited {
    pub(super) job: Arc<Job>,
    pub(super) state: JobState,
    pub(super) new_incarnation: bool,
    pub(super) decided: Option<(FireRange, Outcome)>,
}

impl Edited {
    pub(super) fn state(stored: &StoredJob, state: JobState) -> Self {
        Self {
            job: Arc::clone(&stored.job),
            state,
            new_incarnation: false,
            decided: None,
        }
    }

    fn is_same(&self, stored: &StoredJob) -> bool {
        let is_untouched = Arc::ptr_eq(&self.job, &stored.job) && self.state == stored.state;
        is_untouched && !self.new_incarnation && self.decided.is_none()
    }
}

impl Scheduler {
    /// Gives a job another trigger, which begins now. What is overdue of the old one is recorded as
    /// skipped (edited), or as missed (paused) if the job is paused.
    ///
    /// # Errors
    ///
    /// If the trigger cannot be used or has no fire time left, or if there is no such job.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the job may or may not have been changed.
    pub async fn reschedule_job(
        &self,
        id: impl AsRef<str>,
        trigger: impl TryInto<Trigger, Error: Into<punctual_core::Error>>,
    ) -> Result<(), Error> {
        let trigger: Trigger = trigger.try_into().map_err(Into::into)?;
        let trigger = trigger
            .with_default_timezone(self.shared.zone)
            .bind(&self.shared.triggers)?;
        trigger.check()?;
        let first = first_fire(&trigger, None, self.now())?;
        if first.fire_time.is_none() {
            let message = format!("trigger: `{trigger}` has no fire time left");
            return Err(Error::new(ErrorKind::Expired, message));
        }
        self.edit(&job_id(id)?, |stored, now| {
            let mut state = stored.state;
            state.restart(first.fire_time);
            state.anchor = first.anchor;
            Ok(Edited {
                job: Arc::new(Job::clone(&stored.job).with_trigger(trigger.clone())),
                state,
                new_incarnation: true,
                decided: stored.passed_over(now),
            })
        })
        .await
    }

    /// Pauses a job on all nodes; runs under way go on. Runs that wait, in the queue of the job or for
    /// their next attempt, begin when it is resumed. [`run_job`](Self::run_job) runs it all the same.
    ///
    /// # Errors
    ///
    /// If there is no such job.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the job may or may not be paused.
    pub async fn pause_job(&self, id: impl AsRef<str>) -> Result<(), Error> {
        self.edit(&job_id(id)?, |stored, _| {
            let mut state = stored.state;
            state.paused = true;
            Ok(Edited::state(stored, state))
        })
        .await
    }

    /// Lets a paused job go on. One that is not paused is left as it is; one that has no fire time
    /// left is removed.
    ///
    /// # Errors
    ///
    /// If there is no such job.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the job may or may not be resumed.
    pub async fn resume_job(&self, id: impl AsRef<str>, resume: Resume) -> Result<(), Error> {
        let id = job_id(id)?;
        self.edit(&id, |stored, now| resumed(stored, resume, now))
            .await?;
        let (named, stored) = self.shared.find(&id).await?;
        if stored.state.is_over() {
            self.take_out(&named, &id).await?;
        }
        Ok(())
    }

    /// Removes a job. Its runs under way go on, and its ledger stays. Runs that wait, for a free
    /// instance or for their next attempt, end as cancelled (`user`). What is overdue is recorded as
    /// skipped (edited), or as missed (paused) if the job is paused.
    ///
    /// A job that code declares stays away at the next starts too, until its definition changes, or a
    /// job is [added](Self::add_job) under its id.
    ///
    /// # Errors
    ///
    /// If there is no such job.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the job may or may not have been removed.
    pub async fn remove_job(&self, id: impl AsRef<str>) -> Result<(), Error> {
        let id = job_id(id)?;
        for named in self.shared.stores() {
            if self.remove(&named, &id).await? {
                return Ok(());
            }
        }
        Err(Error::no_job(&id))
    }

    pub(super) async fn remove(&self, named: &NamedStore, id: &JobId) -> Result<bool, Error> {
        let Some(removed) = named.store.remove(id.clone(), self.now()).await? else {
            return Ok(false);
        };
        self.shared.registry.unused(removed.job.task());
        self.shared.unstarted.removed(named, id);
        self.shared
            .bus
            .emit(|| EventKind::JobRemoved(event_of(named, id)));
        Ok(true)
    }

    /// Removes a job that no caller has asked to remove: if it is declared again, it comes back.
    pub(super) async fn take_out(&self, named: &NamedStore, id: &JobId) -> Result<bool, Error> {
        let was_there = self.remove(named, id).await?;
        named.store.forget_removed(id.clone()).await?;
        Ok(was_there)
    }

    /// Removes all jobs and says how many there were. Declared ones stay away, as after
    /// [`remove_job`](Self::remove_job).
    ///
    /// # Errors
    ///
    /// If a store cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the jobs of some stores may have been removed.
    pub async fn remove_all_jobs(&self) -> Result<u64, Error> {
        let mut count = 0;
        for named in self.shared.stores() {
            count += self.clear(&named).await?;
        }
        self.shared.bus.emit(|| EventKind::AllJobsRemoved(None));
        Ok(count)
    }

    /// Removes all jobs of one store and says how many there were.
    ///
    /// # Errors
    ///
    /// If there is no store of this alias, or it cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the jobs may have been removed.
    pub async fn remove_all_jobs_of(&self, store: &str) -> Result<u64, Error> {
        let named = self.shared.store(store)?;
        let count = self.clear(&named).await?;
        let alias = Some(named.alias);
        self.shared.bus.emit(|| EventKind::AllJobsRemoved(alias));
        Ok(count)
    }

    /// Removes the jobs of a store. Closures of jobs that are added meanwhile stay.
    async fn clear(&self, named: &NamedStore) -> Result<u64, Error> {
        let jobs = if named.store.capabilities().persistent {
            Vec::new()
        } else {
            named.store.list(JobFilter::default()).await?.jobs
        };
        let count = named.store.clear(self.now()).await?;
        self.shared.unstarted.cleared(named);
        for stored in jobs {
            self.shared.registry.unused(stored.job.task());
        }
        Ok(count)
    }

    /// Reads a job, changes it, and writes it back; begins anew if another caller was faster. What
    /// is as it should be already is left alone.
    pub(super) async fn edit(
        &self,
        id: &JobId,
        change: impl FnMut(&StoredJob, DateTime<Utc>) -> Result<Edited, Error> + Send,
    ) -> Result<(), Error> {
        self.edit_in(None, id, change).await
    }

    /// The same in one store, where several may hold the job.
    pub(super) async fn edit_in(
        &self,
        store: Option<&NamedStore>,
        id: &JobId,
        mut change: impl FnMut(&StoredJob, DateTime<Utc>) -> Result<Edited, Error> + Send,
    ) -> Result<(), Error> {
        let pending = self
            .shared
            .bus
            .is_heard()
            .then(|| self.shared.announcements.begin(vec![id.clone()]));
        for _ in 0..TRIES {
            let (named, stored) = match store {
                None => self.shared.find(id).await?,
                Some(named) => {
                    let found = named.store.get(id.clone()).await?;
                    (named.clone(), found.ok_or_else(|| Error::no_job(id))?)
                }
            };
            let now = self.now();
            let edited = change(&stored, now)?;
            if edited.is_same(&stored) {
                return Ok(());
            }
            let update = Update {
                job: edited.job,
                state: edited.state,
                new_incarnation: edited.new_incarnation,
                decided: edited.decided,
                now,
            };
            let decided = update.decided;
            match named.store.update(update).await {
                Ok(_) => {
                    if let Some((range, outcome)) = decided {
                        self.shared.metrics.decided(range, outcome);
                    }
                    self.shared
                        .bus
                        .emit(|| EventKind::JobModified(event_of(&named, id)));
                    drop(pending);
                    return Ok(());
                }
                Err(error) if error.is_stale() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(punctual_store::Error::stale(id).into())
    }
}

pub(super) fn event_of(named: &NamedStore, id: &JobId) -> JobEvent {
    JobEvent {
        id: id.clone(),
        store: Arc::clone(&named.alias),
    }
}

fn resumed(stored: &StoredJob, resume: Resume, now: DateTime<Utc>) -> Result<Edited, Error> {
    let resumed = plan::resume(&stored.job.view(&stored.state), resume, now)?;
    let mut state = stored.state;
    state.resume(&resumed);
    Ok(Edited {
        decided: resumed.missed(),
        ..Edited::state(stored, state)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use punctual_core::Interval;

    use super::*;

    fn overdue(paused: bool) -> StoredJob {
        let noon = "2026-03-01T12:00:00Z".parse().unwrap();
        let trigger = Interval::every(Duration::from_secs(60)).start(noon);
        let trigger = trigger.build().unwrap();
        let job = Job::new(JobId::new("poll").unwrap(), "poll", trigger);
        let mut state = JobState::default();
        state.next_run_time = Some(noon);
        state.paused = paused;
        StoredJob {
            job: job.into(),
            state,
        }
    }

    #[test]
    fn a_job_that_somebody_else_resumed_first_misses_nothing() {
        let now = "2026-03-01T12:05:30Z".parse().unwrap();
        let paused = resumed(&overdue(true), Resume::SkipMissed, now).unwrap();
        assert!(paused.decided.is_some());
        let going = overdue(false);
        for resume in [Resume::SkipMissed, Resume::CatchUp] {
            let edited = resumed(&going, resume, now).unwrap();
            assert!(edited.is_same(&going), "{resume:?}");
        }
    }
}
