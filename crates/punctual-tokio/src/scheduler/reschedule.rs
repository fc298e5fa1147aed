//! Gives a job another trigger.

use std::sync::Arc;

use punctual_core::plan::{FirstFire, first_fire};
use punctual_core::{Draft, IntoTrigger, Job, Trigger};

use super::edit::Edited;
use super::{IntoJobId, Scheduler, job_id};
use crate::error::{Error, ErrorKind};

impl Scheduler {
    /// Gives a job another trigger, which begins now. Overdue fire times of the old trigger are
    /// recorded as skipped (edited), or as missed (paused) if the job is paused.
    ///
    /// # Errors
    ///
    /// Returns an error if the trigger cannot be used or has no fire time left, or if there is no
    /// such job.
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. If the future is dropped, the job may or may not have been
    /// changed.
    pub async fn reschedule_job(
        &self,
        id: impl IntoJobId,
        trigger: impl IntoTrigger,
    ) -> Result<(), Error> {
        let (trigger, first) = self.replacement(trigger.into_draft()?)?;
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

    /// Returns the trigger that a stored job gets, and its first fire time.
    pub(super) fn replacement(&self, trigger: Draft) -> Result<(Trigger, FirstFire), Error> {
        let now = self.now();
        let trigger = trigger
            .at(now)?
            .with_default_timezone(self.shared.zone)
            .bind(&self.shared.triggers)?;
        trigger.check()?;
        let first = first_fire(&trigger, None, now)?;
        if first.fire_time.is_none() {
            let message = format!("trigger: `{trigger}` has no fire time left");
            return Err(Error::of(ErrorKind::Expired, message));
        }
        Ok((trigger, first))
    }
}
