//! What is known of a job besides its ledger.

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{JobId, Policies, Trigger};

use super::{Between, Period};
use crate::StoredJob;

/// One job from `add` to its removal: what its rows said before and after each edit.
///
/// A job that is added again under the id of one that was removed is another history.
#[derive(Debug, Clone)]
#[must_use = "a history does nothing until a checker has it"]
pub struct History {
    pub(super) job: JobId,
    pub(super) stretches: Vec<Stretch>,
    pub(super) policies: Vec<(Between, Policies)>,
    pub(super) pauses: Vec<(Between, bool)>,
    pub(super) absences: Vec<Period>,
    /// Its runs may wait for something that the ledger does not tell: the place on an executor.
    pub(super) waits: bool,
    /// When edits passed over what was next, or may have.
    pub(super) edits: Vec<Between>,
    /// When an edit removed it, which cancels what waits.
    pub(super) removals: Vec<Between>,
    /// When its executor was away, or a node did not know its task; `None` if that was not told.
    pub(super) without_executor: Option<Vec<Period>>,
    pub(super) without_task: Option<Vec<Period>>,
}

/// Fire times that follow each other by the rule of one trigger.
#[derive(Debug, Clone)]
pub(super) struct Stretch {
    pub(super) incarnation: u64,
    pub(super) trigger: Trigger,
    /// Before this no node could decide anything: its first fire time may have been in the past.
    pub(super) since: DateTime<Utc>,
    pub(super) first: Option<DateTime<Utc>>,
    pub(super) until: Until,
}

/// Where a stretch ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Until {
    /// It goes on.
    Open,
    /// It goes on, and this is next.
    Next(Option<DateTime<Utc>>),
    /// This was next when it ended, at about that time; `None` if nothing was. Of what was overdue
    /// then the edit itself has decided.
    Before(Option<DateTime<Utc>>, Between),
    /// It ended then, and what was next is not known.
    Ended(Between),
}

impl History {
    /// A job as its row was right after it was added.
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
        };
        history.pauses.push((at, added.state.paused));
        history
    }

    /// An edit: the row right before and right after it.
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

    /// It was paused; [`edited`](Self::edited) notices this by itself.
    pub fn paused(mut self, at: impl Into<Between>) -> Self {
        self.pauses.push((at.into(), true));
        self
    }

    /// It was resumed; [`edited`](Self::edited) notices this by itself.
    pub fn resumed(mut self, at: impl Into<Between>) -> Self {
        self.pauses.push((at.into(), false));
        self
    }

    /// It is there still, and its row is this.
    pub fn stands(mut self, row: &StoredJob) -> Self {
        self.end(Until::Next(row.state.next_run_time));
        self
    }

    /// It was removed, and this was its last row: exactly what came before its next fire time is
    /// decided, and what was overdue. A job that left with its last run is one that had no next
    /// fire time.
    pub fn removed(mut self, row: &StoredJob, at: impl Into<Between>) -> Self {
        let at = at.into();
        if row.state.next_run_time.is_some() {
            self.edits.push(at);
        }
        self.end(Until::Before(row.state.next_run_time, at));
        self
    }

    /// It was removed, and its last row was not seen: what was due shortly before may be undecided.
    pub fn removed_at(mut self, at: impl Into<Between>) -> Self {
        let at = at.into();
        self.end(Until::Ended(at));
        self.edits.push(at);
        self.removal(at)
    }

    /// An edit removed it then: its runs that wait are cancelled. [`removed`](Self::removed) says
    /// what its last row was, also of a job that left by itself.
    pub fn removal(mut self, at: impl Into<Between>) -> Self {
        self.removals.push(at.into());
        self
    }

    /// All times in which its executor was away. Once this is told, a run that was skipped for that
    /// at another time is one without a reason.
    pub fn without_executor(mut self, away: impl IntoIterator<Item = Period>) -> Self {
        self.without_executor.get_or_insert_default().extend(away);
        self
    }

    /// All times in which a node did not know its task. Once this is told, a run that was skipped
    /// for that at another time is one without a reason.
    pub fn without_task(mut self, away: impl IntoIterator<Item = Period>) -> Self {
        self.without_task.get_or_insert_default().extend(away);
        self
    }

    /// Nothing could be decided about this job: no node knew its task.
    pub fn absence(mut self, absence: Period) -> Self {
        self.absences.push(absence);
        self
    }

    /// Its runs may start late because they wait for a place on their executor.
    pub fn may_wait(mut self) -> Self {
        self.waits = true;
        self
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

    /// The policies that may have been in force at some time in between.
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

    /// The times in which it may have been paused.
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
