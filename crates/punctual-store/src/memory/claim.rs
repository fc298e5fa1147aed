//! The rows of the store as the rules of [`batch`](crate::batch) see them, and the claim request.

use chrono::{DateTime, Utc};
use punctual_core::{JobId, JobState, Overlap, Policies, RunId, RunKey};

use super::ledger::{Entry, Rare};
use super::open_runs::{Open, Past};
use super::rows::{JobRow, NONE};
use super::state::State;
use crate::batch::{Answers, Batch, NewRange, NewRun, OpenView, Owner, Rows, Verdict};
use crate::{
    ClaimAnswer, ClaimReply, ClaimRequest, EndText, Error, Handed, OpenState, RunEnd, StoredJob,
};

/// The state of the store with the node that sent the request.
#[derive(Debug)]
pub(super) struct Asked<'s> {
    pub(super) state: &'s mut State,
    /// The index of the node's name, or `NONE` if the request is not from a node.
    pub(super) node: u32,
    pub(super) epoch: u64,
    /// Jobs that left the store during the request.
    pub(super) removed: Vec<StoredJob>,
}

impl State {
    /// Returns the state for a request that is not from a node.
    pub(super) fn asked(&mut self) -> Asked<'_> {
        Asked {
            state: self,
            node: NONE,
            epoch: 0,
            removed: Vec::new(),
        }
    }

    pub(super) fn claim(&mut self, request: &ClaimRequest) -> Result<ClaimReply, Error> {
        let node = self.nodes.check(&request.lease)?;
        let mut asked = Asked {
            state: self,
            node,
            epoch: request.lease.epoch,
            removed: Vec::new(),
        };
        let mut batch = Batch::new(&mut asked, request.now);
        request.ends.iter().for_each(|end| batch.end(end));
        let verdicts: Vec<_> = request.claims.iter().map(|c| batch.claim(c)).collect();
        if request.takes_waiting {
            batch.hand_out();
        }
        let Answers { handed, cancels } = batch.into_answers();
        let removed = asked.removed;
        let wanted = request.claims.iter().map(|claim| claim.wants_job);
        let answers = verdicts.into_iter().zip(wanted);
        Ok(ClaimReply {
            ends_done: request.ends.len(),
            answers: answers.map(|(v, wants)| self.answer(v, wants)).collect(),
            handed: handed
                .into_iter()
                .filter_map(|(slot, runs)| self.handed(slot, &runs))
                .collect(),
            cancels,
            removed,
        })
    }

    fn answer(&self, verdict: Verdict<u32>, wants_job: bool) -> ClaimAnswer {
        let stored = |slot| self.rows.get(slot).map(JobRow::stored);
        match verdict {
            Verdict::Won(slot, mut won) => {
                if wants_job {
                    won.job = stored(slot).map(|stored| stored.job);
                }
                ClaimAnswer::Won(won)
            }
            Verdict::Lost(slot) => ClaimAnswer::Lost(slot.and_then(stored)),
            Verdict::AtLimit(slot) => {
                stored(slot).map_or(ClaimAnswer::Lost(None), ClaimAnswer::AtLimit)
            }
        }
    }

    fn handed(&self, slot: u32, runs: &[RunId]) -> Option<Handed> {
        Some(Handed {
            job: self.rows.get(slot)?.stored(),
            runs: runs.iter().filter_map(|id| self.open_run(*id)).collect(),
        })
    }

    /// Notes that the fire times from `key` to `last` are decided.
    fn used(&mut self, slot: u32, key: &RunKey, last: DateTime<Utc>) {
        if let Some(row) = self.rows.get_mut(slot) {
            row.newest.note(key, last);
        }
    }

    /// Returns true if a run or range of this key is open, or has ended and is still kept.
    fn has_run(&self, slot: u32, key: &RunKey) -> bool {
        let history = self.rows.get(slot).map(|row| row.history);
        let history = history.filter(|history| *history != NONE);
        self.open.iter().any(|(_, open)| open.key() == *key)
            || history.is_some_and(|history| {
                let mut over = self.ledger.newest_first(Some(history));
                over.any(|(_, entry)| entry.key() == *key)
            })
    }
}

impl Asked<'_> {
    fn owner(&self, open: &Open) -> Owner {
        if open.node == NONE {
            Owner::Free
        } else if open.node == self.node && open.epoch == self.epoch {
            Owner::Own
        } else {
            Owner::Other
        }
    }

    fn view(&self, open: &Open) -> OpenView {
        let (reruns, attempts) = open
            .past
            .as_ref()
            .map_or((0, 0), |past| (past.reruns, past.attempts));
        OpenView {
            birth: open.birth,
            token: open.token,
            state: open.state(),
            owner: self.owner(open),
            ends_instance: open.ends_instance,
            reruns,
            attempts,
            cancel: open.cancel,
        }
    }
}

