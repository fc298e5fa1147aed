//! Pauses a job on all nodes, and resumes it.

use chrono::{DateTime, Utc};
use punctual_core::plan::{self, Resume};
use punctual_store::StoredJob;

use super::edit::Edited;
use super::{IntoJobId, Scheduler, job_id};
use crate::error::Error;

impl Scheduler {
    /// Pauses a job on all nodes. Its runs under way go on. Runs that wait in the queue of the job
    /// or for their next attempt begin when the job is resumed. [`run_job`](Self::run_job) runs a
    /// paused job all the same.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such job.
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. If the future is dropped, the job may or may not be paused.
    pub async fn pause_job(&self, id: impl IntoJobId) -> Result<(), Error> {
        self.edit(&job_id(id)?, |stored, _| {
            let mut state = stored.state;
            state.paused = true;
            Ok(Edited::state(stored, state))
        })
        .await
    }

    /// Lets a paused job go on. A job that is not paused is left as it is. A job that has no fire
    /// time left is removed.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such job.
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. If the future is dropped, the job may or may not be resumed.
    pub async fn resume_job(&self, id: impl IntoJobId, resume: Resume) -> Result<(), Error> {
        let id = job_id(id)?;
        self.edit(&id, |stored, now| resumed(stored, resume, now))
            .await?;
        let (named, stored) = self.shared.find(&id).await?;
        if stored.state.is_over() {
            self.take_out(&named, &id).await?;
        }
        Ok(())
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
