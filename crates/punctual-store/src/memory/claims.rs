//! The transaction that moves schedules on.

use chrono::{DateTime, Utc};
use punctual_core::plan::{Next, Plan};
use punctual_core::{FireRange, JobState, MissReason, Origin, Outcome, RunId, RunKey, Undecided};

use super::ledger::Entry;
use super::open::Open;
use super::rows::{NONE, slot_of};
use super::state::State;
use crate::{
    Claim, ClaimAnswer, ClaimKind, ClaimReply, ClaimRequest, Error, RunEnd, StoredJob, Won,
};

/// Who claims, and when.
#[derive(Clone, Copy)]
struct By {
    node: u32,
    epoch: u64,
    now: i64,
    origin: Origin,
    is_repeated: bool,
}

impl State {
    pub(super) fn claim(&mut self, request: &ClaimRequest) -> Result<ClaimReply, Error> {
        let by = By {
            node: self.nodes.check(&request.lease)?,
            epoch: request.lease.epoch,
            now: request.now.timestamp_micros(),
            origin: Origin::Scheduled,
            is_repeated: request.is_repeated,
        };
        let mut removed = Vec::new();
        for end in &request.ends {
            self.end(end, &mut removed);
        }
        let answers = request
            .claims
            .iter()
            .map(|claim| self.decide(claim, by, &mut removed))
            .collect();
        Ok(ClaimReply { answers, removed })
    }

    fn decide(&mut self, claim: &Claim, by: By, removed: &mut Vec<StoredJob>) -> ClaimAnswer {
        let slot = slot_of(claim.incarnation);
        let is_it = |row: &&super::rows::Row| row.state.incarnation == claim.incarnation;
        let Some(row) = self.rows.get(slot).filter(is_it) else {
            let now = self
                .rows
                .find(&claim.id)
                .and_then(|slot| self.rows.get(slot));
            return ClaimAnswer::Lost(now.map(super::rows::Row::stored));
        };
        let full = !row.job.policies().max_instances.admits(row.state.running);
        match &claim.kind {
            ClaimKind::Manual { plan } if by.is_repeated && self.has_run(slot, plan) => {
                ClaimAnswer::Lost(Some(row.stored()))
            }
            ClaimKind::Advance { revision, .. } if *revision != row.state.revision => {
                ClaimAnswer::Lost(Some(row.stored()))
            }
            ClaimKind::Advance { plan, .. } | ClaimKind::Manual { plan }
                if full && !plan.start.is_empty() =>
            {
                ClaimAnswer::AtLimit(row.stored())
            }
            ClaimKind::Promote { .. } if full => ClaimAnswer::AtLimit(row.stored()),
            ClaimKind::Advance { plan, .. } => {
                let mut state = row.state;
                moved_on(&mut state, &plan.next);
                self.open(
                    slot,
                    state,
                    plan,
                    By {
                        origin: Origin::Scheduled,
                        ..by
                    },
                    removed,
                )
            }
            ClaimKind::Manual { plan } => {
                let state = row.state;
                self.open(
                    slot,
                    state,
                    plan,
                    By {
                        origin: Origin::Manual,
                        ..by
                    },
                    removed,
                )
            }
            ClaimKind::Promote { first, count } => self.promote(slot, by, *first, *count),
        }
    }

    /// Opens the runs of a plan and records what it decided without one.
    fn open(
        &mut self,
        slot: u32,
        mut state: JobState,
        plan: &Plan,
        by: By,
        removed: &mut Vec<StoredJob>,
    ) -> ClaimAnswer {
        let history = self.history_of(slot);
        let skipped = plan
            .skipped
            .map(|(range, why)| (range, Outcome::Skipped(why)));
        let missed = plan
            .missed
            .map(|(range, why)| (range, Outcome::Missed(why)));
        let coalesced = plan.coalesced.map(|range| (range, Outcome::Coalesced));
        for (range, outcome) in [missed, coalesced, skipped].into_iter().flatten() {
            self.record_range(
                history,
                key_of(state.incarnation, by.origin, range),
                range,
                outcome,
                by.now,
            );
        }
        let first = RunId(self.next_run);
        let birth = self.rows.get(slot).map_or(0, |row| row.birth);
        let template = Open {
            birth,
            incarnation: state.incarnation,
            fire_time: 0,
            epoch: by.epoch,
            node: by.node,
            history,
            origin: by.origin,
            is_queued: false,
            holds: false,
            is_unwanted: false,
            reruns: 0,
        };
        state.running += u32::from(!plan.start.is_empty());
        state.queued += u32::from(!plan.queue.is_empty());
        self.open_instance(&plan.start, &template);
        let queued = Open {
            is_queued: true,
            ..template
        };
        self.open_instance(&plan.queue, &queued);
        self.rows.set(slot, None, state);
        let won = Won {
            revision: state.revision + 1,
            first,
            running: state.running,
            queued: state.queued,
        };
        self.remove_if_over(slot, removed);
        ClaimAnswer::Won(won)
    }

