//! Entries that are missing, superfluous, moved, stretched or still open.

use chrono::TimeDelta;
use punctual_core::{Count, FireRange, MissReason, Outcome, Run, RunState};
use punctual_store::checker::Rule;

use super::super::life::Told;
use super::{
    Mutation, add, change, is_limited_to_one, is_scheduled, of_ledger, pick, pick_with,
    starts_at_once, unstart, with_neighbour,
};

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
        let index = pick_with(told, dice, |told, run| {
            run.range.is_none() && !told.paused.contains(&run.job)
        })?;
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
];