impl Rows for Asked<'_> {
    type Row = u32;

    fn of_id(&self, id: &JobId) -> Option<u32> {
        self.state.rows.find(id)
    }

    fn of_birth(&self, birth: u64) -> Option<u32> {
        self.state.rows.born(birth)
    }

    fn state(&self, slot: u32) -> &JobState {
        self.state.rows.state(slot)
    }

    fn policies(&self, slot: u32) -> Option<&Policies> {
        Some(self.state.rows.get(slot)?.job.policies())
    }

    fn set_moved(&mut self, slot: u32, state: JobState) {
        self.state.rows.set(slot, None, state);
    }

    fn set_counts(&mut self, slot: u32, state: JobState) {
        self.state.rows.set_counts(slot, state);
    }

    fn leave(&mut self, slot: u32) {
        self.removed.extend(self.state.remove_row(slot));
    }

    fn is_used(&self, slot: u32, key: &RunKey) -> bool {
        let row = self.state.rows.get(slot);
        row.is_some_and(|row| !row.newest.is_beyond(key)) && self.state.has_run(slot, key)
    }

    fn next_number(&mut self) -> RunId {
        let id = RunId(self.state.next_run);
        self.state.next_run += 1;
        id
    }

    fn open(&mut self, slot: u32, run: NewRun) {
        let history = self.state.history_of(slot);
        self.state.ledger.used(history);
        self.state.used(slot, &run.key, run.key.fire_time);
        let is_queued = run.view.state == OpenState::Queued;
        let node = if is_queued { NONE } else { self.node };
        self.state.ledger.names.used(node);
        let open = Open {
            birth: run.view.birth,
            incarnation: run.key.incarnation,
            fire_time: run.key.fire_time.timestamp_micros(),
            opened: run.opened.timestamp_micros(),
            token: run.view.token,
            epoch: self.epoch,
            node,
            history,
            origin: run.key.origin,
            is_queued,
            ends_instance: run.view.ends_instance,
            cancel: None,
            past: run.args.map(|args| {
                Box::new(Past {
                    args: Some(args),
                    ..Past::default()
                })
            }),
        };
        let policies = self.policies(slot);
        let is_replaceable =
            policies.is_some_and(|policies| policies.overlap() == Overlap::CancelRunning);
        self.state.open.insert(run.id, open, is_replaceable);
    }

    fn record(&mut self, slot: u32, range: NewRange) {
        let history = self.state.history_of(slot);
        self.state.used(slot, &range.key, range.range.last);
        let entry = entry_of_range(range);
        self.state.ledger.count(history, &entry);
        self.state.ledger.record(history, entry);
    }

    fn run(&self, id: RunId) -> Option<OpenView> {
        self.state.open.get(id).map(|open| self.view(open))
    }

    fn set_run(&mut self, id: RunId, view: OpenView) {
        let (node, epoch) = (self.node, self.epoch);
        let mut released = NONE;
        let mut taken = NONE;
        self.state.open.change(id, |open| {
            match view.owner {
                Owner::Free if open.node != NONE => {
                    released = std::mem::replace(&mut open.node, NONE);
                }
                Owner::Own if open.node == NONE => {
                    (open.node, open.epoch) = (node, epoch);
                    taken = node;
                }
                _ => {}
            }
            open.set(view);
        });
        self.state.ledger.names.used(taken);
        self.state.ledger.names.unused(released);
    }

    fn keep_attempt(&mut self, end: &RunEnd) {
        self.state.open.change(end.run, |open| {
            let past = open.past.get_or_insert_default();
            past.started = past.started.or(end.started);
            past.attempts = end.attempts;
            if let Some(text) = &end.text {
                past.failure = Some(text.as_str().into());
            }
        });
    }

    fn close(&mut self, slot: Option<u32>, end: &RunEnd) {
        let Some(open) = self.state.open.remove(end.run) else {
            return;
        };
        let history = open.history;
        let entry = ended(open, end);
        if slot.is_some() || !self.state.is_taken(history) {
            self.state.ledger.count(history, &entry);
        }
        self.state.ledger.record(history, entry);
        self.state.ledger.unused(history);
    }

    fn waiting(&self, slot: u32) -> Vec<RunId> {
        self.state.open.waiting(self.state(slot).birth)
    }

    fn under_way(&self, slot: u32) -> Vec<RunId> {
        let state = self.state(slot);
        self.state.open.under_way(state.birth, state.running)
    }
}

impl Open {
    fn set(&mut self, view: OpenView) {
        self.token = view.token;
        self.is_queued = view.state == OpenState::Queued;
        self.cancel = view.cancel;
        let due = match view.state {
            OpenState::Retrying { due } => Some(due),
            OpenState::Queued | OpenState::Running => None,
        };
        let has_past = due.is_some() || view.reruns > 0 || view.attempts > 0;
        if has_past || self.past.is_some() {
            let past = self.past.get_or_insert_default();
            past.due = due;
            past.reruns = view.reruns;
            past.attempts = view.attempts;
        }
    }
}

fn ended(open: Open, end: &RunEnd) -> Entry {
    let past = open.past.map(|past| *past).unwrap_or_default();
    let Past {
        started,
        failure,
        args,
        ..
    } = past;
    let started = started.or(end.started);
    let text = end.text.clone().or(failure.map(EndText::Error));
    Entry {
        id: end.run,
        incarnation: open.incarnation,
        fire_time: open.fire_time,
        opened: open.opened,
        started,
        // The node that ends a run may have another clock than the node that started it.
        finished: started.map_or(end.finished, |started| end.finished.max(started)),
        outcome: end.outcome,
        origin: open.origin,
        attempts: end.attempts,
        node: open.node,
        text: text.map(Box::new),
        rare: args.map(|args| {
            Box::new(Rare {
                range: None,
                args: Some(args),
            })
        }),
    }
}

/// Returns the entry of a range, under the key of its first fire time.
fn entry_of_range(range: NewRange) -> Entry {
    let decided = range.decided.timestamp_micros();
    Entry {
        id: range.id,
        incarnation: range.key.incarnation,
        fire_time: range.key.fire_time.timestamp_micros(),
        opened: decided,
        started: None,
        finished: decided,
        outcome: range.outcome,
        origin: range.key.origin,
        attempts: 0,
        node: NONE,
        text: None,
        rare: Some(Box::new(Rare {
            range: Some(range.range),
            args: range.args,
        })),
    }
}
