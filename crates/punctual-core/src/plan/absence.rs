//! The reason why no node looked at a job when it was due.

use chrono::{DateTime, Utc};

use super::JobView;
use crate::MissReason;

/// A period without decisions about one job, or about all jobs of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Absence {
    /// The end of the period, in microseconds since 1970.
    pub until: i64,
    /// The reason why no node decided.
    pub reason: MissReason,
}

impl Absence {
    /// No absence. It ended before every fire time.
    pub const NEVER: Self = Self {
        until: i64::MIN,
        reason: MissReason::Grace,
    };
}

impl JobView<'_> {
    /// Returns the view with the reason why its next fire time may be late. `of_job` is the absence
    /// of the job, and `of_store` that of its store.
    ///
    /// The absence that ended last counts, since no node decided before its end. If both ended at
    /// the same time, that of the store counts.
    ///
    /// ```text
    /// absence of the job     [--- parked ---]
    /// absence of the store   [- down -]
    /// next fire time            |              ->  parked
    /// next fire time                           |    ->  as it was
    /// ```
    ///
    /// The view stays as it was if that absence ended at the next fire time or before. It also
    /// stays if the job row itself gives the reason, so that [`absence`](Self::absence) is not
    /// [`MissReason::Grace`].
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use punctual_core::plan::Absence;
    /// use punctual_core::{Job, JobId, JobState, MissReason};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let noon: DateTime<Utc> = "2026-03-01T12:00:00Z".parse()?;
    /// let job = Job::new(JobId::new("poll")?, "poll", "0 * * * *".parse()?);
    /// let mut state = JobState::default();
    /// state.next_run_time = Some(noon);
    /// let down = Absence { until: noon.timestamp_micros() + 1, reason: MissReason::Down };
    /// let view = job.view(&state).after_absence(Absence::NEVER, down);
    /// assert_eq!(view.absence, MissReason::Down);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn after_absence(self, of_job: Absence, of_store: Absence) -> Self {
        let last = if of_job.until > of_store.until {
            of_job
        } else {
            of_store
        };
        let was_due = |next: DateTime<Utc>| next.timestamp_micros() < last.until;
        if self.absence != MissReason::Grace || !self.next_fire.is_some_and(was_due) {
            return self;
        }
        Self {
            absence: last.reason,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Case, at};
    use super::*;

    fn until(text: &str, reason: MissReason) -> Absence {
        Absence {
            until: at(text).timestamp_micros(),
            reason,
        }
    }

    /// Returns the reason why a job that is due at 10:00 is late.
    fn reason(of_job: Absence, of_store: Absence) -> MissReason {
        let case = Case::every_minute();
        case.view().after_absence(of_job, of_store).absence
    }

    #[test]
    fn of_two_absences_the_one_that_ended_last_is_why() {
        let parked = |text| until(text, MissReason::Parked);
        let down = |text| until(text, MissReason::Down);
        for (of_job, of_store, wanted) in [
            ("10:05:00", "10:04:00", MissReason::Parked),
            ("10:04:00", "10:05:00", MissReason::Down),
            ("10:05:00", "10:05:00", MissReason::Down),
            ("10:05:00", "09:00:00", MissReason::Parked),
            ("09:00:00", "10:05:00", MissReason::Down),
            ("09:00:00", "09:30:00", MissReason::Grace),
        ] {
            let actual = reason(parked(of_job), down(of_store));
            assert_eq!(actual, wanted, "{of_job} {of_store}");
        }
    }

    #[test]
    fn an_absence_counts_for_what_was_due_before_its_end() {
        let down = |text| reason(Absence::NEVER, until(text, MissReason::Down));
        assert_eq!(down("09:59:59"), MissReason::Grace);
        assert_eq!(down("10:00:00"), MissReason::Grace);
        assert_eq!(down("10:00:00.000001"), MissReason::Down);
    }

    #[test]
    fn without_an_absence_a_late_job_is_merely_late() {
        let never = Absence::NEVER;
        assert_eq!(reason(never, never), MissReason::Grace);
        let parked = until("10:05:00", MissReason::Parked);
        assert_eq!(reason(parked, never), MissReason::Parked);
    }

    #[test]
    fn the_reason_in_the_row_comes_first() {
        let case = Case::every_minute();
        let down = until("10:05:00", MissReason::Down);
        for known in [MissReason::Paused, MissReason::Past, MissReason::Parked] {
            let mut view = case.view();
            view.absence = known;
            assert_eq!(view.after_absence(down, down).absence, known);
        }
    }

    #[test]
    fn a_job_without_a_next_fire_time_missed_nothing() {
        let case = Case::every_minute();
        let mut view = case.view();
        view.next_fire = None;
        let down = until("10:05:00", MissReason::Down);
        assert_eq!(view.after_absence(down, down).absence, MissReason::Grace);
    }

    #[test]
    fn an_absence_changes_nothing_but_the_reason() {
        let case = Case::every_minute().running(1, 2);
        let down = until("10:05:00", MissReason::Down);
        let mut after = case.view().after_absence(down, Absence::NEVER);
        assert_eq!(after.absence, MissReason::Down);
        after.absence = MissReason::Grace;
        assert_eq!(format!("{after:?}"), format!("{:?}", case.view()));
    }
}
