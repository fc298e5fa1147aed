//! Random combinations: `or` of anything, `and` of rules that meet.

use serde_json::{Value, json};

use super::bounds::{add_choices, time};
use super::{Pivot, calendar, cron, crontab, interval};
use crate::model::SECOND;
use crate::model::time_text::written;
use crate::random::Random;

pub(crate) fn or(random: &mut Random, pivot: &Pivot) -> Value {
    let children = random.range(1, 4);
    let children: Vec<Value> = (0..children)
        .map(|_| {
            let elsewhere = pivot.elsewhere(random);
            let pivot = if random.chance(80) { pivot } else { &elsewhere };
            match random.range(0, 9) {
                0..4 => cron::trigger(random, pivot),
                4 | 5 => crontab::trigger(random, pivot),
                6 => calendar::trigger(random, pivot),
                7 => interval::trigger(random, pivot),
                8 => interval::date(random, pivot),
                _ => json!({"type": "or", "triggers": [cron::trigger(random, pivot)]}),
            }
        })
        .collect();
    let mut trigger = json!({"type": "or", "triggers": children});
    add_own_bounds(random, pivot, &mut trigger);
    trigger
}

/// Bounds of the combination itself, in UTC since it has no zone.
fn add_own_bounds(random: &mut Random, pivot: &Pivot, trigger: &mut Value) {
    if random.chance(10) {
        trigger["start"] = json!(written(
            pivot.at - random.range(-7_200, 90 * 86_400) * SECOND
        ));
    }
    if random.chance(10) {
        trigger["end"] = json!(written(
            pivot.at + random.range(8_000, 90 * 86_400) * SECOND
        ));
    }
}

/// Children that all hold one local time of day.
pub(crate) fn and(random: &mut Random, pivot: &Pivot) -> Value {
    let local = pivot.near(random, 7_200);
    let (hour, minute) = (
        local.hour(),
        if random.chance(60) { 0 } else { local.minute() },
    );
    let children = random.range(1, 3);
    let children: Vec<Value> = (0..children)
        .map(|_| {
            let mut child = meeting_child(random, pivot, (hour, minute));
            if child["type"] != "or" {
                child["timezone"] = json!(pivot.name);
            }
            if child["type"] == "cron" || child["type"] == "crontab" {
                add_choices(random, &mut child);
            }
            child
        })
        .collect();
    let mut trigger = json!({"type": "and", "triggers": children});
    add_own_bounds(random, pivot, &mut trigger);
    trigger
}

fn meeting_child(random: &mut Random, pivot: &Pivot, (hour, minute): (i8, i8)) -> Value {
    let weekday = *random.pick(&["mon-fri", "sat,sun", "tue", "0-3"]);
    let minutes = if minute == 0 {
        "*/15".to_owned()
    } else {
        format!("0,{minute},58-59")
    };
    match random.range(0, 7) {
        0 => json!({"type": "cron", "hour": hour, "minute": minute, "day_of_week": weekday}),
        1 => json!({"type": "cron", "minute": minutes}),
        2 => json!({"type": "cron", "day": "*/2", "hour": "*", "minute": minute}),
        3 => {
            json!({"type": "cron", "hour": format!("*/2,{hour}"), "minute": format!("0,{minute}")})
        }
        4 => {
            json!({"type": "crontab", "expr": format!("{minute} {hour} 1-20 * {}", random.range(0, 6))})
        }
        5 => {
            let start = pivot.local().date().to_string();
            json!({"type": "calendar_interval", "days": random.range(1, 3), "hour": hour,
                "minute": minute, "start_date": start})
        }
        6 => {
            let start = local_start(pivot, hour, minute);
            json!({"type": "interval", "hours": random.range(1, 12), "start": start})
        }
        _ => {
            let other =
                json!({"type": "cron", "hour": random.range(0, 23), "timezone": pivot.name});
            let hit =
                json!({"type": "cron", "hour": hour, "minute": minute, "timezone": pivot.name});
            json!({"type": "or", "triggers": [other, hit]})
        }
    }
}

/// The day of the pivot at a time of day, as a naive text.
fn local_start(pivot: &Pivot, hour: i8, minute: i8) -> String {
    pivot.local().date().at(hour, minute, 0, 0).to_string()
}

/// An interval or calendar interval whose anchor is left to the first answer.
pub(crate) fn unanchored(random: &mut Random, pivot: &Pivot) -> Value {
    let calendar = random.chance(50);
    let mut trigger = if calendar {
        calendar::trigger(random, pivot)
    } else {
        interval::trigger(random, pivot)
    };
    let fields = trigger.as_object_mut().expect("an object");
    for name in ["start", "start_date", "end", "end_date"] {
        fields.remove(name);
    }
    if !calendar && random.chance(30) {
        trigger["first_run"] = json!("immediately");
    }
    if random.chance(10) && !calendar {
        trigger["end"] = json!(time(random, pivot, pivot.at + 90 * 86_400 * SECOND));
    }
    trigger
}
