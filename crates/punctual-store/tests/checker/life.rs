//! A scheduler as small as can be, on a memory store: it makes ledgers that are right.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use futures::executor::block_on;
use punctual_core::plan::{Next, Plan, plan};
use punctual_core::{CancelReason, JobId, MissReason, Outcome, Policies, Run, RunId};
use punctual_store::checker::{Absence, Between, Checker, Ending, Execution, History, Target};
use punctual_store::{
    Claim, ClaimAnswer, ClaimKind, ClaimReply, ClaimRequest, EndText, JobFilter, JobStore, Lease,
    LedgerLimits, MemoryStore, NodeInfo, RunEnd, RunFilter, StoredJob, Won,
};

use super::dice::Dice;

const BEGIN: &str = "2026-03-27T00:00:00Z";
/// Over the night in which clocks change in Europe.
const SPAN: TimeDelta = TimeDelta::hours(60);

const LEDGER: LedgerLimits = LedgerLimits {
    total: 1_000_000,
    per_job: 1_000_000,
};

/// Everything that a checker is told about a life.
#[derive(Clone)]
pub(super) struct Told {
    pub(super) ledger: Vec<Run>,
    pub(super) histories: BTreeMap<JobId, History>,
    /// All that were ever in force.
    pub(super) policies: BTreeMap<JobId, Vec<Policies>>,
    /// Jobs that were paused at some time.
    pub(super) paused: BTreeSet<JobId>,
    pub(super) executions: Vec<Execution>,
    pub(super) absences: Vec<Absence>,
    pub(super) deaths: Vec<(String, Absence)>,
    pub(super) cancels: Vec<(Target, Between)>,
    pub(super) shutdowns: Vec<(String, Absence)>,
    pub(super) now: DateTime<Utc>,
}

impl Told {
    /// A checker that has only the ledger to go by.
    pub(super) fn by_ledger(&self) -> Checker {
        let mut checker = Checker::new()
            .deaths(self.deaths.clone())
            .cancels(self.cancels.clone())
            .shutdowns(self.shutdowns.clone());
        for history in self.histories.values() {
            let history = history.clone().without_executor([]).without_task([]);
            checker = checker.history(history);
        }
        for absence in &self.absences {
            checker = checker.absence(*absence);
        }
        checker
    }

    /// One that knows what the bodies wrote down.
    pub(super) fn by_bodies(&self) -> Checker {
        self.by_ledger().executions(self.executions.clone())
    }

    pub(super) fn fire_times(&self) -> u64 {
        let count = |run: &Run| run.range.map_or(1, |range| range.count.number());
        self.ledger.iter().map(count).sum()
    }
}

/// Fire times that run one after another.
pub(super) struct Instance {
    job: JobId,
    incarnation: u64,
    runs: VecDeque<(RunId, DateTime<Utc>)>,
    began: DateTime<Utc>,
    ends: DateTime<Utc>,
    outcome: Outcome,
    attempts: u32,
}

pub(super) struct Life {
    pub(super) dice: Dice,
    pub(super) now: DateTime<Utc>,
    pub(super) store: MemoryStore,
    pub(super) told: Told,
    pub(super) names: u64,
    lease: Lease,
    running: Vec<Instance>,
    waiting: Vec<Instance>,
    absent_until: DateTime<Utc>,
    is_mortal: bool,
    is_quiet: bool,
}

impl Life {
    pub(super) fn of(seed: u64) -> Told {
        let mut life = Self::begin(Dice::new(seed));
        let end = life.now + SPAN;
        while life.now < end {
            life.step();
        }
        life.end()
    }

    fn begin(mut dice: Dice) -> Self {
        let now = BEGIN.parse().unwrap();
        let store = MemoryStore::with_ledger(LEDGER);
        let info = NodeInfo {
            name: "one".into(),
            tasks: vec!["work".into()],
            zones: String::new(),
        };
        let lease = block_on(store.register(info)).unwrap();
        let is_mortal = dice.chance(50);
        Self {
            told: Told {
                ledger: Vec::new(),
                histories: BTreeMap::new(),
                policies: BTreeMap::new(),
                paused: BTreeSet::new(),
                executions: Vec::new(),
                absences: Vec::new(),
                deaths: Vec::new(),
                cancels: Vec::new(),
                shutdowns: Vec::new(),
                now,
            },
            dice,
            now,
            store,
            names: 0,
            lease,
            running: Vec::new(),
            waiting: Vec::new(),
            absent_until: now,
            is_mortal,
            is_quiet: false,
        }
    }

    /// To the next end of a run, or some seconds further: half of the patience there is.
    fn step(&mut self) {
        let later = self.now + TimeDelta::milliseconds(self.dice.range(1, 14_000) as i64);
        let next = self.running.iter().map(|instance| instance.ends).min();
        if let Some(ends) = next.filter(|ends| *ends <= later) {
            self.now = ends;
            self.end_one();
        } else {
            self.now = later;
            if !self.is_quiet {
                self.turn();
            }
        }
        if self.now >= self.absent_until {
            self.decide();
        }
    }

