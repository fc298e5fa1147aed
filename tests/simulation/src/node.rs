//! A machine, and the process on it that runs a scheduler.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::RunId;
use punctual_tokio::Scheduler;
use punctual_tokio::testing::{Held, WrongClock, held};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::bodies::{Site, work};
use super::database::Database;
use super::line::Line;
use super::place::Place;
use super::remote_store::RemoteStore;
use super::world::World;

/// The tasks there are; which of them a process knows depends on what was deployed.
pub(crate) const TASKS: [&str; 2] = ["old", "new"];

pub(crate) struct Node {
    pub(crate) index: usize,
    pub(crate) process: Option<Process>,
    pub(crate) state: State,
    /// When its line is good again.
    pub(crate) line_until: Option<DateTime<Utc>>,
}

/// How a node is.
#[derive(Debug)]
pub(crate) enum State {
    Up,
    /// Its process is shutting down.
    Leaving(JoinHandle<()>),
    /// There is no process until then.
    Down(DateTime<Utc>),
    /// The process gets no turn until then, while time passes: `SIGSTOP`.
    Stopped(DateTime<Utc>),
    /// The machine sleeps until then: its monotonic clock stands still.
    Suspended(DateTime<Utc>),
}

pub(crate) struct Process {
    // Dropped first: a process that is killed has no time to say goodbye.
    runtime: Runtime,
    pub(crate) scheduler: Scheduler,
    pub(crate) clock: WrongClock,
    pub(crate) line: Line,
    pub(crate) tasks: Vec<&'static str>,
    pub(crate) at: Place,
    world: World,
    origin: Instant,
    began: DateTime<Utc>,
    /// The latest that its clock has shown.
    latest: DateTime<Utc>,
    passed: Duration,
    asleep: Duration,
}

/// What a process is started with.
pub(crate) struct Start {
    pub(crate) at: Place,
    pub(crate) name: String,
    pub(crate) tasks: Vec<&'static str>,
    pub(crate) offset: TimeDelta,
    pub(crate) drift: i32,
    pub(crate) seed: u64,
}

impl Process {
    /// A process whose scheduler does not run: it only edits.
    pub(crate) fn idle(world: &World, database: &Database, start: Start) -> Self {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let line = Line::new(start.seed);
        let store = RemoteStore {
            database: database.clone(),
            line: line.clone(),
            at: start.at,
        };
        let (scheduler, clock, origin) = runtime.block_on(async {
            let clock = WrongClock::at(world.now() + start.offset, start.drift);
            let mut builder = Scheduler::builder()
                .clock(clock.clone())
                .store("default", store)
                .state(world.clone())
                .state(Site(start.name.clone()))
                .stderr(false)
                .node(start.name);
            for task in &start.tasks {
                builder = builder.task(task, work);
            }
            (builder.build().unwrap(), clock, Instant::now())
        });
        Self {
            runtime,
            scheduler,
            clock,
            line,
            tasks: start.tasks,
            at: start.at,
            world: world.clone(),
            origin,
            began: world.now(),
            latest: DateTime::UNIX_EPOCH,
            passed: Duration::ZERO,
            asleep: Duration::ZERO,
        }
    }

    pub(crate) fn start(world: &World, database: &Database, start: Start) -> Self {
        let process = Self::idle(world, database, start);
        let started = process.turn(process.scheduler.start().into_future());
        started.unwrap();
        process
    }

    /// Does something while the process has its turn.
    fn turn<T>(&self, what: impl Future<Output = T>) -> T {
        let world = &self.world;
        let done = self.runtime.block_on(async {
            world.begin_turn();
            what.await
        });
        world.end_turn();
        done
    }

    /// Lets time pass for it.
    pub(crate) fn live(&mut self, span: Duration) {
        self.passed += span;
        let then = self.origin + self.passed;
        self.turn(async { tokio::time::sleep_until(then).await });
    }

    /// How much time it has not seen.
    pub(crate) fn behind(&self, now: DateTime<Utc>) -> Duration {
        let seen = now - self.began;
        seen.to_std()
            .unwrap()
            .saturating_sub(self.passed + self.asleep)
    }

    /// Its monotonic clock stood still for a while.
    pub(crate) fn sleep_over(&mut self, span: Duration) {
        self.asleep += span;
    }

    /// It goes on after it got no turn for a while.
    pub(crate) fn go_on(&mut self, span: Duration) {
        self.passed += span;
        // What it missed happens at once, and now.
        self.runtime
            .block_on(async { tokio::time::advance(span).await });
    }

    /// Sets its wall clock; answers what it showed before and after.
    pub(crate) fn set_clock(&mut self, by: TimeDelta) -> (DateTime<Utc>, DateTime<Utc>) {
        let (before, after) = self.turn(async {
            let before = self.clock.now();
            self.clock.set(by);
            (before, self.clock.now())
        });
        self.latest = self.latest.max(before);
        (before, after)
    }

    /// By how much its wall clock is wrong.
    pub(crate) fn error(&self) -> TimeDelta {
        self.turn(async { self.clock.now() - self.world.now() })
    }

    /// The runs that its scheduler has.
    pub(crate) fn running(&self) -> BTreeSet<RunId> {
        let running = self.turn(self.scheduler.running());
        running.unwrap().into_iter().map(|own| own.run).collect()
    }

    /// What its scheduler task holds.
    pub(crate) fn held(&self) -> Held {
        self.turn(async {
            let latest = self.latest.max(self.clock.now());
            held(&self.scheduler, latest).await.unwrap()
        })
    }

    /// Lets somebody in this process do something, as it gets its turns.
    pub(crate) fn spawn(&self, what: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        self.runtime.spawn(what)
    }
}

impl Node {
    pub(crate) fn is_up(&self) -> bool {
        matches!(self.state, State::Up)
    }

    /// The process, if it gets turns.
    pub(crate) fn awake(&mut self) -> Option<&mut Process> {
        match self.state {
            State::Up | State::Leaving(_) => self.process.as_mut(),
            State::Down(_) | State::Stopped(_) | State::Suspended(_) => None,
        }
    }

    /// Whether it can do what is due.
    pub(crate) fn is_able(&self) -> bool {
        let works = |process: &Process| process.line.condition().works();
        self.is_up() && self.process.as_ref().is_some_and(works)
    }
}
