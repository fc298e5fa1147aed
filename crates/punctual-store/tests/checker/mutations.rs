//! Ways to tamper with a ledger, each with what has to be found.

use chrono::TimeDelta;
use punctual_core::{
    CancelReason, Coalesce, Count, FireRange, JobId, MissReason, Origin, Outcome, Overlap, Run,
    RunId, RunState, SkipReason,
};
use punctual_store::checker::Rule;

use super::dice::Dice;
use super::life::Told;

pub(super) struct Mutation {
    pub(super) name: &'static str,
    /// One of these has to be found.
    pub(super) rules: &'static [Rule],
    pub(super) by_bodies: bool,
    /// Tampers, and says with which job; `None` if there is nothing to tamper with.
    pub(super) tamper: fn(&mut Told, &mut Dice) -> Option<JobId>,
}

const fn of_ledger(
    name: &'static str,
    rules: &'static [Rule],
    tamper: fn(&mut Told, &mut Dice) -> Option<JobId>,
) -> Mutation {
    Mutation {
        name,
        rules,
        by_bodies: false,
        tamper,
    }
}

const fn of_bodies(
    name: &'static str,
    rules: &'static [Rule],
    tamper: fn(&mut Told, &mut Dice) -> Option<JobId>,
) -> Mutation {
    Mutation {
        by_bodies: true,
        ..of_ledger(name, rules, tamper)
    }
}