    /// Lets all runs end, and all that is due meanwhile too.
    fn end(mut self) -> Told {
        self.is_quiet = true;
        while self.now < self.absent_until || !self.running.is_empty() || !self.waiting.is_empty() {
            self.step();
        }
        let rows = block_on(self.store.list(JobFilter::default())).unwrap();
        for row in rows {
            let history = self.told.histories.remove(row.job.id()).unwrap();
            let stands = history.stands(&row);
            self.told.histories.insert(row.job.id().clone(), stands);
        }
        self.told.ledger = block_on(self.store.runs(RunFilter::default())).unwrap();
        self.told.now = self.now;
        self.told
    }

    /// Nobody decides anything for a while.
    pub(super) fn be_absent(&mut self) {
        let span = TimeDelta::seconds(self.dice.range(60, 20_000) as i64);
        if self.now >= self.absent_until {
            self.absent_until = self.now + span;
            let absence = Absence::new(self.now, self.absent_until);
            self.told.absences.push(absence);
        }
    }

    fn claim(&mut self, ends: Vec<RunEnd>, claims: Vec<Claim>) -> Vec<ClaimAnswer> {
        let request = ClaimRequest {
            lease: self.lease.clone(),
            now: self.now,
            ends,
            claims,
            is_repeated: false,
        };
        let ClaimReply { answers, removed } = block_on(self.store.claim(&request)).unwrap();
        for row in removed {
            self.left(&row);
        }
        answers
    }

    /// A job is gone, and this was its last row.
    pub(super) fn left(&mut self, row: &StoredJob) {
        let history = self.told.histories.remove(row.job.id()).unwrap();
        let removed = history.removed(row);
        self.told.histories.insert(row.job.id().clone(), removed);
    }

    fn decide(&mut self) {
        for row in block_on(self.store.list(JobFilter::default())).unwrap() {
            let mut view = row.job.view(&row.state);
            let was_away = row.state.next_run_time < Some(self.absent_until);
            if was_away && view.absence == MissReason::Grace {
                view.absence = MissReason::Down;
            }
            let plan = plan(&view, self.now);
            let is_due = !plan.is_idle() && !matches!(plan.next, Next::Paused);
            if is_due {
                let revision = row.state.revision;
                let kind = ClaimKind::Advance {
                    revision,
                    plan: plan.clone(),
                };
                self.ask(&row, kind, &plan);
            }
        }
    }

    /// Asks for what was decided, and does it.
    pub(super) fn ask(&mut self, row: &StoredJob, kind: ClaimKind, plan: &Plan) {
        let claim = Claim {
            id: row.job.id().clone(),
            incarnation: row.state.incarnation,
            kind,
        };
        let answers = self.claim(Vec::new(), vec![claim]);
        let ClaimAnswer::Won(won) = answers[0] else {
            panic!("nobody else is there: {answers:?}");
        };
        self.obey(row, plan, won);
    }

    fn obey(&mut self, row: &StoredJob, plan: &Plan, won: Won) {
        let id = row.job.id();
        let its = |instance: &&mut Instance| instance.job == *id;
        let replaced = Outcome::Cancelled(CancelReason::Replaced);
        let running = self.running.iter_mut().filter(its);
        for instance in running.take(plan.cancel.running as usize) {
            (instance.ends, instance.outcome) = (self.now, replaced);
        }
        for _ in 0..plan.cancel.queued {
            let first = self.waiting.iter().position(|instance| instance.job == *id);
            let instance = self.waiting.remove(first.unwrap());
            for (run, _) in instance.runs {
                self.claim(vec![unstarted(run, replaced, self.now)], Vec::new());
            }
        }
        let fire_times = [plan.start.clone(), plan.queue.clone()].concat();
        let runs: VecDeque<_> = (won.first.0..).map(RunId).zip(fire_times).collect();
        if runs.is_empty() {
            return;
        }
        let instance = Instance {
            job: id.clone(),
            incarnation: row.state.incarnation,
            runs,
            began: self.now,
            ends: self.now,
            outcome: Outcome::Succeeded,
            attempts: 1,
        };
        if plan.queue.is_empty() {
            self.begin_run(instance);
        } else {
            self.waiting.push(instance);
        }
        self.promote(id);
    }

    fn begin_run(&mut self, mut instance: Instance) {
        let row = block_on(self.store.get(instance.job.clone())).unwrap();
        let policies = row.map(|row| *row.job.policies()).unwrap_or_default();
        instance.began = self.now;
        instance.ends = self.now + self.duration();
        instance.attempts = self.dice.range(1, u64::from(policies.retry.attempts)) as u32;
        instance.outcome = match self.dice.range(0, 19) {
            0 => Outcome::Failed,
            1 => Outcome::Panicked,
            2 if policies.timeout.limit().is_some() => Outcome::TimedOut,
            3 => Outcome::Cancelled(CancelReason::User),
            4 if self.is_mortal => Outcome::Lost,
            _ => Outcome::Succeeded,
        };
        if instance.outcome == Outcome::TimedOut {
            let limit = policies.timeout.limit().unwrap_or_default();
            let limit = TimeDelta::from_std(limit).unwrap();
            instance.ends = self.now + limit * instance.attempts as i32;
        }
        self.running.push(instance);
    }

