//! What people do, and what goes wrong.

use chrono::TimeDelta;
use punctual_core::JobId;
use punctual_store::Update;
use punctual_tokio::Scheduler;

use super::jobs::{policies, trigger};
use super::line::Condition;
use super::node::{Process, State, TASKS};
use super::simulation::Simulation;

/// Jobs alive at once, more or less.
const JOBS: usize = 16;

impl Simulation {
    /// Somebody edits a job, runs one by hand or cancels a run, through a node or from outside.
    pub(crate) fn deed(&mut self) {
        let rows = self.database.rows();
        if rows.len() < JOBS && self.dice.chance(40) || rows.is_empty() {
            return self.add();
        }
        let id = self.dice.pick(&rows).job.id().clone();
        let now = self.world.now();
        match self.dice.range(0, 99) {
            0..=9 => self.ask(|scheduler| async move { scheduler.pause_job(id).await.map(drop) }),
            10..=18 => self.resume(id, false),
            19..=27 => self.resume(id, true),
            28..=35 => {
                let trigger = trigger(&mut self.dice, now);
                self.ask(|scheduler| async move { scheduler.reschedule_job(id, trigger).await });
            }
            36..=45 => {
                let policies = policies(&mut self.dice);
                self.ask(move |scheduler| async move {
                    scheduler.modify_job(id).policies(policies).await
                });
            }
            46..=50 => {
                let soon = now + TimeDelta::milliseconds(self.dice.range(0, 20_000) as i64);
                self.ask(move |scheduler| async move {
                    scheduler.modify_job(id).next_run_time(soon).await
                });
            }
            51..=54 => {
                let task = self.dice.pick(&TASKS);
                self.ask(move |scheduler| async move { scheduler.modify_job(id).task(task).await });
            }
            55..=60 => self.ask(|scheduler| async move { scheduler.remove_job(id).await }),
            61..=66 => self.put(id),
            67..=88 => self.run_by_hand(id),
            _ => self.cancel_something(),
        }
    }

