//! The loop that lets time pass, for one node after another, and what goes wrong meanwhile.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_store::checker::Period;

use super::abandoned::Abandoned;
use super::database::Database;
use super::dice::Dice;
use super::invariants::Invariants;
use super::judge::Verdict;
use super::line::Condition;
use super::node::{Node, Process, Start, State, TASKS};
use super::place::Place;
use super::presence::Presence;
use super::trouble::{AFTERMATH, Trouble};
use super::world::World;

const BEGIN: &str = "2026-03-28T23:00:00Z";

/// The longest turn.
pub(crate) const STEP_MILLIS: u64 = 200;

/// Nodes have their turns one after another: what one did at the end of its turn happened before
/// what the next one did at the beginning.
pub(crate) const STEP: TimeDelta = TimeDelta::milliseconds(STEP_MILLIS as i64);

pub(crate) struct Simulation {
    pub(crate) dice: Dice,
    pub(crate) world: World,
    pub(crate) database: Database,
    pub(crate) nodes: Vec<Node>,
    /// Somebody who edits from outside.
    pub(crate) operator: Process,
    pub(crate) presence: Presence,
    /// When a node was dead, stopped or cut off.
    pub(crate) deaths: Vec<(usize, Period)>,
    /// When a node could not reach the database.
    pub(crate) cut_off: Vec<(usize, Period)>,
    /// When a node was told to shut down, and when its process had ended.
    pub(crate) shutdowns: Vec<(usize, DateTime<Utc>, Option<DateTime<Utc>>)>,
    pub(crate) clock_sets: Vec<(DateTime<Utc>, DateTime<Utc>)>,
    /// How far any two clocks are apart at most.
    pub(crate) skew: TimeDelta,
    pub(crate) names: u64,
    pub(crate) started: u64,
    pub(crate) deeds: u64,
    pub(crate) abandoned: Abandoned,
    pub(crate) trouble: Trouble,
    pub(crate) invariants: Invariants,
    /// The state of the database for all nodes, and the time until which it lasts.
    pub(crate) outage: (Condition, DateTime<Utc>),
    next_deed: DateTime<Utc>,
    next_fault: DateTime<Utc>,
}

impl Simulation {
    pub(crate) fn of(seed: u64, minutes: u64) -> Verdict {
        let mut simulation = Self::begin(seed);
        let end = simulation.world.now() + TimeDelta::minutes(minutes as i64);
        while simulation.world.now() < end {
            simulation.turn();
        }
        simulation.end()
    }

    fn begin(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let world = World::new(seed, BEGIN.parse().unwrap());
        let database = Database::new(world.clone());
        let start = Start {
            at: Place {
                node: usize::MAX,
                process: 0,
            },
            name: "operator".to_owned(),
            tasks: TASKS.to_vec(),
            offset: TimeDelta::zero(),
            drift: 0,
            seed,
        };
        let operator = Process::idle(&world, &database, start);
        let skew = TimeDelta::milliseconds(dice.pick(&[200, 200, 2_000, 30_000]));
        let now = world.now();
        let mut simulation = Self {
            outage: (Condition::Good, now),
            next_deed: now,
            next_fault: now + TimeDelta::seconds(60),
            dice,
            world,
            database,
            nodes: Vec::new(),
            operator,
            presence: Presence::default(),
            deaths: Vec::new(),
            cut_off: Vec::new(),
            shutdowns: Vec::new(),
            clock_sets: Vec::new(),
            skew,
            names: 0,
            started: 0,
            deeds: 0,
            abandoned: Abandoned::default(),
            trouble: Trouble::default(),
            invariants: Invariants::default(),
        };
        for index in 0..simulation.dice.range(2, 5) as usize {
            simulation.nodes.push(Node {
                index,
                process: None,
                state: State::Down(now),
                line_until: None,
            });
            simulation.start(index, &TASKS);
        }
        simulation
    }

    /// Says what happens, if somebody wants to read the story of a seed.
    pub(crate) fn tell(&self, what: impl FnOnce() -> String) {
        self.world.tell("nodes", what);
    }

    /// Something may happen, then some time passes.
    fn turn(&mut self) {
        let now = self.world.now();
        if now >= self.next_deed {
            self.next_deed = now + TimeDelta::milliseconds(self.dice.range(200, 15_000) as i64);
            self.deeds += 1;
            self.deed();
        }
        if now >= self.next_fault {
            // Now and then there is time for all to come to rest.
            let longest = self.dice.pick(&[60_000, 60_000, 60_000, 300_000]);
            self.next_fault = now + TimeDelta::milliseconds(self.dice.range(500, longest) as i64);
            self.deeds += 1;
            self.trouble.strikes(now);
            self.fault();
        }
        let span = Duration::from_millis(self.dice.range(5, STEP_MILLIS));
        self.live(span);
    }

    fn live(&mut self, span: Duration) {
        self.mend();
        self.operator.live(span);
        // Who comes first is nobody's privilege.
        let first = self.dice.range(0, self.nodes.len() as u64 - 1) as usize;
        for index in (first..self.nodes.len()).chain(0..first) {
            if let Some(process) = self.nodes[index].awake() {
                process.live(span);
            }
        }
        self.world.pass(TimeDelta::from_std(span).unwrap());
        self.presence.note(&self.nodes, self.world.now());
        let now = self.world.now();
        self.trouble.note(&self.nodes, now);
        self.abandoned
            .note(&self.database, &self.nodes, &self.presence, now);
        self.look();
    }

