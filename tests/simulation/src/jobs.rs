//! Triggers and policies of every kind, for jobs that run often.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{
    Coalesce, Crontab, Date, Interval, OnLost, Overlap, Policies, Retry, Trigger, Unlimited,
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
    let mut policies = Policies::new();
    policies = match dice.range(0, 3) {
        0 | 1 => policies,
        2 => policies.misfire_grace_time("3s"),
        _ => policies.misfire_grace_time("40s"),
    };
    policies = policies.coalesce(match dice.range(0, 3) {
        0 | 1 => Coalesce::Latest,
        2 => Coalesce::Earliest,
        _ => Coalesce::all(4),
    });
    policies = match dice.range(0, 4) {
        0..=2 => policies,
        3 => policies.max_instances(3),
        _ => policies.max_instances(Unlimited),
    };
    policies = policies.overlap(match dice.range(0, 3) {
        0 | 1 => Overlap::Skip,
        2 => Overlap::queue(2),
        _ => Overlap::CancelRunning,
    });
    policies = policies.on_lost(match dice.range(0, 2) {
        0 | 1 => OnLost::Record,
        _ => OnLost::rerun(2),
    });
    if dice.chance(20) {
        policies = policies.jitter("2s");
    }
    if dice.chance(30) {
        policies = policies.timeout(Duration::from_secs(dice.range(1, 40)));
    }
    if dice.chance(30) {
        policies = policies.retry(Retry::attempts(3).backoff("1s").cap("8s"));
    }
    policies.build().unwrap()
}
