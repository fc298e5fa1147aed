//! Triggers and policies of every kind.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{
    CalendarInterval, Coalesce, Cron, Crontab, Date, Interval, Overlap, Policies, Retry, Trigger,
    Unlimited,
};

use super::dice::Dice;

const ZONES: [&str; 4] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
];

/// A trigger that has a fire time left.
pub(super) fn trigger(dice: &mut Dice, now: DateTime<Utc>) -> Trigger {
    let seconds = |seconds: u64| Duration::from_secs(seconds);
    let zone = dice.pick(&ZONES);
    let trigger: Result<Trigger, _> = match dice.range(0, 8) {
        0 => Date::at(now + TimeDelta::seconds(dice.range(1, 90_000) as i64)).build(),
        1 => Interval::every(seconds(dice.range(37, 600))).build(),
        2 => Interval::every(seconds(dice.range(600, 90_000))).build(),
        3 => {
            let start = now - TimeDelta::seconds(dice.range(0, 900_000) as i64);
            Interval::every(seconds(dice.range(300, 9_000)))
                .start(start)
                .build()
        }
        4 => {
            // It ends by itself.
            let end = now + TimeDelta::seconds(dice.range(20_000, 90_000) as i64);
            Interval::every(seconds(dice.range(300, 9_000)))
                .end(end)
                .build()
        }
        5 => Crontab::new(format!("*/{} * * * *", dice.range(3, 40)))
            .timezone(zone)
            .build(),
        6 => {
            let text = format!("{} 0-5 * * *", dice.range(0, 59));
            Crontab::new(text).timezone(zone).build()
        }
        7 => Cron::new()
            .hour("*/5")
            .minute(dice.range(0, 59).to_string())
            .timezone(zone)
            .build(),
        _ => CalendarInterval::days(1)
            .at(dice.range(0, 4) as u32, 30, 0)
            .timezone(zone)
            .build(),
    };
    trigger.unwrap()
}

pub(super) fn policies(dice: &mut Dice) -> Policies {
    let mut policies = Policies::new();
    policies = match dice.range(0, 3) {
        0 | 1 => policies,
        2 => policies.misfire_grace_time("20s"),
        _ => policies.misfire_grace_time("20m"),
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
    if dice.chance(25) {
        policies = policies.jitter("2m");
    }
    if dice.chance(40) {
        policies = policies.timeout(Duration::from_secs(dice.range(30, 3_000)));
    }
    if dice.chance(30) {
        policies = policies.retry(Retry::attempts(3).backoff("30s").cap("15m"));
    }
    policies.build().unwrap()
}
