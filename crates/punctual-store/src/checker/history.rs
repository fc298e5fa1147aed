//! Facts about a job that are known besides its ledger.

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{JobId, Overlap, Policies, Trigger};

use super::{Between, Period};
use crate::StoredJob;

/// One job from `add` to its removal, with its rows before and after each edit.
///
/// A job that is added again under the id of a removed one has another history.
#[derive(Debug, Clone)]
#[must_use = "a history does nothing until a checker has it"]
pub struct History {
    pub(super) job: JobId,
    pub(super) stretches: Vec<Stretch>,
    pub(super) policies: Vec<(Between, Policies)>,
    pub(super) pauses: Vec<(Between, bool)>,
    pub(super) absences: Vec<Period>,
    /// True if its runs may wait for a place on an executor, which the ledger does not tell.
    pub(super) waits: bool,
    /// The edits that passed over the next fire time, or may have.
    pub(super) edits: Vec<Between>,
    /// The edits that removed the job, which cancels its waiting runs.
    pub(super) removals: Vec<Between>,
    /// The times in which its executor was away, or `None` if they are not known. The next field
    /// holds those in which a node did not know its task.
    pub(super) without_executor: Option<Vec<Period>>,
    pub(super) without_task: Option<Vec<Period>>,
    /// The overlap policies that callers gave to runs by hand.
    pub(super) overlaps_by_hand: Vec<Overlap>,
}

/// Consecutive fire times of one trigger.
#[derive(Debug, Clone)]
pub(super) struct Stretch {
    pub(super) incarnation: u64,
    pub(super) trigger: Trigger,
    /// The earliest time at which a node could decide. The first fire time may be before it.
    pub(super) since: DateTime<Utc>,
    pub(super) first: Option<DateTime<Utc>>,
    pub(super) until: Until,
}

/// The end of a stretch.
#[derive(Debug, Clone, Copy)]
pub(super) enum Until {
    /// The stretch goes on.
    Open,
    /// The stretch goes on, and this is the next fire time.
    Next(Option<DateTime<Utc>>),
    /// The stretch ended at about this time, and this was the next fire time, if there was one. The
    /// edit itself decided what was overdue then.
    Before(Option<DateTime<Utc>>, Between),
    /// The stretch ended at this time, and its next fire time is not known.
    Ended(Between),
}

impl History {
    /// Returns the history of a job whose row is as it was right after it was added.
    pub fn of(added: &StoredJob, at: impl Into<Between>) -> Self {
        let at = at.into();
        let mut history = Self {
            job: added.job.id().clone(),
            stretches: vec![Stretch::of(added, at)],
            policies: vec![(at, *added.job.policies())],
            pauses: Vec::new(),
            absences: Vec::new(),
            waits: false,
            edits: Vec::new(),
            removals: Vec::new(),
            without_executor: None,
            without_task: None,
            overlaps_by_hand: Vec::new(),
        };
        history.pauses.push((at, added.state.paused));
        history
    }

    /// Adds an edit, with the rows right before and right after it.
    pub fn edited(mut self, before: &StoredJob, after: &StoredJob, at: impl Into<Between>) -> Self {
        let at = at.into();
        if before.job.policies() != after.job.policies() {
            self.policies.push((at, *after.job.policies()));
        }
        if before.state.paused != after.state.paused {
            self.pauses.push((at, after.state.paused));
        }
        if before.state.incarnation != after.state.incarnation {
            self.end(Until::Before(before.state.next_run_time, at));
            self.edits.push(at);
            self.stretches.push(Stretch::of(after, at));
        }
        self
    }

    /// Adds a pause. [`edited`](Self::edited) finds pauses by itself.
    pub fn paused(mut self, at: impl Into<Between>) -> Self {
        self.pauses.push((at.into(), true));
        self
    }

    /// Adds a resumption. [`edited`](Self::edited) finds resumptions by itself.
    pub fn resumed(mut self, at: impl Into<Between>) -> Self {
        self.pauses.push((at.into(), false));
        self
    }

    /// Adds the current row of a job that still exists.
    pub fn stands(mut self, row: &StoredJob) -> Self {
        self.end(Until::Next(row.state.next_run_time));
        self
    }

