//! A minimal scheduler on a memory store, which makes correct ledgers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use futures::executor::block_on;
use punctual_core::plan::{Next, Plan, plan};
use punctual_core::{CancelReason, JobId, MissReason, Outcome, Policies, Run, RunId};
use punctual_store::checker::{Between, Checker, Ending, Execution, History, Period, Target};
use punctual_store::{
    Claim, ClaimAnswer, ClaimKind, ClaimReply, ClaimRequest, EndText, Handed, JobFilter, JobStore,
    Lease, LedgerLimits, MemoryStore, NodeInfo, RunEnd, RunFilter, StoredJob, Won,
};

use super::dice::Dice;

const BEGIN: &str = "2026-03-27T00:00:00Z";
/// The length of a life. It includes the night in which clocks change in Europe.
const SPAN: TimeDelta = TimeDelta::hours(60);

const LEDGER: LedgerLimits = LedgerLimits::new(1_000_000, 1_000_000);

/// The facts that a checker is told about a life.
#[derive(Clone)]
pub(super) struct Told {
    pub(super) ledger: Vec<Run>,
    pub(super) histories: BTreeMap<JobId, History>,
    /// All policies that were ever in force.
    pub(super) policies: BTreeMap<JobId, Vec<Policies>>,
    /// The jobs that were paused at some time.
    pub(super) paused: BTreeSet<JobId>,
    pub(super) executions: Vec<Execution>,
    pub(super) absences: Vec<Period>,
    pub(super) deaths: Vec<(String, Period)>,
    pub(super) cancels: Vec<(Target, Between)>,
    pub(super) shutdowns: Vec<(String, Period)>,
    pub(super) now: DateTime<Utc>,
}

impl Told {
    /// Returns a checker that knows only the ledger.
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