    /// Lets somebody ask a scheduler for something; whether it succeeds is not known here.
    fn ask<F>(&mut self, what: impl FnOnce(Scheduler) -> F + Send + 'static)
    where
        F: Future<Output = Result<(), punctual_tokio::Error>> + Send + 'static,
    {
        let process = self.somebody();
        let scheduler = process.scheduler.clone();
        process.spawn(async move {
            let _ = what(scheduler).await;
        });
    }

    /// A node that is up, or the operator.
    fn somebody(&mut self) -> &Process {
        let is_inside = self.dice.chance(60);
        let up: Vec<usize> = self.up();
        if is_inside && !up.is_empty() {
            let index = self.dice.pick(&up);
            return self.nodes[index].process.as_ref().unwrap();
        }
        &self.operator
    }

    fn up(&self) -> Vec<usize> {
        let up = self.nodes.iter().filter(|node| node.is_up());
        up.map(|node| node.index).collect()
    }

    fn add(&mut self) {
        // Some get the id of a job that was there before.
        let name = if self.names > 0 && self.dice.chance(20) {
            self.dice.range(1, self.names)
        } else {
            self.names += 1;
            self.names
        };
        self.put(JobId::new(format!("job-{name}")).unwrap());
    }

    fn put(&mut self, id: JobId) {
        let now = self.world.now();
        let trigger = trigger(&mut self.dice, now);
        let policies = policies(&mut self.dice);
        let task = self.dice.pick(&TASKS);
        let kind = self.dice.range(0, 5);
        let soon = now + TimeDelta::milliseconds(self.dice.range(1, 30_000) as i64);
        self.ask(move |scheduler| async move {
            let job = scheduler.add_job(task, trigger).id(id.as_str());
            let job = job.policies(policies).replace_existing();
            let job = match kind {
                0 => job.run_at_start(),
                1 => job.next_run_time(soon),
                _ => job,
            };
            job.await.map(drop)
        });
    }

    fn resume(&mut self, id: JobId, catches_up: bool) {
        self.ask(move |scheduler| async move {
            let verb = scheduler.resume_job(id);
            if catches_up {
                verb.catch_up().await
            } else {
                verb.await
            }
        });
    }

    fn run_by_hand(&mut self, id: JobId) {
        // Not by the dice, which would be another story.
        let now = self.world.now().timestamp_millis();
        let own = (now % 3 == 0).then_some(("by hand", now));
        self.ask(move |scheduler| async move {
            let run = scheduler.run_job(id);
            match own {
                Some(own) => run.args(own).await.map(drop),
                None => run.await.map(drop),
            }
        });
    }

    fn cancel_something(&mut self) {
        let mut open = self.database.open_runs_of_all();
        open.sort_unstable_by_key(|run| run.id);
        if !open.is_empty() {
            let run = self.dice.pick(&open);
            self.world.cancels(run.job.clone(), run.fire_time());
            let run = run.id;
            self.ask(move |scheduler| async move { scheduler.cancel_run(run).await });
        }
    }

    /// Something goes wrong.
    pub(crate) fn fault(&mut self) {
        let up = self.up();
        match self.dice.range(0, 9) {
            0 => self.break_all(),
            1 => {
                let condition =
                    self.dice
                        .pick(&[Condition::Flaky, Condition::Good, Condition::Slow]);
                self.operator.line.set(condition);
            }
            _ if up.is_empty() => {}
            about => {
                let index = self.dice.pick(&up);
                self.fault_of(index, about);
            }
        }
    }

    fn fault_of(&mut self, index: usize, about: u64) {
        match about {
            2 | 3 => {
                let away = self.dice.range(0, 40_000);
                self.be_down(index, away);
            }
            4 => self.freeze(index, State::Stopped),
            5 => self.freeze(index, State::Suspended),
            6 | 7 => {
                let condition = self.dice.pick(&[
                    Condition::Slow,
                    Condition::Flaky,
                    Condition::Refused,
                    Condition::Silent,
                ]);
                let span = self.dice.range(500, 40_000);
                self.spoil(index, condition, span);
            }
            8 => self.set_clock(index),
            _ => self.deploy(index),
        }
    }

    /// The database is away for all nodes.
    fn break_all(&mut self) {
        let condition = self.dice.pick(&[
            Condition::Refused,
            Condition::Silent,
            Condition::Slow,
            Condition::Flaky,
        ]);
        let span = self.dice.range(1_000, 40_000);
        let until = self.world.now() + TimeDelta::milliseconds(span as i64);
        self.tell(|| format!("the database is {condition:?} for {span} ms"));
        self.outage = (condition, until);
        if !condition.works() {
            (0..self.nodes.len()).for_each(|index| self.is_cut_off(index, until));
        }
        for node in &mut self.nodes {
            if let Some(process) = &node.process {
                process.line.set(condition);
                node.line_until = Some(until);
            }
        }
    }

    /// The line of one node is bad for a while.
    fn spoil(&mut self, index: usize, condition: Condition, millis: u64) {
        let until = self.world.now() + TimeDelta::milliseconds(millis as i64);
        if self.outage.1 > self.world.now() {
            // It is bad for all already.
            return;
        }
        if !condition.works() {
            self.away(index, until);
            self.is_cut_off(index, until);
        }
        self.tell(|| format!("the line of {index} is {condition:?} for {millis} ms"));
        let node = &mut self.nodes[index];
        node.line_until = Some(until);
        if let Some(process) = &node.process {
            process.line.set(condition);
        }
    }

    fn freeze(&mut self, index: usize, how: fn(chrono::DateTime<chrono::Utc>) -> State) {
        let span = self.dice.range(500, 25_000) as i64;
        let until = self.world.now() + TimeDelta::milliseconds(span);
        self.away(index, until);
        self.is_cut_off(index, until);
        self.nodes[index].state = how(until);
        self.tell(|| format!("{index} is {:?} for {span} ms", self.nodes[index].state));
    }

    /// Somebody sets the clock of a node, as wrong as clocks may be here.
    fn set_clock(&mut self, index: usize) {
        let most = self.skew.num_milliseconds() / 2 * 9 / 10;
        let wanted = self.dice.range(0, most as u64 * 2) as i64 - most;
        let process = self.nodes[index].process.as_mut().unwrap();
        let by = TimeDelta::milliseconds(wanted) - process.error();
        let set = process.set_clock(by);
        self.clock_sets.push(set);
        self.tell(|| format!("the clock of {index} is set by {by}"));
    }

    /// A node is shut down; another version of the program takes its place.
    fn deploy(&mut self, index: usize) {
        let patience = std::time::Duration::from_millis(self.dice.range(10_000, 25_000));
        let process = self.nodes[index].process.as_ref().unwrap();
        let scheduler = process.scheduler.clone();
        let handle = process.spawn(async move {
            let _ = scheduler.shutdown().within(patience).await;
        });
        let until = self.world.now() + TimeDelta::seconds(60);
        self.away(index, until);
        self.shutdowns.push((index, self.world.now(), None));
        self.nodes[index].state = State::Leaving(handle);
        self.tell(|| format!("{index} is shut down within {patience:?}"));
    }

    /// Nothing is due any more.
    pub(crate) fn pause_all(&self) {
        for row in self.database.rows() {
            let mut update = Update::new(row.job, row.state, self.world.now());
            update.state.paused = true;
            self.database.update(update).unwrap();
        }
    }
}
