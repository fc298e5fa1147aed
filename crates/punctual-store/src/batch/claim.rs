//! Decides claims in their order.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::plan::Plan;
use punctual_core::{FireRange, JobState, Origin, Outcome, Overlap, Policies, RunId, RunKey};

use super::{Batch, NewRange, NewRun, OpenView, Owner, Rows};
use crate::{Claim, ClaimKind, OpenState, Won};

/// A won claim that opens the runs of its plan.
struct Opening<'c> {
    kind: &'c ClaimKind,
    plan: &'c Plan,
    /// The overlap policy that decides about the runs.
    overlap: Overlap,
}

/// The decision about a claim. It names rows, whose states are read once all claims are decided.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "every store has to know all of them, so a new one breaks stores on purpose"
)]
pub enum Verdict<Row> {
    /// The claim is won.
    Won(Row, Won),
    /// The claim is lost, since the row has moved on.
    Lost(Option<Row>),
    /// There is no room.
    AtLimit(Row),
}

impl<R: Rows> Batch<'_, R> {
    /// Decides a claim.
    pub fn claim(&mut self, claim: &Claim) -> Verdict<R::Row> {
        let Some(row) = self.rows.of_birth(claim.birth) else {
            return Verdict::Lost(self.rows.of_id(&claim.id));
        };
        let state = *self.rows.state(row);
        let Some(policies) = self.rows.policies(row) else {
            return Verdict::Lost(None);
        };
        let overlap = claim.kind.overlap(policies.overlap());
        let policies = policies.with_overlap(overlap);
        let kind = &claim.kind;
        let opening = |plan| Opening {
            kind,
            plan,
            overlap,
        };
        match kind {
            ClaimKind::Promote => self.promote(row),
            ClaimKind::Manual { incarnation, .. } if *incarnation != state.incarnation => {
                Verdict::Lost(Some(row))
            }
            ClaimKind::Manual { plan, .. } if self.uses_again(row, Origin::Manual, plan) => {
                Verdict::Lost(Some(row))
            }
            ClaimKind::Advance { revision, .. } if *revision != state.revision => {
                Verdict::Lost(Some(row))
            }
            ClaimKind::Advance { plan, .. } | ClaimKind::Manual { plan, .. }
                if !has_room(plan, &state, &policies) =>
            {
                Verdict::AtLimit(row)
            }
            ClaimKind::Advance { plan, .. } if self.uses_again(row, Origin::Scheduled, plan) => {
                self.pass_over(row, plan)
            }
            ClaimKind::Advance { plan, .. } => {
                let mut state = state;
                state.advance(&plan.next);
                self.open_plan(row, state, &opening(plan))
            }
            ClaimKind::Manual { plan, .. } => self.open_plan(row, state, &opening(plan)),
        }
    }

    fn key(&self, row: R::Row, origin: Origin, fire_time: DateTime<Utc>) -> RunKey {
        RunKey {
            incarnation: self.rows.state(row).incarnation,
            origin,
            fire_time,
        }
    }

    pub(super) fn is_used(&self, row: R::Row, origin: Origin, fire_time: DateTime<Utc>) -> bool {
        self.rows.is_used(row, &self.key(row, origin, fire_time))
    }

    /// Returns true if a fire time of this plan was decided before.
    fn uses_again(&self, row: R::Row, origin: Origin, plan: &Plan) -> bool {
        let mut fire_times = plan.start.iter().chain(&plan.queue);
        fire_times.any(|fire_time| self.is_used(row, origin, *fire_time))
            || plan
                .ranges()
                .any(|(range, _)| self.is_used(row, origin, range.first))
    }

    /// Opens the runs of a plan, and records the fire times that it decides without a run.
    fn open_plan(
        &mut self,
        row: R::Row,
        mut state: JobState,
        opening: &Opening<'_>,
    ) -> Verdict<R::Row> {
        let plan = opening.plan;
        for (range, outcome) in plan.ranges() {
            let (origin, args) = (opening.kind.origin(), opening.kind.args());
            self.record_of(row, origin, args, (range, outcome));
        }
        let is_newest = !plan.start.is_empty() && state.queued > 0;
        let may_replace = is_newest || !plan.queue.is_empty();
        let older = may_replace.then(|| self.older(row, opening.overlap));
        let token = state.token + 1;
        let started = self.open_runs(row, &mut state, (opening.kind, &plan.start), Owner::Own);
        let queued = self.open_runs(row, &mut state, (opening.kind, &plan.queue), Owner::Free);
        state.running += u32::from(started.is_some());
        state.queued += u32::from(queued.is_some());
        state.revision += 1;
        self.rows.set_moved(row, state);
        if queued.is_some() {
            self.stir(state.birth);
        }
        if let Some(older) = older {
            self.replace(older);
        }
        let first = started.or(queued).unwrap_or_default();
        let won = Won::new(self.rows.state(row), first, token);
        self.leave_if_over(row);
        Verdict::Won(row, won)
    }

    /// Opens the runs of one instance, and returns the number of the first.
    fn open_runs(
        &mut self,
        row: R::Row,
        state: &mut JobState,
        (kind, fire_times): (&ClaimKind, &[DateTime<Utc>]),
        owner: Owner,
    ) -> Option<RunId> {
        let mut first = None;
        for (place, fire_time) in fire_times.iter().enumerate() {
            state.token += 1;
            let id = self.rows.next_number();
            first.get_or_insert(id);
            let view = OpenView {
                birth: state.birth,
                token: state.token,
                state: match owner {
                    Owner::Free => OpenState::Queued,
                    Owner::Own | Owner::Other => OpenState::Running,
                },
                owner,
                ends_instance: place + 1 == fire_times.len(),
                reruns: 0,
                attempts: 0,
                cancel: None,
            };
            let key = RunKey {
                incarnation: state.incarnation,
                origin: kind.origin(),
                fire_time: *fire_time,
            };
            let (args, opened) = (kind.args().cloned(), self.time);
            self.rows.open(
                row,
                NewRun {
                    id,
                    key,
                    view,
                    args,
                    opened,
                },
            );
        }
        first
    }

    /// Records a range of fire times without runs.
    pub(super) fn record(
        &mut self,
        row: R::Row,
        origin: Origin,
        range: FireRange,
        outcome: Outcome,
    ) {
        self.record_of(row, origin, None, (range, outcome));
    }

    fn record_of(
        &mut self,
        row: R::Row,
        origin: Origin,
        args: Option<&Arc<str>>,
        (range, outcome): (FireRange, Outcome),
    ) {
        let key = self.key(row, origin, range.first);
        let id = self.rows.next_number();
        let decided = self.time;
        self.rows.record(
            row,
            NewRange {
                id,
                key,
                range,
                outcome,
                args: args.cloned(),
                decided,
            },
        );
    }

    /// Records fire times that an edit passes over, unless they were decided before.
    pub fn record_decided(&mut self, row: R::Row, range: FireRange, outcome: Outcome) {
        if !self.is_used(row, Origin::Scheduled, range.first) {
            self.record(row, Origin::Scheduled, range, outcome);
        }
    }
}

/// Returns true if the row has room for all that a plan starts or queues. Waiting instances come
/// first.
fn has_room(plan: &Plan, state: &JobState, policies: &Policies) -> bool {
    let overlap = policies.overlap();
    let starts = plan.start.is_empty()
        || policies.has_room(state.running)
            && (state.queued == 0 || !matches!(overlap, Overlap::Queue { .. }));
    let waits = plan.queue.is_empty()
        || match overlap {
            Overlap::Queue { at_most, .. } => state.queued < at_most,
            Overlap::CancelRunning => true,
            _ => false,
        };
    starts && waits
}