    /// Adds the removal of the job, with its last row.
    ///
    /// Exactly the fire times before the next one of this row are decided, and those that were
    /// overdue. If a job left with its last run, its row has no next fire time.
    pub fn removed(mut self, row: &StoredJob, at: impl Into<Between>) -> Self {
        let at = at.into();
        if row.state.next_run_time.is_some() {
            self.edits.push(at);
        }
        self.end(Until::Before(row.state.next_run_time, at));
        self
    }

    /// Adds the removal of the job if its last row was not seen. Fire times that were due shortly
    /// before may be undecided.
    pub fn removed_at(mut self, at: impl Into<Between>) -> Self {
        let at = at.into();
        self.end(Until::Ended(at));
        self.edits.push(at);
        self.removal(at)
    }

    /// Adds the time of an edit that removed the job, which cancelled its waiting runs.
    ///
    /// [`removed`](Self::removed) takes its last row, also for a job that left by itself.
    pub fn removal(mut self, at: impl Into<Between>) -> Self {
        self.removals.push(at.into());
        self
    }

    /// Adds all times in which its executor was away, and declares the list complete.
    ///
    /// A run that was skipped for that reason at another time is then [without a
    /// reason](super::Rule::WithoutReason).
    pub fn without_executor(mut self, away: impl IntoIterator<Item = Period>) -> Self {
        self.without_executor.get_or_insert_default().extend(away);
        self
    }

    /// Adds all times in which a node did not know its task, and declares the list complete.
    ///
    /// A run that was skipped for that reason at another time is then [without a
    /// reason](super::Rule::WithoutReason).
    pub fn without_task(mut self, away: impl IntoIterator<Item = Period>) -> Self {
        self.without_task.get_or_insert_default().extend(away);
        self
    }

    /// Adds a time in which no node could decide about this job, since none knew its task.
    pub fn absence(mut self, absence: Period) -> Self {
        self.absences.push(absence);
        self
    }

    /// Declares that its runs may start late because they wait for a place on their executor.
    pub fn may_wait(mut self) -> Self {
        self.waits = true;
        self
    }

    /// Adds the overlap policy that a caller gave to a run by hand, if it is not that of the job.
    pub fn by_hand(mut self, overlap: Overlap) -> Self {
        self.overlaps_by_hand.push(overlap);
        self
    }

    /// Returns true if a caller asked for a run by hand that replaces older runs.
    pub(super) fn replaces_by_hand(&self) -> bool {
        self.overlaps_by_hand.contains(&Overlap::CancelRunning)
    }

    fn end(&mut self, until: Until) {
        if let Some(stretch) = self.stretches.last_mut() {
            stretch.until = until;
        }
    }

    pub(super) fn stretch(&self, incarnation: u64) -> Option<&Stretch> {
        let mut stretches = self.stretches.iter();
        stretches.find(|stretch| stretch.incarnation == incarnation)
    }

    /// Returns the policies that may have been in force at some time in between.
    pub(super) fn policies_in(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        skew: TimeDelta,
    ) -> impl Iterator<Item = &Policies> + Clone {
        let known = self.policies.iter();
        let first = known.clone().rposition(|(at, _)| at.surely_by(from, skew));
        let in_force = known.skip(first.unwrap_or_default()).enumerate();
        in_force
            .take_while(move |(index, (at, _))| *index == 0 || at.perhaps_by(until, skew))
            .map(|(_, (_, policies))| policies)
    }

    /// Returns the times in which the job may have been paused.
    pub(super) fn pauses(&self) -> Vec<Period> {
        let mut pauses: Vec<Period> = Vec::new();
        let mut open: Option<DateTime<Utc>> = None;
        for (at, is_pause) in &self.pauses {
            match (is_pause, open) {
                (true, None) => open = Some(at.from),
                (false, Some(from)) => {
                    pauses.push(Period::new(from, at.until));
                    // A job that was perhaps resumed is perhaps still paused.
                    open = (!at.is_certain).then_some(from);
                }
                (true, Some(_)) | (false, None) => {}
            }
        }
        pauses.extend(open.map(|from| Period::new(from, DateTime::<Utc>::MAX_UTC)));
        pauses
    }
}

impl Stretch {
    fn of(row: &StoredJob, at: Between) -> Self {
        let first = row.state.next_run_time;
        let anchor = row.state.anchor.or(first);
        let trigger = row.job.trigger();
        Self {
            incarnation: row.state.incarnation,
            since: at.from,
            trigger: anchor.map_or_else(|| trigger.clone(), |anchor| trigger.anchored(anchor)),
            first,
            until: Until::Open,
        }
    }
}
