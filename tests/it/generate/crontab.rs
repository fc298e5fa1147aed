//! Random triggers of type `crontab`.

use serde_json::{Value, json};

use super::Pivot;
use super::bounds::{add_bounds, add_choices, add_zone};
use super::cron::minute;
use super::expression::{any_case, list, months};
use crate::random::Random;

const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

pub(crate) fn trigger(random: &mut Random, pivot: &Pivot) -> Value {
    let expr = expression(random, pivot);
    let mut trigger = json!({"type": "crontab", "expr": expr});
    if random.chance(20) {
        trigger["day_and_weekday"] = json!(random.chance(50));
    }
    add_zone(random, pivot, &mut trigger);
    add_choices(random, &mut trigger);
    add_bounds(random, pivot, &mut trigger, 8);
    trigger
}

fn expression(random: &mut Random, pivot: &Pivot) -> String {
    if random.chance(2) {
        let nicknames = [
            "@hourly",
            "@daily",
            "@weekly",
            "@monthly",
            "@yearly",
            "@annually",
        ];
        return (*random.pick(&nicknames)).to_owned();
    }
    let local = pivot.near(random, 7_200);
    let hour = if random.chance(20) {
        "*".to_owned()
    } else {
        list(random, (0, 23), local.hour().into())
    };
    let month = if random.chance(80) {
        "*".to_owned()
    } else {
        months(random, local.month().into())
    };
    let mut fields = vec![
        minute(random, local.minute().into()),
        hour,
        day(random, local.day().into()),
        month,
        weekday(random, local.weekday().to_sunday_zero_offset().into()),
    ];
    if random.chance(25) {
        let second = if random.chance(50) {
            "0".to_owned()
        } else {
            list(random, (0, 59), 0)
        };
        fields.insert(0, second);
        if random.chance(30) {
            let year = i64::from(local.year()).clamp(1970, 4_990);
            fields.push(format!("{year}-{}", year + random.range(0, 5)));
        }
    }
    fields.join(if random.chance(5) { "  " } else { " " })
}

fn day(random: &mut Random, near: i64) -> String {
    match random.range(0, 19) {
        0 => "L".to_owned(),
        1 => "LW".to_owned(),
        2 => format!("{}W", random.range(1, 31)),
        3 => format!("{},L", random.range(1, 28)),
        4 => format!("{}W,{}", random.range(1, 31), random.range(1, 28)),
        5 => "?".to_owned(),
        6..10 => list(random, (1, 31), near),
        _ => "*".to_owned(),
    }
}

fn weekday(random: &mut Random, near: i64) -> String {
    let name = |random: &mut Random, day: i64| {
        any_case(random, WEEKDAYS[usize::try_from(day).unwrap_or(0) % 7])
    };
    match random.range(0, 19) {
        0 => format!("{}#{}", random.range(0, 7), random.range(1, 5)),
        1 => format!(
            "{}#{},{}",
            name(random, near),
            random.range(1, 5),
            random.range(0, 6)
        ),
        2 => format!("{}L", random.range(0, 7)),
        3 => format!("{}L", name(random, near).to_uppercase()),
        4 => "?".to_owned(),
        5 => name(random, near),
        6 => format!("{}-{}", name(random, 1), name(random, 5)),
        7 => format!("{}-{}", name(random, 5), name(random, 0)),
        8..12 => list(random, (0, 7), near),
        _ => "*".to_owned(),
    }
}
