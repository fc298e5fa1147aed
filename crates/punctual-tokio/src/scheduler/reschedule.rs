//! Gives a job another trigger.

use std::sync::Arc;

use punctual_core::plan::{FirstFire, first_fire};
use punctual_core::{Draft, IntoTrigger, Job, JobId, Trigger};

use super::call::awaited;
use super::edit::Edited;
use super::{IntoJobId, Scheduler, job_id};
use crate::error::{Error, ErrorKind};

/// # Rescheduling jobs
impl Scheduler {
    /// Gives a job another trigger, which begins now. Overdue fire times of the old trigger are
    /// recorded as skipped (edited), or as missed (paused) if the job is paused.
    pub fn reschedule_job(&self, id: impl IntoJobId, trigger: impl IntoTrigger) -> RescheduleJob {
        RescheduleJob {
            scheduler: self.clone(),
            id: job_id(id),
            trigger: trigger.into_draft(),
        }
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

/// A job that is about to get another trigger. See [`Scheduler::reschedule_job`].
///
/// # Errors
///
/// Awaiting it returns an error if the trigger cannot be used or has no fire time left, or if there
/// is no such job.
///
/// # Cancel safety
///
/// Awaiting it is not cancel safe. [`Call`](crate::Call) says what has happened if the future is
/// dropped.
#[derive(Debug)]
#[must_use = "a job gets its trigger only when this is awaited"]
pub struct RescheduleJob {
    scheduler: Scheduler,
    id: Result<JobId, Error>,
    trigger: Result<Draft, Error>,
}

impl RescheduleJob {
    async fn perform(self) -> Result<(), Error> {
        let (scheduler, id) = (self.scheduler, self.id?);
        let (trigger, first) = scheduler.replacement(self.trigger?)?;
        scheduler
            .edit(&id, |stored, now| {
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
}

awaited!(RescheduleJob -> ());
