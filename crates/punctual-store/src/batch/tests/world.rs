//! Rows in memory that the rules are tested on.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use punctual_core::plan::{Plan, plan};
use punctual_core::{Interval, Job, JobId, JobState, Outcome, Policies, RunId, RunKey};

use crate::batch::{Answers, Batch, NewRange, NewRun, OpenView, Owner, Rows, Verdict};
use crate::{Claim, ClaimKind, RunEnd, RunOverrides};

/// Returns the time of a second. The job fires every ten seconds.
pub(super) fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

pub(super) fn micros(second: i64) -> i64 {
    second * 1_000_000
}

/// One job whose next fire time is second 10, with its runs.
#[derive(Debug)]
pub(super) struct World {
    pub(super) job: Job,
    pub(super) state: JobState,
    pub(super) has_left: bool,
    /// True if the row can be decoded.
    pub(super) is_readable: bool,
    pub(super) open: BTreeMap<RunId, OpenView>,
    pub(super) opened: BTreeMap<RunId, DateTime<Utc>>,
    pub(super) keys: Vec<RunKey>,
    pub(super) closed: Vec<(RunId, Outcome)>,
    pub(super) ends: Vec<RunEnd>,
    pub(super) kept: Vec<RunEnd>,
    pub(super) ranges: Vec<NewRange>,
    /// The number of times that the rules have asked for the other open runs of the job.
    pub(super) asked: Cell<u32>,
    numbers: u64,
}

impl World {
    pub(super) fn new(policies: Policies) -> Self {
        let trigger = Interval::every(Duration::from_secs(10)).start(at(0));
        let id = JobId::new("a").unwrap();
        let mut state = JobState::default();
        (state.birth, state.incarnation, state.revision) = (7, 8, 1);
        state.next_run_time = Some(at(10));
        Self {
            job: Job::new(id, "task", trigger.build().unwrap()).with_policies(policies),
            state,
            has_left: false,
            is_readable: true,
            open: BTreeMap::new(),
            opened: BTreeMap::new(),
            keys: Vec::new(),
            closed: Vec::new(),
            ends: Vec::new(),
            kept: Vec::new(),
            ranges: Vec::new(),
            asked: Cell::new(0),
            numbers: 0,
        }
    }

    /// Returns the plan that a node makes at a second if it has just read the row.
    pub(super) fn plan(&self, second: i64) -> Plan {
        plan(&self.job.view(&self.state), at(second))
    }

    pub(super) fn claim_of(&self, kind: ClaimKind) -> Claim {
        Claim {
            id: self.job.id().clone(),
            birth: self.state.birth,
            kind,
            wants_job: false,
        }
    }

    pub(super) fn manual(&self, plan: Plan) -> Claim {
        let incarnation = self.state.incarnation;
        self.claim_of(ClaimKind::Manual {
            incarnation,
            plan,
            overrides: RunOverrides::none(),
        })
    }

    pub(super) fn advance(&self, plan: Plan) -> Claim {
        let revision = self.state.revision;
        self.claim_of(ClaimKind::Advance { revision, plan })
    }

    /// Returns a plan by hand that starts at these seconds.
    pub(super) fn by_hand(&self, seconds: &[i64]) -> Plan {
        let mut plan = punctual_core::plan::manual(&self.job.view(&self.state), at(0));
        (plan.start, plan.queue, plan.skipped) = (times(seconds), Vec::new(), None);
        plan
    }

    /// Handles one request at a second.
    pub(super) fn request<T>(
        &mut self,
        second: i64,
        ask: impl FnOnce(&mut Batch<'_, Self>) -> T,
    ) -> (T, Answers<()>) {
        let mut batch = Batch::new(self, at(second));
        let answer = ask(&mut batch);
        (answer, batch.into_answers())
    }

    pub(super) fn claim(&mut self, second: i64, claim: &Claim) -> Verdict<()> {
        self.request(second, |batch| batch.claim(claim)).0
    }

    /// Claims the due fire times at a second, as a node that has just read the row.
    pub(super) fn run_due(&mut self, second: i64) -> Verdict<()> {
        let claim = self.advance(self.plan(second));
        self.claim(second, &claim)
    }

    /// Gives all open runs to another node.
    pub(super) fn give_away(&mut self) {
        let own = self.open.values_mut();
        let own = own.filter(|run| run.owner == Owner::Own);
        own.for_each(|run| run.owner = Owner::Other);
    }

    pub(super) fn run_of(&self, id: u64) -> OpenView {
        self.open[&RunId(id)]
    }

    pub(super) fn counts(&self) -> (u32, u32) {
        (self.state.running, self.state.queued)
    }
}

pub(super) fn times(seconds: &[i64]) -> Vec<DateTime<Utc>> {
    seconds.iter().map(|second| at(*second)).collect()
}

pub(super) fn ids(numbers: &[u64]) -> Vec<RunId> {
    numbers.iter().map(|number| RunId(*number)).collect()
}

/// Returns the end of a run at second 99.
pub(super) fn end(run: u64, outcome: Outcome) -> RunEnd {
    RunEnd {
        run: RunId(run),
        outcome,
        retry_at: None,
        started: Some(micros(98)),
        finished: micros(99),
        attempts: 1,
        text: None,
    }
}

impl Rows for World {
    type Row = ();

    fn of_id(&self, id: &JobId) -> Option<()> {
        (!self.has_left && self.job.id() == id).then_some(())
    }

    fn of_birth(&self, birth: u64) -> Option<()> {
        (!self.has_left && self.state.birth == birth).then_some(())
    }

    fn state(&self, (): ()) -> &JobState {
        &self.state
    }

    fn policies(&self, (): ()) -> Option<&Policies> {
        self.is_readable.then(|| self.job.policies())
    }

    fn set_moved(&mut self, (): (), state: JobState) {
        self.state = state;
    }

    fn set_counts(&mut self, (): (), state: JobState) {
        self.state = state;
    }

    fn leave(&mut self, (): ()) {
        self.has_left = true;
    }

    fn is_used(&self, (): (), key: &RunKey) -> bool {
        self.keys.contains(key)
    }

    fn next_number(&mut self) -> RunId {
        self.numbers += 1;
        RunId(self.numbers)
    }

    fn open(&mut self, (): (), run: NewRun) {
        self.keys.push(run.key);
        self.opened.insert(run.id, run.opened);
        self.open.insert(run.id, run.view);
    }

    fn record(&mut self, (): (), range: NewRange) {
        self.keys.push(range.key);
        self.ranges.push(range);
    }

    fn run(&self, id: RunId) -> Option<OpenView> {
        self.open.get(&id).copied()
    }

    fn set_run(&mut self, id: RunId, run: OpenView) {
        self.open.insert(id, run);
    }

    fn keep_attempt(&mut self, end: &RunEnd) {
        self.kept.push(end.clone());
    }

    fn close(&mut self, _: Option<()>, end: &RunEnd) {
        self.open.remove(&end.run);
        self.closed.push((end.run, end.outcome));
        self.ends.push(end.clone());
    }

    fn waiting(&self, (): ()) -> Vec<RunId> {
        self.asked.set(self.asked.get() + 1);
        let free = self.open.iter().filter(|(_, run)| run.owner == Owner::Free);
        free.map(|(id, _)| *id).collect()
    }

    fn under_way(&self, (): ()) -> Vec<RunId> {
        self.asked.set(self.asked.get() + 1);
        let taken = self.open.iter().filter(|(_, run)| run.owner != Owner::Free);
        taken.map(|(id, _)| *id).collect()
    }
}
