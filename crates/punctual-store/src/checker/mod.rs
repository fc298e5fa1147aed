//! Judges a ledger: whether every fire time has exactly one outcome, and a good reason for it.
//!
//! In the spirit of Jepsen's checker for Chronos, and stricter: there a run too many is a remark,
//! here it is a [`Violation`], and so is a fire time that did not run without a reason. It asks no
//! store and no scheduler; it compares the ledger with what others know of the jobs: their
//! rows before and after each edit ([`History`]), what their bodies wrote down themselves
//! ([`Execution`]), who cancelled what ([`Target`]), and when no node was there to decide
//! ([`Checker::absence`]).
//!
//! ```
//! use chrono::TimeDelta;
//! use futures::executor::block_on;
//! use punctual_core::plan::plan;
//! use punctual_core::{Interval, Job, JobId, JobState, Outcome};
//! use punctual_store::checker::{Checker, History, Rule};
//! use punctual_store::{Insert, JobStore, MemoryStore, NodeInfo, OnConflict, RunFilter};
//! use punctual_store::{Claim, ClaimAnswer, ClaimKind, ClaimRequest, RunEnd};
//!
//! # block_on(async {
//! let noon = "2026-03-01T12:00:00Z".parse().unwrap();
//! let minute = TimeDelta::minutes(1);
//! let trigger = Interval::every(minute.to_std()?).start(noon).build()?;
//! let mut state = JobState::default();
//! state.next_run_time = Some(noon);
//! let job = Job::new(JobId::new("poll")?, "poll", trigger).into();
//! let store = MemoryStore::new();
//! let insert = Insert { job, state, on_conflict: OnConflict::Refuse, now: noon };
//! let added = store.add(vec![insert]).await?.remove(0)?;
//! let history = History::of(&added, noon);
//!
//! // A scheduler runs what is due at noon.
//! let info = NodeInfo { name: "one".into(), tasks: vec!["poll".into()], zones: String::new(), release: 0 };
//! let lease = store.register(info).await?;
//! let advance = ClaimKind::Advance { revision: 1, plan: plan(&added.job.view(&added.state), noon) };
//! let claim = Claim { id: added.job.id().clone(), birth: added.state.birth, kind: advance, wants_job: false };
//! let request = ClaimRequest {
//!     lease,
//!     now: noon,
//!     ends: vec![],
//!     claims: vec![claim],
//!     takes_waiting: true,
//!     is_repeated: false,
//! };
//! let ClaimAnswer::Won(won) = &store.claim(&request).await?.answers[0] else { panic!() };
//! let end = RunEnd {
//!     run: won.first,
//!     outcome: Outcome::Succeeded,
//!     retry_at: None,
//!     started: Some(noon.timestamp_micros()),
//!     finished: noon.timestamp_micros() + 500,
//!     attempts: 1,
//!     text: None,
//! };
//! store.claim(&ClaimRequest { ends: vec![end], claims: vec![], ..request }).await?;
//!
//! let checker = Checker::new().history(history);
//! let ledger = store.runs(RunFilter::default()).await?;
//! assert_eq!(checker.check(&ledger, noon + minute / 2), []);
//! // Two minutes later, 12:01 should have been decided.
//! let violations = checker.check(&ledger, noon + minute * 2);
//! assert_eq!(violations[0].rule, Rule::Lost);
//! assert_eq!(violations[0].fire_time, noon + minute);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

mod between;
mod bodies;
mod busy;
mod cancelled;
mod causes;
mod coverage;
mod endings;
mod entries;
mod execution;
mod history;
mod lateness;
mod overlap;
mod period;
mod reasons;
mod saturating;
mod timeouts;
mod violation;

pub use between::Between;
pub use causes::Target;
pub use execution::{Ending, Execution};
pub use history::History;
pub use period::Period;
pub use violation::{Rule, Violation};

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{Run, RunId};

use self::bodies::Bodies;

/// How late decisions may be without a reason, if nothing else is said.
const PATIENCE: TimeDelta = TimeDelta::seconds(30);

