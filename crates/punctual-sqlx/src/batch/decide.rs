//! Claims, decided in their order.

use chrono::{DateTime, Utc};
use punctual_core::plan::{Next, Plan};
use punctual_core::{JobState, MissReason, Origin, Outcome, RunId, RunKey, Undecided};
use punctual_store::{Claim, ClaimKind, Won};

use super::rows::Decided;
use super::{Batch, NewRun, OpenRow, Verdict};
use crate::outcome;

impl Batch {
    /// Decides a claim.
    pub(crate) fn decide(&mut self, claim: &Claim) -> Verdict {
        let found = self.by_id.get(claim.id.as_str()).copied();
        let Some(index) = found.filter(|index| !self.jobs[*index].is_gone) else {
            return Verdict::Lost(None);
        };
        let job = &self.jobs[index];
        let Some(policies) = &job.policies else {
            return Verdict::Lost(None);
        };
        if job.state.incarnation != claim.incarnation {
            return Verdict::Lost(Some(job.seen()));
        }
        let is_full = !policies.max_instances.admits(job.state.running);
        match &claim.kind {
            ClaimKind::Manual { plan } if self.uses_again(index, Origin::Manual, plan) => {
                Verdict::Lost(Some(job.seen()))
            }
            ClaimKind::Advance { revision, .. } if *revision != job.state.revision => {
                Verdict::Lost(Some(job.seen()))
            }
            ClaimKind::Advance { plan, .. } | ClaimKind::Manual { plan }
                if is_full && !plan.start.is_empty() =>
            {
                Verdict::AtLimit(job.seen())
            }
            ClaimKind::Promote { .. } if is_full => Verdict::AtLimit(job.seen()),
            ClaimKind::Advance { plan, .. } if self.uses_again(index, Origin::Scheduled, plan) => {
                self.pass_over(index, plan)
            }
            ClaimKind::Advance { plan, .. } => {
                moved_on(&mut self.jobs[index].state, &plan.next);
                self.open(index, Origin::Scheduled, plan)
            }
            ClaimKind::Manual { plan } => self.open(index, Origin::Manual, plan),
            ClaimKind::Promote { first, count } => self.promote(index, *first, *count),
        }
    }

    fn key(&self, index: usize, origin: Origin, fire_time: DateTime<Utc>) -> RunKey {
        RunKey {
            incarnation: self.jobs[index].state.incarnation,
            origin,
            fire_time,
        }
    }

    fn is_used(&self, index: usize, origin: Origin, fire_time: DateTime<Utc>) -> bool {
        self.used.contains(&self.key(index, origin, fire_time))
    }

    /// Whether somebody has decided a fire time of this plan already.
    fn uses_again(&self, index: usize, origin: Origin, plan: &Plan) -> bool {
        let mut all = fire_times(plan).chain(ranges(plan).map(|(range, _)| range.first));
        all.any(|fire_time| self.is_used(index, origin, fire_time))
    }

    /// Moves a schedule past what was decided before: an edit has set it back. What is left of the
    /// plan is planned again by whoever reads the row.
    fn pass_over(&mut self, index: usize, plan: &Plan) -> Verdict {
        let left = fire_times(plan)
            .filter(|fire_time| !self.is_used(index, Origin::Scheduled, *fire_time))
            .min();
        for decided in ranges(plan) {
            if !self.is_used(index, Origin::Scheduled, decided.0.first) {
                self.record(index, Origin::Scheduled, decided);
            }
        }
        let job = &mut self.jobs[index];
        match left {
            Some(fire_time) => job.state.next_run_time = Some(fire_time),
            None => moved_on(&mut job.state, &plan.next),
        }
        job.state.revision += 1;
        job.has_moved = true;
        job.leave_if_over();
        Verdict::Lost((!job.is_gone).then(|| job.seen()))
    }

