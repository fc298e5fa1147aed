//! Pauses a job on all nodes, and resumes it.

use chrono::{DateTime, Utc};
use punctual_core::JobId;
use punctual_core::plan::{self, Resume};
use punctual_store::StoredJob;

use super::call::awaited;
use super::edit::Edited;
use super::{IntoJobId, Scheduler, job_id};
use crate::error::Error;
use crate::stores::NamedStore;

/// # Pausing and resuming jobs
impl Scheduler {
    /// Pauses a job on all nodes. Its runs under way go on. Runs that wait in the queue of the job
    /// or for their next attempt begin when the job is resumed. [`run_job`](Self::run_job) runs a
    /// paused job all the same.
    #[doc(alias = "pause_schedule")]
    pub fn pause_job(&self, id: impl IntoJobId) -> PauseJob {
        PauseJob {
            scheduler: self.clone(),
            id: job_id(id),
        }
    }

    /// Lets a paused job go on. Fire times that came due in the pause are recorded as missed
    /// (paused), unless the caller chooses to [`catch_up`](ResumeJob::catch_up). A job that is not
    /// paused is left as it is. A job that has no fire time left is removed.
    ///
    /// ```
    /// # use punctual_core::Crontab;
    /// # use punctual_tokio::Scheduler;
    /// # async fn tick() {}
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), punctual_tokio::Error> {
    /// # let scheduler = Scheduler::builder().build()?;
    /// # scheduler.add_job(tick, Crontab::new("@daily")).id("tick").paused().await?;
    /// scheduler.resume_job("tick").catch_up().await?;
    /// # Ok(()) }
    /// ```
    #[doc(alias = "unpause_schedule")]
    pub fn resume_job(&self, id: impl IntoJobId) -> ResumeJob {
        ResumeJob {
            scheduler: self.clone(),
            id: job_id(id),
            resume: Resume::SkipMissed,
        }
    }

    /// Pauses the job of one store, or of the first store that holds it. Returns whether that
    /// changed the job.
    pub(super) async fn pause_in(
        &self,
        store: Option<&NamedStore>,
        id: &JobId,
    ) -> Result<bool, Error> {
        self.edit_in(store, id, |stored, _| {
            let mut state = stored.state;
            state.paused = true;
            Ok(Edited::state(stored, state))
        })
        .await
    }

    /// Resumes the job of one store, or of the first store that holds it. Returns whether that
    /// changed the job.
    pub(super) async fn resume_in(
        &self,
        store: Option<&NamedStore>,
        id: &JobId,
        resume: Resume,
    ) -> Result<bool, Error> {
        let is_changed = self
            .edit_in(store, id, |stored, now| resumed(stored, resume, now))
            .await?;
        match self.found_in(store, id).await {
            Ok((named, stored)) if stored.state.is_over() => {
                self.take_out(&named, id).await?;
            }
            // Another caller has resumed it, too, and has taken it out.
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
            Ok(_) => {}
        }
        Ok(is_changed)
    }
}

/// A job that is about to be paused. See [`Scheduler::pause_job`].
///
/// # Errors
///
/// Awaiting it returns an error if there is no such job.
///
/// # Cancel safety
///
/// Awaiting it is not cancel safe. [`Call`](crate::Call) says what has happened if the future is
/// dropped.
#[derive(Debug)]
#[must_use = "a job is paused only when this is awaited"]
pub struct PauseJob {
    scheduler: Scheduler,
    id: Result<JobId, Error>,
}

impl PauseJob {
    async fn perform(self) -> Result<(), Error> {
        self.scheduler.pause_in(None, &self.id?).await?;
        Ok(())
    }
}

awaited!(PauseJob -> ());

/// A job that is about to be resumed. See [`Scheduler::resume_job`].
///
/// # Errors
///
/// Awaiting it returns an error if there is no such job.
///
/// # Cancel safety
///
/// Awaiting it is not cancel safe. [`Call`](crate::Call) says what has happened if the future is
/// dropped.
#[derive(Debug)]
#[must_use = "a job is resumed only when this is awaited"]
pub struct ResumeJob {
    scheduler: Scheduler,
    id: Result<JobId, Error>,
    resume: Resume,
}

impl ResumeJob {
    /// Lets the policies of the job decide about the fire times that came due in the pause.
    pub fn catch_up(mut self) -> Self {
        self.resume = Resume::CatchUp;
        self
    }

    async fn perform(self) -> Result<(), Error> {
        let Self {
            scheduler,
            id,
            resume,
        } = self;
        scheduler.resume_in(None, &id?, resume).await?;
        Ok(())
    }
}

awaited!(ResumeJob -> ());

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

    use punctual_core::{Interval, Job, JobId, JobState};

    use super::*;

    fn overdue(paused: bool) -> StoredJob {
        let noon = "2026-03-01T12:00:00Z".parse().unwrap();
        let trigger = Interval::every(Duration::from_secs(60)).start(noon);
        let trigger = trigger.build().unwrap();
        let job = Job::new(JobId::new("poll").unwrap(), "poll", trigger);
        let mut state = JobState::default();
        state.next_run_time = Some(noon);
        state.paused = paused;
        StoredJob::new(job.into(), state)
    }

    #[test]
    fn a_job_that_another_caller_resumed_first_misses_nothing() {
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
