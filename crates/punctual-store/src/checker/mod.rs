//! Checks that each fire time in a ledger has exactly one outcome, and a good reason for it.
//!
//! The checker resembles Jepsen's checker for Chronos and is stricter. There a superfluous run is a
//! remark, and here it is a [`Violation`]. So is a fire time that did not run without a reason.
//!
//! The checker asks no store and no scheduler. It compares the ledger with facts from other sources:
//!
//! - the rows of jobs before and after each edit ([`History`]),
//! - the executions that job bodies wrote down ([`Execution`]),
//! - the calls that cancelled runs ([`Target`]),
//! - the times in which no node was there to decide ([`Checker::absence`]).
//!
//! ```
//! use chrono::TimeDelta;
//! use futures::executor::block_on;
//! use punctual_core::plan::plan;
//! use punctual_core::{Interval, Job, JobId, JobState, Outcome};
//! use punctual_store::checker::{Checker, History, Rule};
//! use punctual_store::{Insert, JobStore, MemoryStore, NodeInfo, RunFilter};
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
//! let added = store.add(vec![Insert::new(job, state, noon)]).await?.remove(0)?;
//! let history = History::of(&added, noon);
//!
//! // A scheduler runs what is due at noon.
//! let info = NodeInfo::new("one".into()).tasks(vec!["poll".into()]);
//! let lease = store.register(info).await?;
//! let advance = ClaimKind::Advance { revision: 1, plan: plan(&added.job.view(&added.state), noon) };
//! let claim = Claim::new(added.job.id().clone(), added.state.birth, advance);
//! let request = ClaimRequest::new(lease, noon).claims(vec![claim]).takes_waiting(true);
//! let ClaimAnswer::Won(won) = &store.claim(&request).await?.answers[0] else { panic!() };
//! let began = noon.timestamp_micros();
//! let end = RunEnd::new(won.first, Outcome::Succeeded, began + 500, 1).started(Some(began));
//! store.claim(&request.ends(vec![end]).claims(vec![])).await?;
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

/// The time by which decisions may be late without a reason, unless a caller sets it.
const PATIENCE: TimeDelta = TimeDelta::seconds(30);

/// Timers count milliseconds, and a body begins a little later than its attempt.
const GRAIN: TimeDelta = TimeDelta::milliseconds(2);

/// The longest span. Spans are cut to it, so that their sums can be expressed.
const LONGEST: TimeDelta = TimeDelta::days(36_500);

/// Checks a ledger against other facts, with limits for how late decisions may be.
///
/// All times are those of the ledger, which are the wall clocks of the nodes.
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
    /// The periods in which decisions may be later than `patience`.
    faults: Vec<Period>,
    near_faults: TimeDelta,
    grain: TimeDelta,
}

impl Checker {
    /// Returns a checker that knows no job, so that every run in a ledger is a violation.
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

    /// Adds the history of a job.
    pub fn history(mut self, history: History) -> Self {
        self.histories.push(history);
        self
    }

    /// Adds all executions that job bodies wrote down.
    ///
    /// The ledger then has to agree with them. Overlaps are found in them, and not in the times of
    /// the ledger.
    pub fn executions(mut self, executions: impl IntoIterator<Item = Execution>) -> Self {
        self.executions.get_or_insert_default().extend(executions);
        self
    }

    /// Adds a time in which nothing could be decided, since all schedulers or the store were down.
    pub fn absence(mut self, absence: Period) -> Self {
        self.absences.push(absence);
        self
    }

    /// Adds a time in which a scheduler was paused, which may explain missed fire times.
    pub fn paused(mut self, rest: Period) -> Self {
        self.rests.push(rest);
        self
    }

    /// Adds a change of a node's clock. The times between were never shown, or shown twice.
    pub fn clock_set(mut self, before: DateTime<Utc>, after: DateTime<Utc>) -> Self {
        if after < before {
            self.set_back.push(Period::new(after, before));
        } else {
            self.absences.push(Period::new(before, after));
        }
        self
    }

    /// Adds the times in which nodes were dead, stopped or cut off, by their names, and declares
    /// the list complete.
    ///
    /// A run that was lost on a node that was there is then [without a
    /// reason](Rule::WithoutReason).
    pub fn deaths(mut self, deaths: impl IntoIterator<Item = (String, Period)>) -> Self {
        self.deaths.get_or_insert_default().extend(deaths);
        self
    }

    /// Adds the times in which nodes could not reach the store, by their names.
    ///
    /// Runs that ended on such a node took an instance until the store was told.
    pub fn cut_off(mut self, cut_off: impl IntoIterator<Item = (String, Period)>) -> Self {
        self.cut_off.extend(cut_off);
        self.cut_off.sort_unstable_by_key(|(_, absence)| *absence);
        self
    }

    /// Declares that the ledger was read after all nodes had shut down.
    ///
    /// Runs that wait for room or for their next attempt then go on when a node starts again.
    pub fn shut_down(mut self) -> Self {
        self.may_wait = true;
        self
    }

    /// Sets the greatest difference between the clocks of the nodes and of the writers of the
    /// histories. By default they agree.
    pub fn skew(mut self, skew: TimeDelta) -> Self {
        self.skew = skew.clamp(TimeDelta::zero(), LONGEST);
        self
    }

    /// Sets the time by which a decision or a start may be late without an
    /// [absence](Self::absence). The default is 30 seconds.
    pub fn patience(mut self, patience: TimeDelta) -> Self {
        self.patience = patience.clamp(TimeDelta::zero(), LONGEST);
        self
    }

    /// Adds the periods in which nodes may have been hindered although one was there.
    ///
    /// `patience` is the time by which decisions and starts may be late that waited in such a
    /// period. All other times keep the [general patience](Self::patience).
    pub fn near_faults(
        mut self,
        faults: impl IntoIterator<Item = Period>,
        patience: TimeDelta,
    ) -> Self {
        self.faults.extend(faults);
        self.near_faults = patience.clamp(TimeDelta::zero(), LONGEST);
        self
    }

    /// Returns the time by which a decision may be late that waited from one time until another, by
    /// the clocks of two nodes.
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

    /// Returns the longest time by which a decision may be late in any period.
    fn longest_patience(&self) -> TimeDelta {
        if self.faults.is_empty() {
            self.patience
        } else {
            self.patience.max(self.near_faults)
        }
    }

    /// Sets the time by which a body may seem shorter, by its own times, than it was. The default
    /// is 2 milliseconds.
    pub fn grain(mut self, grain: TimeDelta) -> Self {
        self.grain = grain.clamp(TimeDelta::zero(), LONGEST);
        self
    }

    /// Returns all violations in a ledger that was read at `now`, in the order of jobs and fire
    /// times.
    ///
    /// If the ledger is read while runs are under way, those are [still open](Rule::StillOpen).
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

    /// Returns the index of the history that each incarnation of a job belongs to.
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
    /// The runs in the order of their fire times.
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
