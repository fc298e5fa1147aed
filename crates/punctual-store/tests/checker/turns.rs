//! The events of a life.

use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use punctual_core::plan::{first_fire, manual};
use punctual_core::{
    Coalesce, Count, Crontab, FireRange, Interval, Job, JobId, JobState, MissReason, OnLost,
    Outcome, Overlap, Policies, Trigger, Unlimited,
};
use punctual_store::checker::History;
use punctual_store::{
    ClaimKind, Insert, JobFilter, JobStore, OnConflict, RunOverrides, StoredJob, Update,
};

use super::dice::Dice;
use super::life::Life;

const JOBS: usize = 6;

impl Life {
    pub(super) fn turn(&mut self) {
        let rows = block_on(self.store.list(JobFilter::default()))
            .unwrap()
            .jobs;
        if rows.len() < JOBS && self.dice.chance(10) {
            return self.add();
        }
        if rows.is_empty() || !self.dice.chance(2) {
            return;
        }
        let row = self.dice.pick(&rows);
        match self.dice.range(0, 9) {
            0 => self.pause(&row),
            1 | 2 => self.resume(&row),
            3 => self.modify(&row),
            4 => self.reschedule(&row),
            5 => self.remove(&row),
            6 | 7 => self.run_by_hand(&row),
            _ => self.be_absent(),
        }
    }

    fn add(&mut self) {
        self.names += 1;
        let id = JobId::new(format!("job-{}", self.names)).unwrap();
        let trigger = trigger(&mut self.dice);
        let policies = policies(&mut self.dice);
        let state = self.fresh(&trigger);
        let job = Job::new(id.clone(), "work", trigger).with_policies(policies);
        let insert = Insert::new(Arc::new(job), state, self.now).on_conflict(OnConflict::Refuse);
        let added = block_on(self.store.add(vec![insert])).unwrap();
        let added = added.into_iter().next().unwrap().unwrap();
        let history = History::of(&added, self.now);
        self.told.histories.insert(id.clone(), history);
        self.told.policies.insert(id, vec![policies]);
    }

    fn fresh(&self, trigger: &Trigger) -> JobState {
        let first = first_fire(trigger, None, self.now).unwrap();
        let mut state = JobState::default();
        state.next_run_time = first.fire_time;
        state.anchor = first.anchor;
        state
    }

    fn edit(&mut self, before: &StoredJob, update: Update) {
        let after = block_on(self.store.update(update)).unwrap();
        let id = before.job.id().clone();
        let history = self.told.histories.remove(&id).unwrap();
        let edited = history.edited(before, &after, self.now);
        self.told.histories.insert(id.clone(), edited);
        let policies = self.told.policies.get_mut(&id).unwrap();
        policies.push(*after.job.policies());
    }

    fn as_it_is(&self, row: &StoredJob) -> Update {
        Update::new(Arc::clone(&row.job), row.state, self.now)
    }

    fn pause(&mut self, row: &StoredJob) {
        let mut update = self.as_it_is(row);
        update.state.paused = true;
        self.told.paused.insert(row.job.id().clone());
        self.edit(row, update);
    }

    fn resume(&mut self, row: &StoredJob) {
        let mut update = self.as_it_is(row);
        update.state.paused = false;
        let next = row.state.next_run_time.filter(|next| *next <= self.now);
        if let Some(next) = next.filter(|_| row.state.paused) {
            if self.dice.chance(50) {
                update.state.absence = MissReason::Paused;
            } else {
                let trigger = row.job.trigger();
                let trigger = trigger.anchored(row.state.anchor.unwrap_or(next));
                let last = trigger.last_at_or_before(self.now).unwrap();
                let count = if last == next {
                    Count::Exact(1)
                } else {
                    trigger.count(next, last)
                };
                let range = FireRange {
                    first: next,
                    last,
                    count,
                };
                update.decided = Some((range, Outcome::Missed(MissReason::Paused)));
                update.state.next_run_time = trigger.after(self.now);
                update.state.absence = MissReason::Grace;
            }
        }
        self.edit(row, update);
        self.promote(row);
    }

    fn modify(&mut self, row: &StoredJob) {
        let mut update = self.as_it_is(row);
        let policies = policies(&mut self.dice);
        update.job = Arc::new(Job::clone(&row.job).with_policies(policies));
        self.edit(row, update);
        self.promote(row);
    }

    fn reschedule(&mut self, row: &StoredJob) {
        let trigger = trigger(&mut self.dice);
        let fresh = self.fresh(&trigger);
        let mut update = self.as_it_is(row);
        update.state.next_run_time = fresh.next_run_time;
        update.state.anchor = fresh.anchor;
        update.state.absence = MissReason::Grace;
        update.job = Arc::new(Job::clone(&row.job).with_trigger(trigger));
        update.new_incarnation = true;
        update.decided = row.passed_over(self.now);
        self.edit(row, update);
    }

    fn remove(&mut self, row: &StoredJob) {
        let gone = block_on(self.store.remove(row.job.id().clone(), self.now)).unwrap();
        self.left(&gone.unwrap());
        let history = self.told.histories.remove(row.job.id()).unwrap();
        let history = history.removal(self.now);
        self.told.histories.insert(row.job.id().clone(), history);
    }

    fn run_by_hand(&mut self, row: &StoredJob) {
        let plan = manual(&row.job.view(&row.state), self.now);
        let kind = ClaimKind::Manual {
            incarnation: row.state.incarnation,
            plan: plan.clone(),
            overrides: RunOverrides::none(),
        };
        self.ask(row, kind, &plan);
    }
}

fn trigger(dice: &mut Dice) -> Trigger {
    let trigger = match dice.range(0, 3) {
        0 => Interval::every(Duration::from_secs(dice.range(40, 900))).build(),
        1 => Crontab::new(format!("*/{} * * * *", dice.range(2, 40))).build(),
        2 => Crontab::new(format!("{} 0-5 * * *", dice.range(0, 59)))
            .timezone("Europe/Berlin")
            .build(),
        _ => Interval::every(Duration::from_secs(dice.range(900, 9_000))).build(),
    };
    trigger.unwrap()
}

fn policies(dice: &mut Dice) -> Policies {
    let mut policies = Policies::new();
    policies = match dice.range(0, 2) {
        0 => policies,
        1 => policies.misfire_grace_time("45s"),
        _ => policies.misfire_grace_time("20m"),
    };
    policies = policies.coalesce(match dice.range(0, 3) {
        0 | 1 => Coalesce::Latest,
        2 => Coalesce::Earliest,
        _ => Coalesce::all(4),
    });
    policies = match dice.range(0, 3) {
        0 | 1 => policies,
        2 => policies.max_instances(2),
        _ => policies.max_instances(Unlimited),
    };
    policies = policies.overlap(match dice.range(0, 3) {
        0 | 1 => Overlap::Skip,
        2 => Overlap::queue(2),
        _ => Overlap::CancelRunning,
    });
    if dice.chance(30) {
        policies = policies.on_lost(OnLost::rerun(2));
    }
    if dice.chance(20) {
        policies = policies.jitter("30s");
    }
    if dice.chance(30) {
        policies = policies.timeout(Duration::from_secs(dice.range(30, 3_000)));
    }
    if dice.chance(30) {
        policies = policies.retry(3);
    }
    policies.build().unwrap()
}