    /// Opens the runs of a plan and records what it decided without one.
    fn open(&mut self, index: usize, origin: Origin, plan: &Plan) -> Verdict {
        for decided in ranges(plan) {
            self.record(index, origin, decided);
        }
        let first = RunId(self.next_run);
        self.open_instance(index, origin, &plan.start, outcome::RUNNING);
        self.open_instance(index, origin, &plan.queue, outcome::QUEUED);
        let job = &mut self.jobs[index];
        job.state.running += u32::from(!plan.start.is_empty());
        job.state.queued += u32::from(!plan.queue.is_empty());
        job.state.revision += 1;
        job.has_moved = true;
        job.leave_if_over();
        Verdict::Won(Won {
            revision: job.state.revision,
            first,
            running: job.state.running,
            queued: job.state.queued,
        })
    }

    fn open_instance(
        &mut self,
        index: usize,
        origin: Origin,
        fire_times: &[DateTime<Utc>],
        state: &'static str,
    ) {
        for (place, fire_time) in fire_times.iter().enumerate() {
            let key = self.key(index, origin, *fire_time);
            let run = self.new_run(index, key, state);
            self.opened.push(NewRun {
                ends_instance: place + 1 == fire_times.len(),
                ..run
            });
        }
    }

    fn new_run(&mut self, index: usize, key: RunKey, state: &'static str) -> NewRun {
        self.used.insert(key);
        let id = self.next_run();
        let job = &self.jobs[index];
        NewRun {
            id,
            job: job.id.clone(),
            birth: job.birth,
            key,
            state,
            ends_instance: false,
            range: None,
        }
    }

    /// Records a stretch of fire times without runs. It goes by its first.
    pub(crate) fn record(&mut self, index: usize, origin: Origin, (range, outcome): Decided) {
        let key = self.key(index, origin, range.first);
        let run = self.new_run(index, key, outcome::word(outcome));
        self.jobs[index]
            .count()
            .count(outcome, range.count.number());
        self.opened.push(NewRun {
            range: Some((range, self.now)),
            ..run
        });
    }

    fn promote(&mut self, index: usize, first: RunId, count: u32) -> Verdict {
        let birth = self.jobs[index].birth;
        let mut is_promoted = false;
        for id in (first.0..).take(count as usize).map(RunId) {
            let is_its = |open: &&mut OpenRow| {
                open.is_queued && open.birth == birth && Some(&open.owner) == self.by.as_ref()
            };
            if let Some(open) = self.open.get_mut(&id).filter(is_its) {
                open.is_queued = false;
                is_promoted |= open.ends_instance;
                self.promoted.push(id);
            }
        }
        let job = &mut self.jobs[index];
        if !is_promoted {
            return Verdict::Lost(Some(job.seen()));
        }
        // The schedule has not moved: a decision made on the old revision stays good.
        job.state.running += 1;
        job.state.queued = job.state.queued.saturating_sub(1);
        job.has_counted = true;
        Verdict::Won(Won {
            revision: job.state.revision,
            first,
            running: job.state.running,
            queued: job.state.queued,
        })
    }
}

fn fire_times(plan: &Plan) -> impl Iterator<Item = DateTime<Utc>> {
    plan.start.iter().chain(&plan.queue).copied()
}

/// What a plan decides without a run.
pub(crate) fn ranges(plan: &Plan) -> impl Iterator<Item = Decided> + use<> {
    let missed = plan.missed;
    let skipped = plan.skipped;
    let coalesced = plan.coalesced.map(|range| (range, Outcome::Coalesced));
    missed
        .map(|(range, why)| (range, Outcome::Missed(why)))
        .into_iter()
        .chain(coalesced)
        .chain(skipped.map(|(range, why)| (range, Outcome::Skipped(why))))
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

/// The keys that a claim would use.
pub(crate) fn keys(claim: &Claim) -> Vec<RunKey> {
    let (ClaimKind::Advance { plan, .. } | ClaimKind::Manual { plan }) = &claim.kind else {
        return Vec::new();
    };
    let all = fire_times(plan).chain(ranges(plan).map(|(range, _)| range.first));
    all.map(|fire_time| RunKey {
        incarnation: claim.incarnation,
        origin: claim.kind.origin(),
        fire_time,
    })
    .collect()
}