    fn duration(&mut self) -> TimeDelta {
        if self.is_quiet || self.dice.chance(40) {
            return TimeDelta::zero();
        }
        TimeDelta::milliseconds(self.dice.range(1, 1_500_000) as i64)
    }

    /// The run that ends now.
    fn end_one(&mut self) {
        let ends_now = |instance: &Instance| instance.ends <= self.now;
        let first = self.running.iter().position(ends_now).unwrap();
        let mut instance = self.running.remove(first);
        let (run, fire_time) = instance.runs.pop_front().unwrap();
        self.write_down(&instance, run, fire_time);
        let is_lost = instance.outcome == Outcome::Lost;
        if is_lost {
            let death = Absence::new(self.now, self.now);
            self.told.deaths.push(("one".to_owned(), death));
        }
        if instance.outcome == Outcome::Cancelled(CancelReason::User) {
            self.told.cancels.push((run.into(), self.now.into()));
        }
        let end = RunEnd {
            started: (!is_lost).then(|| instance.began.timestamp_micros()),
            attempts: if is_lost { 0 } else { instance.attempts },
            text: (instance.outcome == Outcome::Failed).then(|| EndText::Error("no".into())),
            ..unstarted(run, instance.outcome, self.now)
        };
        self.claim(vec![end], Vec::new());
        let job = instance.job.clone();
        if instance.runs.is_empty() {
            self.promote(&job);
        } else if matches!(instance.outcome, Outcome::Lost | Outcome::Cancelled(_)) {
            for (run, _) in instance.runs {
                self.claim(vec![unstarted(run, instance.outcome, self.now)], Vec::new());
            }
            self.promote(&job);
        } else {
            self.begin_run(instance);
        }
    }

    fn write_down(&mut self, instance: &Instance, run: RunId, fire_time: DateTime<Utc>) {
        let span = (self.now - instance.began) / instance.attempts as i32;
        let mut began = instance.began;
        for attempt in 1..=instance.attempts {
            let is_last = attempt == instance.attempts;
            let ended = if is_last { self.now } else { began + span };
            let ending = if is_last {
                ending(instance.outcome)
            } else {
                Ending::Failed
            };
            self.told.executions.push(Execution {
                job: instance.job.clone(),
                run,
                fire_time,
                attempt,
                node: "one".to_owned(),
                began,
                told: (ending == Ending::Dropped).then_some(ended),
                ended: Some(ended),
                ending,
                forsaken: None,
            });
            began = ended;
        }
    }

    /// Starts what waits, as far as there is room.
    pub(super) fn promote(&mut self, job: &JobId) {
        while let Some(first) = self
            .waiting
            .iter()
            .position(|instance| instance.job == *job)
        {
            let instance = &self.waiting[first];
            let claim = Claim {
                id: job.clone(),
                incarnation: instance.incarnation,
                kind: ClaimKind::Promote {
                    first: instance.runs[0].0,
                    count: instance.runs.len() as u32,
                },
            };
            match &self.claim(Vec::new(), vec![claim])[0] {
                ClaimAnswer::Won(_) => {
                    let instance = self.waiting.remove(first);
                    self.begin_run(instance);
                }
                ClaimAnswer::AtLimit(_) => return,
                ClaimAnswer::Lost(_) => {
                    let instance = self.waiting.remove(first);
                    // Its job was removed, or given another trigger: then a user cancels them.
                    let row = block_on(self.store.get(job.clone())).unwrap();
                    if row.is_some() {
                        let its = instance.runs.iter().map(|(run, _)| *run);
                        let cancels = its.map(|run| (run.into(), self.now.into()));
                        self.told.cancels.extend(cancels);
                    }
                    for (run, _) in instance.runs {
                        let user = Outcome::Cancelled(CancelReason::User);
                        self.claim(vec![unstarted(run, user, self.now)], Vec::new());
                    }
                }
            }
        }
    }
}

/// How the body of a run is left.
fn ending(outcome: Outcome) -> Ending {
    match outcome {
        Outcome::Succeeded => Ending::Succeeded,
        Outcome::Failed => Ending::Failed,
        Outcome::Panicked => Ending::Panicked,
        Outcome::Lost => Ending::Unknown,
        _ => Ending::Dropped,
    }
}

fn unstarted(run: RunId, outcome: Outcome, now: DateTime<Utc>) -> RunEnd {
    RunEnd {
        run,
        outcome,
        started: None,
        finished: now.timestamp_micros(),
        attempts: 0,
        text: None,
    }
}
