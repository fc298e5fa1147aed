//! Compares `plan` with a slow planner that writes every backlog out.

use std::time::Duration;

use chrono::TimeDelta;

use super::super::*;
use crate::policy::{Jitter, MaxInstances, MisfireGraceTime};
use crate::{Coalesce, Count, Cron, Overlap};

fn at(text: &str) -> DateTime<Utc> {
    format!("2026-03-01T{text}Z").parse().unwrap()
}

fn range(times: &[DateTime<Utc>]) -> Option<FireRange> {
    Some(FireRange {
        first: *times.first()?,
        last: *times.last()?,
        count: Count::Exact(times.len() as u64),
    })
}

fn start_of(job: &JobView<'_>, fire_time: DateTime<Utc>) -> DateTime<Utc> {
    let next = job.trigger.after(fire_time);
    job.policies.jitter.start_of(job.id, fire_time, next)
}

fn next(job: &JobView<'_>, fire_time: Option<DateTime<Utc>>) -> Next {
    fire_time.map_or(Next::Finished, |fire_time| Next::At {
        fire_time,
        start: start_of(job, fire_time),
    })
}

/// Plans a job whose remaining fire times are given one by one.
fn slow_plan(job: &JobView<'_>, fire_times: &[DateTime<Utc>], now: DateTime<Utc>) -> Plan {
    let is_due = |time: &DateTime<Utc>| start_of(job, *time) <= now;
    let (due, later): (Vec<_>, Vec<_>) = fire_times.iter().partition(|time| is_due(time));
    let grace = job.policies.misfire_grace_time.limit();
    let age = |time: &DateTime<Utc>| (now - start_of(job, *time)).to_std();
    let is_late = |time: &DateTime<Utc>| grace.is_some_and(|g| age(time).is_ok_and(|age| age > g));
    let (late, mut rest): (Vec<_>, Vec<_>) = due.iter().partition(|time| is_late(time));
    let mut plan = Plan::nothing(next(job, later.first().copied()));
    plan.after_oldest = due.get(1).copied();
    plan.missed = range(&late).map(|range| (range, job.absence));
    let coalesced = match job.policies.coalesce {
        Coalesce::Earliest => rest.split_off(rest.len().min(1)),
        Coalesce::Latest => rest.drain(..rest.len().saturating_sub(1)).collect(),
        Coalesce::All { at_most } => {
            let surplus = rest.len().saturating_sub(at_most.max(1) as usize);
            rest.drain(..surplus).collect()
        }
    };
    plan.coalesced = range(&coalesced);
    place(job, rest, &mut plan);
    plan
}

fn place(job: &JobView<'_>, runs: Vec<DateTime<Utc>>, plan: &mut Plan) {
    let has_room = job.policies.max_instances.admits(job.running);
    let skipped = |reason| range(&runs).map(|range| (range, reason));
    match job.policies.overlap {
        Overlap::Queue { .. } if has_room && job.queued == 0 => plan.start = runs,
        Overlap::Queue { at_most } if job.queued < at_most => plan.queue = runs,
        Overlap::Queue { .. } => plan.skipped = skipped(SkipReason::QueueFull),
        _ if has_room => plan.start = runs,
        Overlap::Skip => plan.skipped = skipped(SkipReason::MaxInstances),
        Overlap::CancelRunning => plan.queue = runs,
    }
}

fn policies() -> Vec<Policies> {
    let seconds = Duration::from_secs;
    let coalesce = [
        Coalesce::Latest,
        Coalesce::Earliest,
        Coalesce::All { at_most: 0 },
        Coalesce::All { at_most: 2 },
        Coalesce::All { at_most: 9 },
    ];
    let mut all = Vec::new();
    for jitter in [0, 20, 3_600] {
        for grace in [None, Some(0), Some(30), Some(60), Some(200), Some(u64::MAX)] {
            for coalesce in coalesce {
                all.push(Policies {
                    jitter: Jitter::up_to(seconds(jitter)),
                    misfire_grace_time: grace
                        .map_or(MisfireGraceTime::Unlimited, |s| seconds(s).into()),
                    coalesce,
                    ..Policies::default()
                });
            }
        }
    }
    all
}

fn admissions() -> Vec<(Overlap, u32, u32)> {
    let mut all = Vec::new();
    let queue = |at_most| Overlap::Queue { at_most };
    for overlap in [Overlap::Skip, Overlap::CancelRunning, queue(1), queue(2)] {
        for running in 0..=3 {
            all.extend((0..=3).map(|queued| (overlap, running, queued)));
        }
    }
    all
}

/// Returns the moments at which a decision may change, and the moments just before and after.
fn moments(job: &JobView<'_>, fire_times: &[DateTime<Utc>]) -> Vec<DateTime<Utc>> {
    let grace = job.policies.misfire_grace_time.limit();
    let grace = grace.and_then(|grace| TimeDelta::from_std(grace).ok());
    let mut all = vec![at("09:00:00"), at("23:00:00")];
    for fire_time in fire_times {
        let start = start_of(job, *fire_time);
        let edges = [Some(start), grace.and_then(|g| start.checked_add_signed(g))];
        for edge in edges.into_iter().flatten() {
            all.extend([-1, 0, 1].map(|micros| edge + TimeDelta::microseconds(micros)));
        }
    }
    all
}

/// Returns the fire times from `oldest` on. `oldest` counts even if the trigger does not name it.
fn fire_times(trigger: &Trigger, oldest: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    std::iter::successors(Some(oldest), |time| trigger.after(*time)).collect()
}

#[test]
fn a_plan_is_that_of_one_who_looks_at_every_fire_time() {
    let minutes = Cron::new().hour(10).minute("0-2,5,6").second(0);
    let trigger = minutes.end(at("10:10:00")).build().unwrap();
    let id = JobId::new("job").unwrap();
    for oldest in [at("10:00:00"), at("09:59:17"), at("10:01:00")] {
        let left = fire_times(&trigger, oldest);
        for (index, mut policies) in policies().into_iter().enumerate() {
            policies.max_instances = MaxInstances::at_most(2);
            for (turn, (overlap, running, queued)) in admissions().into_iter().enumerate() {
                // Admission affects no earlier step of the plan, so a part of the pairs is enough.
                if (index + turn) % 7 != 0 {
                    continue;
                }
                let policies = Policies {
                    overlap,
                    ..policies
                };
                let view = JobView {
                    id: &id,
                    trigger: &trigger,
                    anchor: None,
                    policies: &policies,
                    next_fire: Some(oldest),
                    running,
                    queued,
                    paused: false,
                    absence: MissReason::Down,
                };
                for now in moments(&view, &left) {
                    let wanted = slow_plan(&view, &left, now);
                    assert_eq!(plan(&view, now), wanted, "{view:?} at {now}");
                }
            }
        }
    }
}
