//! What is true, whatever the nodes believe: the time, and what job bodies did.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{JobId, RunId};
use punctual_store::checker::{Between, Ending, Execution, Target};
use tokio::time::Instant;

/// Shared by the simulation, the store and the jobs.
#[derive(Clone)]
pub(crate) struct World(Arc<Mutex<State>>);

struct State {
    seed: u64,
    /// The time at which the current step began.
    now: DateTime<Utc>,
    /// What the clock of the node that has its turn showed then.
    since: Option<Instant>,
    /// What was written down last.
    stamped: DateTime<Utc>,
    is_quiet: bool,
    /// What somebody wants to read about.
    told: Vec<String>,
    /// What bodies wrote down, each with its fencing token.
    executions: Vec<(Execution, u64)>,
    /// The arguments that the bodies of each run had, of jobs without arguments of their own.
    args: BTreeMap<RunId, Vec<String>>,
    /// The tokens under which nodes were given runs last.
    tokens: BTreeMap<RunId, u64>,
    /// Runs that were taken from their nodes, under which tokens, and when.
    forsaken: BTreeMap<(RunId, u64), DateTime<Utc>>,
    /// What callers asked to cancel.
    cancels: Vec<(Target, Between)>,
    /// A process is being killed: its bodies have no time to write anything down.
    is_killing: bool,
}

impl World {
    pub(crate) fn new(seed: u64, now: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(State {
            seed,
            now,
            since: None,
            stamped: now,
            is_quiet: false,
            told: std::env::var("PUNCTUAL_STORY")
                .unwrap_or_default()
                .split(',')
                .map(str::to_owned)
                .collect(),
            executions: Vec::new(),
            args: BTreeMap::new(),
            tokens: BTreeMap::new(),
            forsaken: BTreeMap::new(),
            cancels: Vec::new(),
            is_killing: false,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A body may panic on purpose, but never while it holds this.
        self.0.lock().unwrap()
    }

    pub(crate) fn seed(&self) -> u64 {
        self.state().seed
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.state().now()
    }

    /// Says what happens to a job, the nodes or the like, if `PUNCTUAL_STORY` names it: there are
    /// seeds that one has to read.
    #[expect(clippy::print_stdout, reason = "only who asks for it reads it")]
    pub(crate) fn tell(&self, about: &str, what: impl FnOnce() -> String) {
        let state = self.state();
        if state.told.iter().any(|told| told == about) {
            println!("{} {about}: {}", state.now().format("%H:%M:%S%.6f"), what());
        }
    }

    /// A node has its turn.
    pub(crate) fn begin_turn(&self) {
        self.state().since = Some(Instant::now());
    }

    pub(crate) fn end_turn(&self) {
        self.state().since = None;
    }

    /// All nodes had their turn.
    pub(crate) fn pass(&self, span: TimeDelta) {
        self.state().now += span;
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.state().is_quiet
    }

    /// From now on bodies end at once and nothing goes wrong.
    pub(crate) fn be_quiet(&self) {
        self.state().is_quiet = true;
    }

    /// A body was entered.
    pub(crate) fn enter(&self, execution: Execution, token: u64) -> UnderWay {
        let mut state = self.state();
        let began = state.stamp();
        let execution = Execution { began, ..execution };
        state.executions.push((execution, token));
        UnderWay {
            world: self.clone(),
            index: state.executions.len() - 1,
        }
    }

    /// A body had arguments.
    pub(crate) fn note_args(&self, run: RunId, args: &str) {
        self.state()
            .args
            .entry(run)
            .or_default()
            .push(args.to_owned());
    }

    /// Returns the arguments that the bodies of each run had.
    pub(crate) fn args(&self) -> BTreeMap<RunId, Vec<String>> {
        self.state().args.clone()
    }

    /// A node was given a run.
    pub(crate) fn give(&self, run: RunId, token: u64) {
        self.state().tokens.insert(run, token);
    }

    /// A run was taken from the node that has it. The body may begin later still, if the node has
    /// not heard yet that it was given the run.
    pub(crate) fn forsake(&self, run: RunId) {
        let mut state = self.state();
        let now = state.stamp();
        if let Some(token) = state.tokens.get(&run).copied() {
            state.forsaken.insert((run, token), now);
        }
    }

    /// Notes that a caller asks to cancel the run of a fire time, whatever becomes of that.
    pub(crate) fn cancels(&self, job: JobId, fire_time: DateTime<Utc>) {
        let mut state = self.state();
        let now = state.now();
        let target = Target::FireTime(job, fire_time);
        state.cancels.push((target, Between::perhaps(now, now)));
    }

    pub(crate) fn cancelled(&self) -> Vec<(Target, Between)> {
        self.state().cancels.clone()
    }

    /// Does something that ends a process without a word.
    pub(crate) fn killing(&self, kill: impl FnOnce()) {
        self.state().is_killing = true;
        kill();
        self.state().is_killing = false;
    }

    pub(crate) fn executions(&self) -> Vec<Execution> {
        let state = self.state();
        let executions = state.executions.iter();
        let seen = executions.map(|(execution, token)| {
            let taken = state.forsaken.get(&(execution.run, *token)).copied();
            let goes_on = |at: &DateTime<Utc>| execution.ended.is_none_or(|ended| *at <= ended);
            Execution {
                forsaken: taken.filter(goes_on),
                ..execution.clone()
            }
        });
        seen.collect()
    }
}

impl State {
    fn now(&self) -> DateTime<Utc> {
        let passed = self.since.map(|since| since.elapsed());
        let passed = passed.and_then(|passed| TimeDelta::from_std(passed).ok());
        self.now + passed.unwrap_or_default()
    }

    /// A time that was never given before: of two events the later one gets the later time,
    /// also if two nodes whose turns follow each other saw them.
    fn stamp(&mut self) -> DateTime<Utc> {
        let next = self.stamped + TimeDelta::microseconds(1);
        self.stamped = self.now().max(next);
        self.stamped
    }
}

/// Held by a body as long as it is under way, however it ends.
pub(crate) struct UnderWay {
    world: World,
    index: usize,
}

impl UnderWay {
    /// The token of the body is cancelled.
    pub(crate) fn told(&self) {
        let mut state = self.world.state();
        let now = state.stamp();
        state.executions[self.index].0.told = Some(now);
    }

    pub(crate) fn returned(&self, ending: Ending) {
        self.world.state().executions[self.index].0.ending = ending;
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.world.state();
        let now = state.stamp();
        let is_killing = state.is_killing;
        let (execution, _) = &mut state.executions[self.index];
        execution.ended = Some(now);
        if execution.ending == Ending::Unknown && !is_killing {
            execution.ending = if std::thread::panicking() {
                Ending::Panicked
            } else {
                Ending::Dropped
            };
        }
    }
}
