//! What may happen in a life.

use std::time::Duration;

use chrono::TimeDelta;
use punctual_core::Trigger;
use punctual_store::checker::Period;
use punctual_tokio::{ErrorKind, Executor};

use super::jobs::{policies, trigger};
use super::life::{Life, row_of, yields};

/// Jobs alive at once, more or less.
const JOBS: usize = 12;

impl Life {
    /// Something happens, then some time passes.
    pub(super) async fn turn(&mut self) {
        self.turns += 1;
        self.settle().await;
        self.look().await;
        let ids = self.ids().await;
        match self.dice.range(0, 99) {
            0..=9 => self.add(ids.len()).await,
            10..=13 => self.jump().await,
            14..=18 => self.stall(),
            19..=21 => self.rest().await,
            22..=23 => self.restart().await,
            24..=26 => self.take_executor_away().await,
            _ if ids.is_empty() => self.add(0).await,
            about => {
                let id = self.dice.pick(&ids);
                self.edit(&id, about).await;
            }
        }
        let span = Duration::from_secs(self.dice.range(5, 1_500));
        self.live(span).await;
    }

    async fn edit(&mut self, id: &str, about: u64) {
        match about {
            27..=34 => self.pause(id).await,
            35..=39 => self.resume(id, false).await,
            40..=44 => self.resume(id, true).await,
            45..=50 => self.reschedule(id).await,
            51..=57 => self.modify(id).await,
            58..=62 => self.bring_forward(id).await,
            63..=66 => self.replace(id).await,
            67..=71 => self.remove(id).await,
            72..=88 => self.run_by_hand(id).await,
            _ => self.cancel_something().await,
        }
    }

    async fn ids(&self) -> Vec<String> {
        let jobs = self.scheduler.get_jobs().await.unwrap();
        jobs.iter().map(|job| job.id().to_string()).collect()
    }

    async fn add(&mut self, alive: usize) {
        if alive >= JOBS {
            return;
        }
        let id = format!("job-{}", self.jobs.len());
        self.put(&id, None).await;
    }

    async fn replace(&mut self, id: &str) {
        let before = self.snapshot(id).await.unwrap();
        // Half of the time the trigger stays.
        let own = before.trigger().clone();
        let same = self.dice.chance(50).then_some(own);
        self.put(id, same).await;
    }

    async fn put(&mut self, id: &str, same: Option<Trigger>) {
        let before = self.snapshot(id).await;
        let now = self.world.clock.now();
        let trigger = same.unwrap_or_else(|| trigger(&mut self.dice, now));
        let job = self.scheduler.add_job("work", trigger).id(id);
        let job = job.policies(policies(&mut self.dice)).replace_existing();
        let job = match self.dice.range(0, 5) {
            0 => job.run_at_start(),
            1 => job.next_run_time(now + TimeDelta::seconds(self.dice.range(1, 5_000) as i64)),
            2 => job.paused(),
            3 => job.executor("extra"),
            _ => job,
        };
        match job.await {
            Ok(_) => self.note_edit(id, before).await,
            // The executor is away, or a window has no fire time left.
            Err(error) => assert!(
                matches!(
                    error.kind(),
                    ErrorKind::NotFound | ErrorKind::Invalid | ErrorKind::Expired
                ),
                "{error}"
            ),
        }
    }

    async fn pause(&mut self, id: &str) {
        let before = self.snapshot(id).await;
        self.scheduler.pause_job(id).await.unwrap();
        self.note_edit(id, before).await;
    }

    async fn resume(&mut self, id: &str, catches_up: bool) {
        let before = self.snapshot(id).await;
        let verb = self.scheduler.resume_job(id);
        let verb = if catches_up { verb.catch_up() } else { verb };
        verb.await.unwrap();
        self.note_edit(id, before).await;
    }

    async fn reschedule(&mut self, id: &str) {
        let before = self.snapshot(id).await;
        let trigger = trigger(&mut self.dice, self.world.clock.now());
        self.scheduler.reschedule_job(id, trigger).await.unwrap();
        self.note_edit(id, before).await;
    }

    async fn modify(&mut self, id: &str) {
        let before = self.snapshot(id).await;
        let policies = policies(&mut self.dice);
        let edit = self.scheduler.modify_job(id).policies(policies);
        edit.await.unwrap();
        self.note_edit(id, before).await;
    }

    async fn bring_forward(&mut self, id: &str) {
        let before = self.snapshot(id).await;
        let soon = self.world.clock.now() + TimeDelta::seconds(self.dice.range(0, 900) as i64);
        let edit = self.scheduler.modify_job(id).next_run_time(soon);
        edit.await.unwrap();
        self.note_edit(id, before).await;
    }