/// Timers count milliseconds, and a body begins a little later than its attempt.
const GRAIN: TimeDelta = TimeDelta::milliseconds(2);

/// Spans are cut to this, so that sums of them are spans.
const LONGEST: TimeDelta = TimeDelta::days(36_500);

/// What is known besides the ledger, and how strictly it is judged.
///
/// All times are those that the ledger names: the wall clocks of the nodes.
#[derive(Debug, Clone)]
#[must_use = "a checker does nothing until `check`"]
pub struct Checker {
    histories: Vec<History>,
    executions: Option<Vec<Execution>>,
    absences: Vec<Period>,
    rests: Vec<Period>,
    set_back: Vec<Period>,
    deaths: Option<Vec<(String, Period)>>,
    cut_off: Vec<(String, Period)>,
    cancels: Option<Vec<(Target, Between)>>,
    shutdowns: Option<Vec<(String, Period)>>,
    may_wait: bool,
    skew: TimeDelta,
    patience: TimeDelta,
    /// When things may be later than that, and how much.
    faults: Vec<Period>,
    near_faults: TimeDelta,
    grain: TimeDelta,
}

impl Checker {
    /// A checker that knows no job: every run in the ledger is one too many.
    pub fn new() -> Self {
        Self {
            histories: Vec::new(),
            executions: None,
            absences: Vec::new(),
            rests: Vec::new(),
            set_back: Vec::new(),
            deaths: None,
            cut_off: Vec::new(),
            cancels: None,
            shutdowns: None,
            may_wait: false,
            skew: TimeDelta::zero(),
            patience: PATIENCE,
            faults: Vec::new(),
            near_faults: PATIENCE,
            grain: GRAIN,
        }
    }

    /// Tells of a job.
    pub fn history(mut self, history: History) -> Self {
        self.histories.push(history);
        self
    }

    /// Tells of all that job bodies wrote down: then the ledger must agree, and overlaps are
    /// judged by these and not by the ledger's times.
    pub fn executions(mut self, executions: impl IntoIterator<Item = Execution>) -> Self {
        self.executions.get_or_insert_default().extend(executions);
        self
    }

    /// Tells that nothing could be decided: all schedulers were down, or the store was.
    pub fn absence(mut self, absence: Period) -> Self {
        self.absences.push(absence);
        self
    }

    /// Tells that a scheduler was paused, which may be why something was missed.
    pub fn paused(mut self, rest: Period) -> Self {
        self.rests.push(rest);
        self
    }

    /// Tells that the clock of a node was set: what lies between was shown never, or twice.
    pub fn clock_set(mut self, before: DateTime<Utc>, after: DateTime<Utc>) -> Self {
        if after < before {
            self.set_back.push(Period::new(after, before));
        } else {
            self.absences.push(Period::new(before, after));
        }
        self
    }

    /// Tells by their names which nodes were dead, stopped or cut off, and when. Once this is told,
    /// a run that was lost on a node that was there is one without a reason.
    pub fn deaths(mut self, deaths: impl IntoIterator<Item = (String, Period)>) -> Self {
        self.deaths.get_or_insert_default().extend(deaths);
        self
    }

    /// Tells by their names which nodes could not reach the store, and when: runs that ended there
    /// took an instance until the store was told.
    pub fn cut_off(mut self, cut_off: impl IntoIterator<Item = (String, Period)>) -> Self {
        self.cut_off.extend(cut_off);
        self.cut_off.sort_unstable_by_key(|(_, absence)| *absence);
        self
    }

    /// Tells that the ledger was read when all nodes had shut down: runs that wait then, for room or
    /// for their next attempt, go on when a node starts again.
    pub fn shut_down(mut self) -> Self {
        self.may_wait = true;
        self
    }

    /// How far the clocks of the nodes, and of the writers of the histories, are apart at most; they
    /// agree by default.
    pub fn skew(mut self, skew: TimeDelta) -> Self {
        self.skew = skew.clamp(TimeDelta::zero(), LONGEST);
        self
    }

