//! Gives a job another trigger.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::plan::{FirstFire, first_fire, passed};
use punctual_core::{Draft, IntoTrigger, IntoZone, Job, JobId, JobState, Trigger, Zone};

use super::call::awaited;
use super::edit::Edited;
use super::validate::has_passed;
use super::{IntoJobId, Scheduler, job_id};
use crate::error::{Error, ErrorKind};
use crate::shared::Shared;

/// # Rescheduling jobs
impl Scheduler {
    /// Gives a job another trigger, which begins now. Overdue fire times of the old trigger are
    /// recorded as skipped (edited), or as missed (paused) if the job is paused.
    ///
    /// A trigger that names no time zone keeps the zone of the job's present trigger.
    ///
    /// ```
    /// # use punctual_tokio::Scheduler;
    /// # async fn report() {}
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), punctual_tokio::Error> {
    /// # let scheduler = Scheduler::builder().build()?;
    /// scheduler.add_job(report, "30 2 * * *").id("report").timezone("Europe/Berlin").await?;
    /// // It is half past four in Berlin.
    /// scheduler.reschedule_job("report", "30 4 * * *").await?;
    /// scheduler.reschedule_job("report", "30 4 * * *").timezone("Asia/Tokyo").await?;
    /// # Ok(()) }
    /// ```
    pub fn reschedule_job(&self, id: impl IntoJobId, trigger: impl IntoTrigger) -> RescheduleJob {
        RescheduleJob {
            scheduler: self.clone(),
            id: job_id(id),
            replacement: Replacement::new(trigger),
        }
    }
}

/// The trigger that takes the place of a job's present one.
#[derive(Debug)]
pub(super) struct Replacement {
    trigger: Result<Draft, Error>,
    zone: Option<Result<Zone, Error>>,
    refuses_past: bool,
}

impl Replacement {
    pub(super) fn new(trigger: impl IntoTrigger) -> Self {
        Self {
            trigger: trigger.into_draft(),
            zone: None,
            refuses_past: false,
        }
    }

    /// Returns the trigger with the settings of its caller, or the first mistake in them.
    pub(super) fn read(self) -> Result<Wanted, Error> {
        Ok(Wanted {
            trigger: self.trigger?,
            zone: self.zone.transpose()?,
            refuses_past: self.refuses_past,
        })
    }

    pub(super) fn in_zone(&mut self, zone: Result<Zone, Error>) {
        self.zone = Some(zone);
    }
}

/// A [`Replacement`] that can be read.
pub(super) struct Wanted {
    trigger: Draft,
    zone: Option<Zone>,
    refuses_past: bool,
}

impl Wanted {
    /// Returns the trigger that takes the place of `present`, and its first fire time.
    pub(super) fn in_place_of(
        &self,
        present: &Trigger,
        shared: &Shared,
        now: DateTime<Utc>,
    ) -> Result<(Trigger, FirstFire), Error> {
        let mut trigger = self.trigger.clone().at(now)?;
        if let Some(zone) = self.zone {
            trigger = trigger.in_zone(zone)?;
        }
        let zone = present.only_zone().unwrap_or(shared.zone);
        let trigger = trigger.with_default_timezone(zone).bind(&shared.triggers)?;
        trigger.check()?;
        let first = first_fire(&trigger, None, now)?;
        if first.fire_time.is_none() {
            let message = format!("trigger: `{trigger}` has no fire time left");
            return Err(Error::of(ErrorKind::Expired, message));
        }
        match passed(first.fire_time, now).filter(|_| self.refuses_past) {
            Some(passed) => Err(has_passed(passed, now)),
            None => Ok((trigger, first)),
        }
    }
}

/// Lets the fire times of a job begin anew at `now`.
pub(super) fn begin_anew(state: &mut JobState, first: &FirstFire, now: DateTime<Utc>) {
    state.restart(first.fire_time);
    state.anchor = first.anchor;
    state.absence = first.absence(now);
}

/// A job that is about to get another trigger. See [`Scheduler::reschedule_job`].
///
/// # Errors
///
/// Awaiting it returns an error if the trigger or the time zone cannot be used, if the trigger has
/// no fire time left, or if there is no such job.
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
    replacement: Replacement,
}

impl RescheduleJob {
    /// Sets the time zone of the new trigger. Rescheduling fails if the trigger, or a trigger that
    /// it combines, names another zone itself.
    ///
    /// Without this setting, a trigger that names no zone keeps the zone of the job's present
    /// trigger. If that has none, or combines triggers of several zones, the scheduler's own zone
    /// counts.
    pub fn timezone(mut self, zone: impl IntoZone) -> Self {
        self.replacement.in_zone(zone.into_zone());
        self
    }

    /// Refuses the trigger as [`Expired`](crate::ErrorKind::Expired) if its first fire time has
    /// passed. The job then keeps its present trigger.
    ///
    /// Without this setting a date that has passed runs without delay if the job's grace time
    /// allows it. Otherwise it is recorded as missed (past).
    pub fn refuse_past(mut self) -> Self {
        self.replacement.refuses_past = true;
        self
    }

    async fn perform(self) -> Result<(), Error> {
        let (scheduler, id) = (self.scheduler, self.id?);
        let wanted = self.replacement.read()?;
        scheduler
            .edit(&id, |stored, now| {
                let present = stored.job.trigger();
                let (trigger, first) = wanted.in_place_of(present, &scheduler.shared, now)?;
                let mut state = stored.state;
                begin_anew(&mut state, &first, now);
                Ok(Edited {
                    job: Arc::new(Job::clone(&stored.job).with_trigger(trigger)),
                    state,
                    new_incarnation: true,
                    decided: stored.passed_over(now),
                })
            })
            .await
    }
}

awaited!(RescheduleJob -> ());
