//! Triggers and policies of every kind, for jobs that run often.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{
    Coalesce, Crontab, Date, Interval, Jitter, MaxInstances, MisfireGraceTime, OnLost, Overlap,
    Policies, Retry, Timeout, Trigger,
};

use super::dice::Dice;

/// A trigger that has a fire time left.
pub(crate) fn trigger(dice: &mut Dice, now: DateTime<Utc>) -> Trigger {
    let seconds = |seconds: u64| Duration::from_secs(seconds);
    let trigger: Result<Trigger, _> = match dice.range(0, 9) {
        0 => Date::at(now + TimeDelta::milliseconds(dice.range(1, 60_000) as i64)).build(),
        1..=4 => Interval::every(Duration::from_millis(dice.range(500, 15_000))).build(),
        5 => Interval::every(seconds(dice.range(10, 120))).build(),
        6 => {
            // It ends by itself.
            let end = now + TimeDelta::seconds(dice.range(30, 400) as i64);
            Interval::every(seconds(dice.range(1, 20))).end(end).build()
        }
        7 | 8 => Crontab::new(format!("*/{} * * * * *", dice.range(1, 30))).build(),
        _ => Crontab::new("* * * * *").timezone("Europe/Berlin").build(),
    };
    trigger.unwrap()
}

pub(crate) fn policies(dice: &mut Dice) -> Policies {
    let mut policies = Policies {
        misfire_grace_time: match dice.range(0, 3) {
            0 | 1 => MisfireGraceTime::default(),
            2 => Duration::from_secs(3).into(),
            _ => Duration::from_secs(40).into(),
        },
        coalesce: match dice.range(0, 3) {
            0 | 1 => Coalesce::Latest,
            2 => Coalesce::Earliest,
            _ => Coalesce::All { at_most: 4 },
        },
        max_instances: match dice.range(0, 4) {
            0..=2 => MaxInstances::ONE,
            3 => MaxInstances::at_most(3),
            _ => MaxInstances::UNLIMITED,
        },
        overlap: match dice.range(0, 3) {
            0 | 1 => Overlap::Skip,
            2 => Overlap::Queue { at_most: 2 },
            _ => Overlap::CancelRunning,
        },
        on_lost: match dice.range(0, 2) {
            0 | 1 => OnLost::Record,
            _ => OnLost::Rerun { at_most: 2 },
        },
        ..Policies::default()
    };
    if dice.chance(20) {
        policies.jitter = Jitter::up_to(Duration::from_secs(2));
    }
    if dice.chance(30) {
        policies.timeout = Timeout::After(Duration::from_secs(dice.range(1, 40)));
    }
    if dice.chance(30) {
        let cap = Duration::from_secs(8);
        policies.retry = Retry::attempts(3)
            .backoff(Duration::from_secs(1))
            .cap(cap)
            .build()
            .unwrap();
    }
    policies
}
