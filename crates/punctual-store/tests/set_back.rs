//! All cases of a small world in which a schedule is set back onto decided fire times. The schedule
//! moves on and no fire time disappears.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use punctual_core::plan::plan;
use punctual_core::{
    Coalesce, Interval, Job, JobId, JobState, Overlap, Policies, RunId, RunKey, Unlimited,
};
use punctual_store::batch::{Batch, NewRange, NewRun, OpenView, Rows};
use punctual_store::{Claim, ClaimKind, RunEnd};

const FIRE_TIMES: i64 = 6;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap_or_default()
}

/// One row, the keys that were used before, and the runs and ranges that are decided.
struct World {
    job: Job,
    state: JobState,
    used: BTreeSet<DateTime<Utc>>,
    runs: Vec<DateTime<Utc>>,
    ranges: Vec<NewRange>,
    numbers: u64,
}

impl Rows for World {
    type Row = ();

    fn of_id(&self, _: &JobId) -> Option<()> {
        Some(())
    }

    fn of_birth(&self, _: u64) -> Option<()> {
        Some(())
    }

    fn state(&self, (): ()) -> &JobState {
        &self.state
    }

    fn policies(&self, (): ()) -> Option<&Policies> {
        Some(self.job.policies())
    }

    fn set_moved(&mut self, (): (), state: JobState) {
        self.state = state;
    }

    fn set_counts(&mut self, (): (), state: JobState) {
        self.state = state;
    }

    fn leave(&mut self, (): ()) {}

    fn is_used(&self, (): (), key: &RunKey) -> bool {
        let ranges = self.ranges.iter().map(|range| range.key.fire_time);
        let mut decided = ranges.chain(self.runs.iter().copied());
        self.used.contains(&key.fire_time) || decided.any(|time| time == key.fire_time)
    }

    fn next_number(&mut self) -> RunId {
        self.numbers += 1;
        RunId(self.numbers)
    }

    fn open(&mut self, (): (), run: NewRun) {
        self.runs.push(run.key.fire_time);
    }

    fn record(&mut self, (): (), range: NewRange) {
        self.ranges.push(range);
    }

    fn run(&self, _: RunId) -> Option<OpenView> {
        None
    }

    fn set_run(&mut self, _: RunId, _: OpenView) {}

    fn keep_attempt(&mut self, _: &RunEnd) {}

    fn close(&mut self, _: Option<()>, _: &RunEnd) {}

    fn waiting(&self, (): ()) -> Vec<RunId> {
        Vec::new()
    }

    fn under_way(&self, (): ()) -> Vec<RunId> {
        Vec::new()
    }
}

impl World {
    fn new(policies: Policies, used: BTreeSet<DateTime<Utc>>) -> Self {
        let trigger = Interval::every(Duration::from_secs(1)).start(at(0));
        let trigger = trigger.end(at(FIRE_TIMES)).build().expect("it is valid");
        let id = JobId::new("a").expect("it is valid");
        let mut state = JobState::default();
        state.next_run_time = Some(at(1));
        Self {
            job: Job::new(id, "task", trigger).with_policies(policies),
            state,
            used,
            runs: Vec::new(),
            ranges: Vec::new(),
            numbers: 0,
        }
    }

    /// Claims until nothing is due, as nodes do.
    fn move_on(&mut self, now: DateTime<Utc>) -> Result<(), String> {
        while let Some(next) = self.state.next_run_time.filter(|next| *next <= now) {
            let plan = plan(&self.job.view(&self.state), now);
            let claim = Claim::new(
                self.job.id().clone(),
                self.state.birth,
                ClaimKind::Advance {
                    revision: self.state.revision,
                    plan,
                },
            );
            Batch::new(self, now).claim(&claim);
            if self.state.next_run_time.is_some_and(|moved| moved <= next) {
                return Err(format!("it stays at {next}"));
            }
        }
        Ok(())
    }

    /// Checks that each due fire time has one outcome. A range has the key of its first fire time
    /// only, so it may include a fire time that was decided before.
    fn judge(&self, now: DateTime<Utc>) -> Result<(), String> {
        let due = (1..=FIRE_TIMES).map(at).filter(|time| *time <= now);
        for time in due {
            let before = usize::from(self.used.contains(&time));
            let runs = self.runs.iter().filter(|run| **run == time).count();
            let first = self.ranges.iter().filter(|range| range.range.first == time);
            let reaches = |range: &&NewRange| range.range.first < time && time <= range.range.last;
            let (first, over) = (first.count(), self.ranges.iter().filter(reaches).count());
            let decided = runs + first + over;
            let is_well = if before == 0 {
                decided == 1
            } else {
                runs + first == 0 && over <= 1
            };
            if !is_well {
                return Err(format!(
                    "{time} has {before} outcomes and {decided} new ones"
                ));
            }
        }
        Ok(())
    }
}

fn policies() -> impl Iterator<Item = Policies> {
    let coalesce = [
        Coalesce::Latest,
        Coalesce::Earliest,
        Coalesce::all(2),
        Coalesce::all(9),
    ];
    let grace = [None, Some(2)];
    let overlap = [Overlap::Skip, Overlap::queue(1)];
    let is_unlimited = [false, true];
    coalesce.into_iter().flat_map(move |coalesce| {
        grace.into_iter().flat_map(move |grace| {
            overlap.into_iter().flat_map(move |overlap| {
                is_unlimited.into_iter().map(move |is_unlimited| {
                    let mut policies = Policies::new().coalesce(coalesce).overlap(overlap);
                    if let Some(grace) = grace {
                        policies = policies.misfire_grace_time(Duration::from_secs(grace));
                    }
                    if is_unlimited {
                        policies = policies.max_instances(Unlimited);
                    }
                    policies.build().expect("all of them are valid")
                })
            })
        })
    })
}

#[test]
fn a_schedule_that_was_set_back_moves_on_and_loses_nothing() {
    for policies in policies() {
        for used in 0..1u32 << FIRE_TIMES {
            for now in 1..=FIRE_TIMES {
                let is_used = |time: &i64| used & (1 << (time - 1)) != 0;
                let used: BTreeSet<_> = (1..=FIRE_TIMES).filter(is_used).map(at).collect();
                let mut world = World::new(policies, used);
                let judged = world.move_on(at(now)).and_then(|()| world.judge(at(now)));
                assert_eq!(judged, Ok(()), "{policies:?} {:?} {now}", world.used);
            }
        }
    }
}