    /// Whether a run by hand with the key of this plan is open, or over and still remembered.
    fn has_run(&self, slot: u32, plan: &Plan) -> bool {
        let Some(row) = self.rows.get(slot) else {
            return false;
        };
        let refused = plan.skipped.map(|(range, _)| range.first);
        let opened = plan.start.first().or(plan.queue.first()).copied();
        let Some(fire_time) = opened.or(refused) else {
            return false;
        };
        let key = RunKey {
            incarnation: row.state.incarnation,
            origin: Origin::Manual,
            fire_time,
        };
        let history = Some(row.history).filter(|history| *history != NONE);
        self.open.values().any(|open| open.key() == key)
            || history.is_some_and(|history| {
                let mut ended = self.ledger.newest_first(Some(history));
                ended.any(|(_, entry)| entry.key() == key)
            })
    }

    fn open_instance(&mut self, fire_times: &[DateTime<Utc>], template: &Open) {
        for (index, fire_time) in fire_times.iter().enumerate() {
            let open = Open {
                fire_time: fire_time.timestamp_micros(),
                holds: index + 1 == fire_times.len(),
                ..template.clone()
            };
            self.ledger.used(open.history);
            self.open.insert(RunId(self.next_run), open);
            self.next_run += 1;
        }
    }

    fn promote(&mut self, slot: u32, by: By, first: RunId, count: u32) -> ClaimAnswer {
        let Some(row) = self.rows.get(slot) else {
            return ClaimAnswer::Lost(None);
        };
        let (mut state, stored) = (row.state, row.stored());
        let ids = (first.0..).take(count as usize).map(RunId);
        let mut promoted = false;
        for id in ids {
            let is_its =
                |open: &&mut Open| open.is_queued && open.node == by.node && open.epoch == by.epoch;
            if let Some(open) = self.open.get_mut(&id).filter(is_its) {
                open.is_queued = false;
                promoted |= open.holds;
            }
        }
        if !promoted {
            return ClaimAnswer::Lost(Some(stored));
        }
        state.running += 1;
        state.queued = state.queued.saturating_sub(1);
        // The schedule has not moved: a decision made on the old revision stays good.
        if let Some(row) = self.rows.get_mut(slot) {
            row.state = state;
        }
        ClaimAnswer::Won(Won {
            revision: state.revision,
            first,
            running: state.running,
            queued: state.queued,
        })
    }

    pub(super) fn end(&mut self, end: &RunEnd, removed: &mut Vec<StoredJob>) {
        let Some(open) = self.open.remove(&end.run) else {
            return;
        };
        let entry = Entry {
            id: end.run,
            incarnation: open.incarnation,
            fire_time: open.fire_time,
            started: end.started,
            finished: end.finished,
            outcome: end.outcome,
            origin: open.origin,
            attempts: end.attempts,
            node: open.node,
            text: end.text.clone().map(Box::new),
            range: None,
        };
        self.ledger.record(open.history, entry);
        self.ledger.unused(open.history);
        if !open.holds {
            return;
        }
        let Some((slot, row)) = self.rows.born(open.birth) else {
            return;
        };
        let count = if open.is_queued {
            &mut row.state.queued
        } else {
            &mut row.state.running
        };
        *count = count.saturating_sub(1);
        self.remove_if_over(slot, removed);
    }

    /// A job whose trigger is finished leaves with its last run.
    fn remove_if_over(&mut self, slot: u32, removed: &mut Vec<StoredJob>) {
        let is_over = |state: &JobState| state.finished && state.running == 0 && state.queued == 0;
        if self.rows.get(slot).is_some_and(|row| is_over(&row.state)) {
            removed.extend(self.remove(slot));
        }
    }

    pub(super) fn history_of(&mut self, slot: u32) -> u32 {
        let Some(row) = self.rows.get(slot) else {
            return NONE;
        };
        if row.history != NONE {
            return row.history;
        }
        let history = self.ledger.open(row.job.id());
        if let Some(row) = self.rows.get_mut(slot) {
            row.history = history;
        }
        history
    }

    pub(super) fn record_range(
        &mut self,
        history: u32,
        key: RunKey,
        range: FireRange,
        outcome: Outcome,
        now: i64,
    ) {
        let entry = Entry {
            id: RunId(self.next_run),
            incarnation: key.incarnation,
            fire_time: key.fire_time.timestamp_micros(),
            started: None,
            finished: now,
            outcome,
            origin: key.origin,
            attempts: 0,
            node: NONE,
            text: None,
            range: Some(Box::new(range)),
        };
        self.next_run += 1;
        self.ledger.record(history, entry);
    }
}

/// What a stretch of fire times goes by in the ledger: its first.
pub(super) fn key_of(incarnation: u64, origin: Origin, range: FireRange) -> RunKey {
    RunKey {
        incarnation,
        origin,
        fire_time: range.first,
    }
}

/// Moves a job to what its plan says comes next.
fn moved_on(state: &mut JobState, next: &Next) {
    state.absence = MissReason::Grace;
    match next {
        Next::At { fire_time, .. } => state.next_run_time = Some(*fire_time),
        Next::Finished => {
            state.next_run_time = None;
            state.finished = true;
        }
        Next::Unknown(Undecided::SearchLimit | Undecided::Faulty(_)) => {
            state.next_run_time = None;
            state.search_limit = true;
        }
        // A node that cannot tell for want of code does not claim; nothing is changed by it.
        Next::Unknown(_) | Next::Paused => {}
    }
}