pub(super) const MUTATIONS: &[Mutation] = &[
    of_ledger("an entry is missing", &[Rule::Lost], |told, dice| {
        let index = pick(told, dice, is_scheduled)?;
        Some(told.ledger.remove(index).job)
    }),
    of_ledger(
        "all entries after one are missing",
        &[Rule::Lost],
        |told, dice| {
            let index = pick(told, dice, is_scheduled)?;
            let run = told.ledger[index].clone();
            let is_later =
                |other: &Run| other.job == run.job && other.fire_time() >= run.fire_time();
            told.ledger.retain(|other| !is_later(other));
            Some(run.job)
        },
    ),
    of_ledger("an entry is there twice", &[Rule::Twice], |told, dice| {
        let index = pick(told, dice, |_| true)?;
        add(told, index, |_| {})
    }),
    of_ledger("a number is given twice", &[Rule::Twice], |told, dice| {
        let (one, two) = (pick(told, dice, |_| true)?, pick(told, dice, |_| true)?);
        let id = told.ledger[one].id;
        (one < two).then(|| change(told, two, |run| run.id = id))
    }),
    of_ledger(
        "a run lasts into the next",
        &[Rule::Overlapping],
        |told, dice| {
            let is_alone =
                |told: &Told, run: &Run| is_limited_to_one(told, run) && run.started.is_some();
            let index = pick_with(told, dice, is_alone)?;
            let run = &told.ledger[index];
            let mut starts: Vec<_> = told
                .ledger
                .iter()
                .filter(|other| other.job == run.job)
                .collect();
            starts.retain(|other| other.started > run.started && other.started < other.finished);
            let next = starts.iter().filter_map(|other| other.started).min()?;
            Some(change(told, index, |run| {
                run.finished = Some(next + TimeDelta::seconds(1));
            }))
        },
    ),
    of_ledger("a run has no end", &[Rule::StillOpen], |told, dice| {
        let index = pick(told, dice, |run| run.range.is_none())?;
        Some(change(told, index, |run| {
            run.state = RunState::Running;
            run.finished = None;
        }))
    }),
    of_ledger("a run waits for ever", &[Rule::StillOpen], |told, dice| {
        let index = pick(told, dice, |run| run.range.is_none())?;
        Some(change(told, index, |run| run.state = RunState::Queued))
    }),
    of_ledger(
        "a fire time is shifted",
        &[Rule::NotAFireTime],
        |told, dice| {
            let index = pick(told, dice, |run| is_scheduled(run) && run.range.is_none())?;
            Some(change(told, index, |run| {
                run.key.fire_time += TimeDelta::seconds(1);
            }))
        },
    ),
    of_ledger(
        "a run starts before its time",
        &[Rule::Early],
        |told, dice| {
            let index = pick(told, dice, |run| is_scheduled(run) && run.started.is_some())?;
            Some(change(told, index, |run| {
                run.started = Some(run.fire_time() - TimeDelta::microseconds(1));
            }))
        },
    ),
    of_ledger(
        "a stretch is decided before its time",
        &[Rule::Early],
        |told, dice| {
            let index = pick(told, dice, |run| is_scheduled(run) && run.range.is_some())?;
            Some(change(told, index, |run| {
                let last = run.range.map(|range| range.last);
                run.finished = last.map(|last| last - TimeDelta::microseconds(1));
            }))
        },
    ),
    of_ledger(
        "a run starts long after its time",
        &[Rule::Late],
        |told, dice| {
            let index = pick_with(told, dice, |told, run| {
                is_scheduled(run) && run.started.is_some() && starts_at_once(told, run)
            })?;
            let absent: TimeDelta = TimeDelta::days(4);
            Some(change(told, index, |run| {
                run.started = run.started.map(|started| started + absent);
                run.finished = run.finished.map(|finished| finished + absent);
            }))
        },
    ),
    of_ledger(
        "a stretch goes on further",
        &[Rule::Contradictory, Rule::NotAFireTime, Rule::Early],
        |told, dice| {
            let index = pick(told, dice, |run| is_scheduled(run) && run.range.is_some())?;
            Some(change(told, index, |run| {
                let range = run.range.as_mut().unwrap();
                range.last += TimeDelta::hours(1);
            }))
        },
    ),
    of_ledger(
        "a stretch takes its neighbour in",
        &[Rule::Twice],
        |told, dice| {
            let (index, after) = with_neighbour(told, dice)?;
            let last = told.ledger[after].fire_time();
            Some(change(told, index, |run| {
                let range = run.range.as_mut().unwrap();
                range.last = last;
                range.count = range.count.plus(1);
            }))
        },
    ),
    of_ledger("a stretch is cut short", &[Rule::Lost], |told, dice| {
        let index = pick(told, dice, |run| {
            is_scheduled(run) && run.range.is_some_and(|range| range.first < range.last)
        })?;
        Some(change(told, index, |run| {
            run.range = Some(FireRange::single(run.fire_time()));
        }))
    }),
    of_ledger(
        "a stretch is miscounted",
        &[Rule::Contradictory],
        |told, dice| {
            let index = pick(told, dice, |run| is_scheduled(run) && run.range.is_some())?;
            Some(change(told, index, |run| {
                let range = run.range.as_mut().unwrap();
                range.count = Count::Exact(range.count.number() + 1);
            }))
        },
    ),
    of_ledger(
        "no run stands for what was coalesced",
        &[Rule::WithoutReason],
        |told, dice| {
            let (index, after) = with_neighbour(told, dice)?;
            let (run, next) = (&told.ledger[index], &told.ledger[after]);
            let all_latest = |coalesce: Coalesce| coalesce != Coalesce::Earliest;
            let its = told.policies.get(&run.job)?;
            let fits = run.state == RunState::Ended(Outcome::Coalesced)
                && next.range.is_none()
                && its.iter().all(|policies| all_latest(policies.coalesce));
            fits.then(|| change(told, after, |run| unstart(run, Outcome::Coalesced)))
        },
    ),
    of_ledger(
        "what was in time is called missed",
        &[Rule::WithoutReason],
        |told, dice| {
            let index = pick(told, dice, |run| {
                let in_time = run
                    .started
                    .is_some_and(|started| started - run.fire_time() < TimeDelta::seconds(40));
                is_scheduled(run) && in_time
            })?;
            Some(change(told, index, |run| {
                run.finished = run.started;
                unstart(run, Outcome::Missed(MissReason::Grace));
            }))
        },
    ),
    of_ledger(
        "a job that was not paused missed something for that",
        &[Rule::WithoutReason],
        |told, dice| {
            let index = pick(told, dice, |run| is_scheduled(run) && run.started.is_some())?;
            let run = &told.ledger[index];
            let paused = RunState::Ended(Outcome::Missed(MissReason::Paused));
            let never = told
                .ledger
                .iter()
                .all(|other| other.job != run.job || other.state != paused)
                && format!("{:?}", told.histories.get(&run.job)?)
                    .matches("true)")
                    .count()
                    == 0;
            never.then(|| {
                change(told, index, |run| {
                    unstart(run, Outcome::Missed(MissReason::Paused));
                })
            })
        },
    ),
    of_ledger(
        "a job without runs is busy",
        &[Rule::WithoutReason],
        |told, dice| {
            let index = pick_with(told, dice, |told, run| {
                let near = |other: &Run| {
                    let from = other.started.unwrap_or(other.fire_time());
                    let until = other.finished.unwrap();
                    let slack = TimeDelta::minutes(2);
                    from - slack < run.fire_time() + slack
                        && run.fire_time() - slack < until + slack
                };
                let others = told
                    .ledger
                    .iter()
                    .filter(|other| other.job == run.job && other.id != run.id);
                let in_time = run
                    .started
                    .is_some_and(|started| started - run.fire_time() < TimeDelta::minutes(1));
                is_scheduled(run) && in_time && !others.into_iter().any(near)
            })?;
            Some(change(told, index, |run| {
                run.finished = run.started;
                unstart(run, Outcome::Skipped(SkipReason::MaxInstances));
            }))
        },
    ),
    of_ledger(
        "a queue is full that does not exist",
        &[Rule::WithoutReason],
        |told, dice| {
            let index = pick_with(told, dice, |told, run| {
                let queues = |overlap| matches!(overlap, Overlap::Queue { .. });
                is_scheduled(run)
                    && run.started.is_some()
                    && told.policies[&run.job]
                        .iter()
                        .all(|policies| !queues(policies.overlap))
            })?;
            Some(change(told, index, |run| {
                unstart(run, Outcome::Skipped(SkipReason::QueueFull));
            }))
        },
    ),
    of_ledger(
        "a run is replaced that nothing replaces",
        &[Rule::WithoutReason],
        |told, dice| {
            let index = pick_with(told, dice, |told, run| {
                let replaces = |overlap| overlap == Overlap::CancelRunning;
                run.started.is_some()
                    && told.policies[&run.job]
                        .iter()
                        .all(|policies| !replaces(policies.overlap))
            })?;
            let replaced = RunState::Ended(Outcome::Cancelled(CancelReason::Replaced));
            Some(change(told, index, |run| run.state = replaced))
        },
    ),
    of_ledger(
        "a run times out that has all the time",
        &[Rule::WithoutReason],
        |told, dice| {
            let index = pick_with(told, dice, |told, run| {
                let its = &told.policies[&run.job];
                run.started.is_some()
                    && its
                        .iter()
                        .all(|policies| policies.timeout.limit().is_none())
            })?;
            Some(change(told, index, |run| {
                run.state = RunState::Ended(Outcome::TimedOut);
            }))
        },
    ),
    of_ledger(
        "a node that lives loses a run",
        &[Rule::WithoutReason],
        |told, dice| {
            if !told.deaths.is_empty() {
                return None;
            }
            let index = pick(told, dice, |run| run.started.is_some())?;
            Some(change(told, index, |run| {
                run.state = RunState::Ended(Outcome::Lost);
            }))
        },
    ),
    of_ledger(
        "a run ends before it begins",
        &[Rule::Contradictory],
        |told, dice| {
            let index = pick(told, dice, |run| run.started.is_some())?;
            Some(change(told, index, |run| {
                run.finished = run
                    .started
                    .map(|started| started - TimeDelta::microseconds(1));
            }))
        },
    ),
    of_ledger(
        "a run succeeds that never began",
        &[Rule::Contradictory],
        |told, dice| {
            let succeeded = RunState::Ended(Outcome::Succeeded);
            let index = pick(told, dice, |run| run.state == succeeded)?;
            Some(change(told, index, |run| run.started = None))
        },
    ),
    of_ledger(
        "a run by hand is missed",
        &[Rule::Contradictory],
        |told, dice| {
            let index = pick(told, dice, |run| !is_scheduled(run))?;
            Some(change(told, index, |run| {
                unstart(run, Outcome::Missed(MissReason::Grace));
            }))
        },
    ),
    of_ledger(
        "a run belongs to nobody",
        &[Rule::NotAFireTime],
        |told, dice| {
            let index = pick(told, dice, |_| true)?;
            Some(change(told, index, |run| run.key.incarnation = u64::MAX))
        },
    ),
    of_bodies(
        "a body ran that the ledger does not know",
        &[Rule::Contradictory],
        |told, dice| {
            let index = pick(told, dice, |run| run.attempts > 0)?;
            let run = told.ledger.remove(index);
            Some(run.job)
        },
    ),
    of_bodies(
        "a run has an outcome and no body",
        &[Rule::Contradictory],
        |told, dice| {
            let ended = RunState::Ended(Outcome::Succeeded);
            let index = pick(told, dice, |run| run.state == ended)?;
            let run = &told.ledger[index];
            told.executions.retain(|execution| execution.run != run.id);
            Some(run.job.clone())
        },
    ),
    of_bodies(
        "a body ran that was skipped",
        &[Rule::Contradictory],
        |told, dice| {
            let index = pick(told, dice, |run| run.attempts > 0)?;
            Some(change(told, index, |run| {
                unstart(run, Outcome::Skipped(SkipReason::NoTask));
            }))
        },
    ),
    of_bodies("an attempt begins twice", &[Rule::Twice], |told, dice| {
        let execution = dice.pick(&told.executions);
        told.executions.push(execution.clone());
        Some(execution.job)
    }),
    of_bodies(
        "there are more attempts than allowed",
        &[Rule::Twice],
        |told, dice| {
            let mut execution = dice.pick(&told.executions);
            execution.attempt = 4;
            told.executions.push(execution.clone());
            Some(execution.job)
        },
    ),
    of_bodies(
        "a run is rerun that is not to be",
        &[Rule::Twice],
        |told, dice| {
            let index = pick(told, dice, |run| run.attempts > 0)?;
            let run = told.ledger[index].clone();
            let its = |told: &Told| {
                let mut all = told.executions.iter();
                all.find(|execution| execution.run == run.id).cloned()
            };
            let mut execution = its(told)?;
            execution.run = RunId(0);
            told.executions.push(execution);
            Some(run.job)
        },
    ),
    of_bodies(
        "two bodies are under way at once",
        &[Rule::Overlapping],
        |told, dice| {
            let mut its = told.executions.clone();
            let runs: std::collections::BTreeMap<RunId, &Run> =
                told.ledger.iter().map(|run| (run.id, run)).collect();
            its.retain(|execution| {
                let lasts = execution.ended.is_some_and(|ended| ended > execution.began);
                lasts && is_limited_to_one(told, runs[&execution.run])
            });
            if its.is_empty() {
                return None;
            }
            let one = dice.pick(&its);
            let next = its
                .iter()
                .filter(|other| other.job == one.job && other.began > one.began);
            let next = next.map(|other| other.began).min()?;
            let is_it = |other: &&mut punctual_store::checker::Execution| {
                other.run == one.run && other.attempt == one.attempt
            };
            let longer = told.executions.iter_mut().find(is_it)?;
            longer.ended = Some(next + TimeDelta::microseconds(1));
            Some(one.job)
        },
    ),
];