    /// What was for a while is over.
    fn mend(&mut self) {
        let now = self.world.now();
        for index in 0..self.nodes.len() {
            let node = &mut self.nodes[index];
            if node.line_until.is_some_and(|until| until <= now) {
                node.line_until = None;
                if let Some(process) = &node.process {
                    process.line.set(Condition::Good);
                }
                self.tell(|| format!("the line of {index} is good again"));
            }
            match &self.nodes[index].state {
                State::Down(until) if *until <= now => {
                    let tasks = self
                        .dice
                        .pick(&[&TASKS[..], &TASKS[..], &TASKS[..1], &TASKS[1..]]);
                    self.start(index, tasks);
                }
                State::Leaving(handle) if handle.is_finished() => {
                    let away = self.dice.range(0, 10_000);
                    self.be_down(index, away);
                }
                State::Stopped(until) | State::Suspended(until) if *until <= now => {
                    self.wake(index);
                }
                _ => {}
            }
            self.discipline(index);
        }
    }

    /// A clock that drifts is set right in time.
    fn discipline(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        let is_up = node.is_up();
        let Some(process) = node.process.as_mut().filter(|_| is_up) else {
            return;
        };
        let error = process.error();
        if error.abs() > self.skew / 2 {
            self.clock_sets.push(process.set_clock(-error));
            self.trouble.strikes(self.world.now());
        }
    }

    pub(crate) fn start(&mut self, index: usize, tasks: &[&'static str]) {
        self.started += 1;
        self.trouble.strikes(self.world.now());
        let most = self.skew.num_microseconds().unwrap_or(0) / 2;
        let offset = self.dice.range(0, most as u64 * 2) as i64 - most;
        // Some deployments name their processes anew each time.
        let name = if self.world.seed().is_multiple_of(2) {
            format!("node-{index}")
        } else {
            format!("node-{index}-{}", self.started)
        };
        let start = Start {
            at: Place {
                node: index,
                process: self.started,
            },
            name,
            tasks: tasks.to_vec(),
            offset: TimeDelta::microseconds(offset) * 9 / 10,
            drift: self.dice.range(0, 100) as i32 - 50,
            seed: self.dice.range(0, u64::MAX - 1),
        };
        self.tell(|| {
            format!(
                "{} starts, knows {tasks:?}, off by {}",
                start.name, start.offset
            )
        });
        let process = Process::start(&self.world, &self.database, start);
        let node = &mut self.nodes[index];
        node.process = Some(process);
        node.state = State::Up;
        let (condition, until) = self.outage;
        node.line_until = Some(until).filter(|until| *until > self.world.now());
        if let (Some(process), Some(_)) = (&node.process, node.line_until) {
            process.line.set(condition);
        }
    }

    /// `kill -9`, or the end of a process that has shut down.
    pub(crate) fn be_down(&mut self, index: usize, millis: u64) {
        let until = self.world.now() + TimeDelta::milliseconds(millis as i64);
        self.tell(|| format!("{index} is killed"));
        self.away(index, until);
        let node = &mut self.nodes[index];
        node.state = State::Down(until);
        self.world.killing(|| node.process = None);
        let now = self.world.now();
        for (_, _, ended) in self.shutdowns.iter_mut().filter(|(of, ..)| *of == index) {
            ended.get_or_insert(now);
        }
    }

    /// Notes that others may believe that a node is dead.
    pub(crate) fn away(&mut self, index: usize, until: DateTime<Utc>) {
        let away = Period::new(self.world.now(), until + AFTERMATH);
        self.deaths.push((index, away));
    }

    /// Notes that the store learns late of what a node has done.
    pub(crate) fn is_cut_off(&mut self, index: usize, until: DateTime<Utc>) {
        self.cut_off
            .push((index, Period::new(self.world.now(), until)));
    }

    fn wake(&mut self, index: usize) {
        let now = self.world.now();
        let node = &mut self.nodes[index];
        let Some(process) = node.process.as_mut() else {
            return;
        };
        let behind = process.behind(now);
        match node.state {
            State::Stopped(_) => process.go_on(behind),
            _ => {
                process.sleep_over(behind);
                let by = TimeDelta::from_std(behind).unwrap();
                self.clock_sets.push(process.set_clock(by));
            }
        }
        node.state = State::Up;
        self.tell(|| format!("{index} goes on"));
    }

    /// Everything works; what is under way ends; then all is judged.
    fn end(mut self) -> Verdict {
        self.world.be_quiet();
        self.outage = (Condition::Good, self.world.now());
        for index in 0..self.nodes.len() {
            self.nodes[index].line_until = None;
            match self.nodes[index].state {
                State::Stopped(_) | State::Suspended(_) => self.wake(index),
                State::Leaving(_) => self.be_down(index, 0),
                State::Up | State::Down(_) => {}
            }
            let knows_all = |process: &Process| process.tasks.len() == TASKS.len();
            if self.nodes[index].process.as_ref().is_some_and(knows_all) {
                self.nodes[index]
                    .process
                    .as_ref()
                    .unwrap()
                    .line
                    .set(Condition::Good);
            } else {
                self.be_down(index, 0);
                self.start(index, &TASKS);
            }
        }
        self.operator.line.set(Condition::Good);
        self.rest(TimeDelta::seconds(300));
        self.pause_all();
        self.rest(TimeDelta::seconds(60));
        self.judge()
    }

    fn rest(&mut self, span: TimeDelta) {
        let end = self.world.now() + span;
        while self.world.now() < end {
            self.live(Duration::from_millis(100));
        }
    }
}