    /// How late a decision or a start may be without an [absence](Self::absence); 30 seconds by default.
    pub fn patience(mut self, patience: TimeDelta) -> Self {
        self.patience = patience.clamp(TimeDelta::zero(), LONGEST);
        self
    }

    /// Tells when nodes may have been hindered, though one was there, and how late decisions and
    /// starts may be that waited in such a time. All others are held to the
    /// [patience](Self::patience).
    pub fn near_faults(
        mut self,
        faults: impl IntoIterator<Item = Period>,
        patience: TimeDelta,
    ) -> Self {
        self.faults.extend(faults);
        self.near_faults = patience.clamp(TimeDelta::zero(), LONGEST);
        self
    }

    /// How late it may be what waited from one time until another, by the clocks of two nodes.
    fn patience_in(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> TimeDelta {
        let touches = |fault: &Period| {
            let fault = fault.widened(self.skew);
            fault.from <= until && from <= fault.until
        };
        let is_near = self.faults.iter().any(touches);
        let patience = if is_near {
            self.patience.max(self.near_faults)
        } else {
            self.patience
        };
        patience + self.skew
    }

    /// How late things may be at the latest, whenever they are.
    fn longest_patience(&self) -> TimeDelta {
        if self.faults.is_empty() {
            self.patience
        } else {
            self.patience.max(self.near_faults)
        }
    }

    /// How much shorter a body may seem by its own times than it was; 2 milliseconds by default.
    pub fn grain(mut self, grain: TimeDelta) -> Self {
        self.grain = grain.clamp(TimeDelta::zero(), LONGEST);
        self
    }

    /// All violations in a ledger that was read at `now`, in the order of jobs and fire times.
    /// Reading it while runs are under way finds those [still open](Rule::StillOpen).
    #[must_use]
    pub fn check(&self, ledger: &[Run], now: DateTime<Utc>) -> Vec<Violation> {
        let mut found = Vec::new();
        let mut of_history: Vec<Vec<&Run>> = vec![Vec::new(); self.histories.len()];
        let whose = self.whose();
        let mut numbers = BTreeSet::new();
        for run in ledger {
            if !numbers.insert(run.id) {
                found.push(Violation::of(
                    run,
                    Rule::Twice,
                    "its number was given twice",
                ));
            }
            match whose.get(&(run.job.as_str(), run.key.incarnation)) {
                Some(index) => of_history[*index].push(run),
                None => found.push(Violation::of(
                    run,
                    Rule::NotAFireTime,
                    "its job was never added",
                )),
            }
        }
        let bodies = Bodies::of(self, ledger, &mut found);
        for (history, mut runs) in self.histories.iter().zip(of_history) {
            runs.sort_unstable_by_key(|run| (run.fire_time(), run.id));
            let case = Case {
                checker: self,
                history,
                by_number: runs.iter().map(|run| (run.id, *run)).collect(),
                runs,
                bodies: bodies.as_ref(),
                now,
            };
            case.check(&mut found);
        }
        found.sort();
        found
    }

    /// Which history an incarnation of a job belongs to.
    fn whose(&self) -> BTreeMap<(&str, u64), usize> {
        let histories = self.histories.iter().enumerate();
        let stretches = histories.flat_map(|(index, history)| {
            let stretches = history.stretches.iter();
            stretches.map(move |stretch| ((history.job.as_str(), stretch.incarnation), index))
        });
        stretches.collect()
    }
}

impl Default for Checker {
    fn default() -> Self {
        Self::new()
    }
}

/// One job and its part of the ledger.
struct Case<'a> {
    checker: &'a Checker,
    history: &'a History,
    /// In the order of their fire times.
    runs: Vec<&'a Run>,
    by_number: BTreeMap<RunId, &'a Run>,
    bodies: Option<&'a Bodies<'a>>,
    now: DateTime<Utc>,
}

impl Case<'_> {
    fn check(&self, found: &mut Vec<Violation>) {
        self.check_tiling(found);
        self.check_entries(found);
        self.check_reasons(found);
        self.check_lateness(found);
        self.check_overlap(found);
        self.check_bodies(found);
    }
}