fn is_scheduled(run: &Run) -> bool {
    run.key.origin == Origin::Scheduled
}

fn is_limited_to_one(told: &Told, run: &Run) -> bool {
    let its = &told.policies[&run.job];
    its.iter()
        .all(|policies| policies.max_instances.limit() == Some(1))
}

fn starts_at_once(told: &Told, run: &Run) -> bool {
    told.policies[&run.job].iter().all(|policies| {
        policies.overlap == Overlap::Skip && !matches!(policies.coalesce, Coalesce::All { .. })
    })
}

fn pick(told: &Told, dice: &mut Dice, fits: impl Fn(&Run) -> bool) -> Option<usize> {
    pick_with(told, dice, |_, run| fits(run))
}

fn pick_with(told: &Told, dice: &mut Dice, fits: impl Fn(&Told, &Run) -> bool) -> Option<usize> {
    let all = told.ledger.iter().enumerate();
    let all: Vec<usize> = all
        .filter(|(_, run)| fits(told, run))
        .map(|(index, _)| index)
        .collect();
    (!all.is_empty()).then(|| dice.pick(&all))
}

/// A stretch and the entry that follows it.
fn with_neighbour(told: &Told, dice: &mut Dice) -> Option<(usize, usize)> {
    let follows = |index: usize| {
        let run = &told.ledger[index];
        let its = told.ledger.iter().enumerate().filter(|(_, other)| {
            is_scheduled(other)
                && other.key.incarnation == run.key.incarnation
                && other.fire_time() > run.fire_time()
        });
        its.min_by_key(|(_, other)| other.fire_time())
            .map(|(index, _)| index)
    };
    let coalesced = RunState::Ended(Outcome::Coalesced);
    let index = pick(told, dice, |run| {
        is_scheduled(run) && run.state == coalesced
    })?;
    Some((index, follows(index)?))
}

fn change(told: &mut Told, index: usize, how: impl FnOnce(&mut Run)) -> JobId {
    how(&mut told.ledger[index]);
    told.ledger[index].job.clone()
}

fn add(told: &mut Told, index: usize, how: impl FnOnce(&mut Run)) -> Option<JobId> {
    let mut run = told.ledger[index].clone();
    run.id = RunId(told.ledger.iter().map(|run| run.id.0).max()? + 1);
    how(&mut run);
    let job = run.job.clone();
    told.ledger.push(run);
    Some(job)
}

fn unstart(run: &mut Run, outcome: Outcome) {
    run.state = RunState::Ended(outcome);
    run.started = None;
    run.attempts = 0;
}