    /// Returns a checker that also knows the executions of bodies.
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
        let info = NodeInfo::new("one".into()).tasks(vec!["work".into()]);
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
            absent_until: now,
            is_mortal,
            is_quiet: false,
        }
    }

    /// Goes to the next end of a run, or some seconds further, which is half of the patience.
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

    /// Lets all runs end, and those that become due in the meantime.
    fn end(mut self) -> Told {
        self.is_quiet = true;
        while self.now < self.absent_until || !self.running.is_empty() {
            self.step();
        }
        let rows = block_on(self.store.list(JobFilter::default()))
            .unwrap()
            .jobs;
        for row in rows {
            let history = self.told.histories.remove(row.job.id()).unwrap();
            let stands = history.stands(&row);
            self.told.histories.insert(row.job.id().clone(), stands);
        }
        self.told.ledger = block_on(self.store.runs(RunFilter::default())).unwrap();
        self.told.now = self.now;
        self.told
    }

    /// Lets some time pass in which no node decides.
    pub(super) fn be_absent(&mut self) {
        let span = TimeDelta::seconds(self.dice.range(60, 20_000) as i64);
        if self.now >= self.absent_until {
            self.absent_until = self.now + span;
            let absence = Period::new(self.now, self.absent_until);
            self.told.absences.push(absence);
        }
    }

    fn claim(&mut self, ends: Vec<RunEnd>, claims: Vec<Claim>) -> Vec<ClaimAnswer> {
        let request = ClaimRequest::new(self.lease.clone(), self.now)
            .ends(ends)
            .claims(claims)
            .takes_waiting(true);
        let ClaimReply {
            answers,
            handed,
            cancels,
            removed,
            ..
        } = block_on(self.store.claim(&request)).unwrap();
        for (run, reason) in cancels {
            self.cancel(run, Outcome::Cancelled(reason));
        }
        for row in removed {
            self.left(&row);
        }
        for instance in handed {
            self.begin_handed(&instance);
        }
        answers
    }

    /// Ends the instance of this run now.
    fn cancel(&mut self, run: RunId, outcome: Outcome) {
        let has_it = |instance: &&mut Instance| instance.runs.iter().any(|(own, _)| *own == run);
        if let Some(instance) = self.running.iter_mut().find(has_it) {
            (instance.ends, instance.outcome) = (self.now, outcome);
        }
    }

    /// Starts an instance that waited.
    fn begin_handed(&mut self, handed: &Handed) {
        let runs = handed.runs.iter();
        let runs = runs.map(|run| (run.id, run.key.fire_time)).collect();
        self.begin_run(handed.job.job.id().clone(), runs);
    }

    /// Notes that a job is gone, with its last row.
    pub(super) fn left(&mut self, row: &StoredJob) {
        let history = self.told.histories.remove(row.job.id()).unwrap();
        let removed = history.removed(row, self.now);
        self.told.histories.insert(row.job.id().clone(), removed);
    }

    fn decide(&mut self) {
        for row in block_on(self.store.list(JobFilter::default()))
            .unwrap()
            .jobs
        {
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

    /// Claims a plan, and carries it out.
    pub(super) fn ask(&mut self, row: &StoredJob, kind: ClaimKind, plan: &Plan) {
        let claim = Claim::new(row.job.id().clone(), row.state.birth, kind);
        let answers = self.claim(Vec::new(), vec![claim]);
        let ClaimAnswer::Won(won) = &answers[0] else {
            panic!("nobody else is there: {answers:?}");
        };
        self.obey(row, plan, won);
    }

    /// Starts the runs that were opened. Queued runs wait until the store hands them out.
    fn obey(&mut self, row: &StoredJob, plan: &Plan, won: &Won) {
        if !plan.start.is_empty() {
            let numbers = (won.first.0..).map(RunId);
            let runs = numbers.zip(plan.start.iter().copied()).collect();
            self.begin_run(row.job.id().clone(), runs);
        }
    }

    fn begin_run(&mut self, job: JobId, runs: VecDeque<(RunId, DateTime<Utc>)>) {
        let mut instance = Instance {
            job,
            runs,
            began: self.now,
            ends: self.now,
            outcome: Outcome::Succeeded,
            attempts: 1,
        };
        let row = block_on(self.store.get(instance.job.clone())).unwrap();
        let policies = row.map(|row| *row.job.policies()).unwrap_or_default();
        instance.ends = self.now + self.duration();
        instance.attempts = self.dice.range(1, u64::from(policies.retry().attempts)) as u32;
        instance.outcome = match self.dice.range(0, 19) {
            0 => Outcome::Failed,
            1 => Outcome::Panicked,
            2 if policies.timeout().is_some() => Outcome::TimedOut,
            3 => Outcome::Cancelled(CancelReason::User),
            4 if self.is_mortal => Outcome::Lost,
            _ => Outcome::Succeeded,
        };
        if instance.outcome == Outcome::TimedOut {
            let limit = policies.timeout().unwrap_or_default();
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

    /// Ends the run whose time has come.
    fn end_one(&mut self) {
        let ends_now = |instance: &Instance| instance.ends <= self.now;
        let first = self.running.iter().position(ends_now).unwrap();
        let mut instance = self.running.remove(first);
        let (run, fire_time) = instance.runs.pop_front().unwrap();
        self.write_down(&instance, run, fire_time);
        let is_lost = instance.outcome == Outcome::Lost;
        if is_lost {
            let death = Period::new(self.now, self.now);
            self.told.deaths.push(("one".to_owned(), death));
        }
        if instance.outcome == Outcome::Cancelled(CancelReason::User) {
            self.told.cancels.push((run.into(), self.now.into()));
        }
        let text = (instance.outcome == Outcome::Failed).then(|| EndText::Error("no".into()));
        let end = unstarted(run, instance.outcome, self.now)
            .started((!is_lost).then(|| instance.began.timestamp_micros()))
            .attempts(if is_lost { 0 } else { instance.attempts })
            .text(text);
        self.claim(vec![end], Vec::new());
        if matches!(instance.outcome, Outcome::Lost | Outcome::Cancelled(_)) {
            for (run, _) in instance.runs {
                self.claim(vec![unstarted(run, instance.outcome, self.now)], Vec::new());
            }
        } else if !instance.runs.is_empty() {
            self.begin_run(instance.job, instance.runs);
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

    /// Starts waiting runs as far as there is room.
    pub(super) fn promote(&mut self, row: &StoredJob) {
        let claim = Claim::new(row.job.id().clone(), row.state.birth, ClaimKind::Promote);
        self.claim(Vec::new(), vec![claim]);
    }
}

/// Returns the ending of a body whose run has this outcome.
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
    RunEnd::new(run, outcome, now.timestamp_micros(), 0)
}