    async fn remove(&mut self, id: &str) {
        let before = self.snapshot(id).await.unwrap();
        self.scheduler.remove_job(id).await.unwrap();
        let known = self.jobs.get_mut(id).unwrap();
        known.is_removed = true;
        let history = known.history.take().map(|(history, _)| history);
        let row = row_of(before);
        let now = self.world.clock.now();
        known.history = history.map(|history| (history.removed(&row, now).removal(now), row));
    }

    async fn run_by_hand(&mut self, id: &str) {
        let answer = self.scheduler.run_job(id).await;
        let known = self.jobs.get_mut(id).unwrap();
        match answer {
            Ok(run) => known.by_hand.push(run.id()),
            Err(error) if error.kind() == ErrorKind::Busy => known.refused += 1,
            // The executor is away, or the last run of the job has just ended.
            Err(error) => assert!(error.is_not_found(), "{error}"),
        }
    }

    async fn cancel_something(&mut self) {
        let running = self.scheduler.running().await.unwrap();
        if !running.is_empty() {
            let run = self.dice.pick(&running).run;
            let now = self.world.clock.now();
            self.cancels.push((run.into(), now.into()));
            self.scheduler.cancel_run(run).await.unwrap();
        }
    }

    /// Somebody sets the clock.
    ///
    /// If that sets it back, jobs may go on by the new time, as if they were edited.
    async fn jump(&mut self) {
        let by = match self.dice.range(0, 3) {
            0 => -3_600,
            1 => -(self.dice.range(1, 20_000) as i64),
            2 => 3_600,
            _ => self.dice.range(1, 30_000) as i64,
        };
        let mut before = Vec::new();
        for id in self.ids().await {
            before.extend(self.snapshot(&id).await);
        }
        self.world.jump(TimeDelta::seconds(by));
        self.settle().await;
        for before in before {
            let id = before.id().to_string();
            let after = self.snapshot(&id).await;
            let is_set_back = after.is_some_and(|after| {
                after.state().birth == before.state().birth
                    && after.state().incarnation != before.state().incarnation
            });
            if is_set_back {
                self.note_edit(&id, Some(before)).await;
            }
        }
    }

    /// Nothing gets a turn for a while.
    fn stall(&mut self) {
        let span = Duration::from_secs(self.dice.range(60, 20_000));
        self.world.pass(span);
    }

    /// The node starts no runs for a while.
    async fn rest(&mut self) {
        self.scheduler.pause().await.unwrap();
        let from = self.world.clock.now();
        let span = Duration::from_secs(self.dice.range(60, 9_000));
        self.live(span).await;
        self.settle().await;
        self.look_into_memory(|_| true).await;
        self.scheduler.resume().await.unwrap();
        let until = self.world.clock.now();
        self.rests.push(Period::new(from, until));
    }

    async fn restart(&mut self) {
        let patience = Duration::from_secs(self.dice.range(0, 600));
        self.shut_down(patience).await;
        let span = Duration::from_secs(self.dice.range(1, 40_000));
        self.world.pass(span);
        self.scheduler.start().await.unwrap();
    }

    /// Shuts down while time passes.
    pub(super) async fn shut_down(&mut self, patience: Duration) {
        let stopping = self.scheduler.clone();
        let from = self.world.clock.now();
        let verb = if patience.is_zero() {
            stopping.shutdown().immediately()
        } else {
            stopping
                .shutdown()
                .within(patience + Duration::from_secs(25))
        };
        let stopped = tokio::spawn(verb.into_future());
        while !stopped.is_finished() {
            self.world.pass(Duration::from_secs(1));
            yields(10).await;
        }
        let report = stopped.await.unwrap().unwrap();
        let span = Period::new(from, self.world.clock.now());
        self.shutdowns.push(span);
        assert_eq!((report.abandoned.len(), report.unrecorded), (0, 0));
    }

    /// Removes a job that cannot run, half of the time.
    async fn remove_parked(&mut self) {
        let jobs = self.scheduler.get_jobs().await.unwrap();
        let parked = jobs.iter().filter(|job| job.executor() == "extra");
        let ids: Vec<String> = parked.map(|job| job.id().to_string()).collect();
        if !ids.is_empty() && self.dice.chance(50) {
            let id = self.dice.pick(&ids);
            self.remove(&id).await;
        }
    }

    async fn take_executor_away(&mut self) {
        self.scheduler.remove_executor("extra").await.unwrap();
        let from = self.world.clock.now();
        let span = Duration::from_secs(self.dice.range(60, 9_000));
        self.live(span).await;
        self.settle().await;
        self.look_into_memory(|row| row.job.executor() != "extra")
            .await;
        self.remove_parked().await;
        let extra = Executor::tokio().at_most(2);
        self.scheduler.add_executor("extra", extra).await.unwrap();
        let away = Period::new(from, self.world.clock.now());
        self.without_extra.push(away);
    }
}
