//! Random triggers of type `cron`.

use serde_json::{Value, json};

use super::Pivot;
use super::bounds::{add_bounds, add_choices, add_zone};
use super::expression::{any_case, list, months};
use crate::random::Random;

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

pub(crate) fn trigger(random: &mut Random, pivot: &Pivot) -> Value {
    let local = pivot.near(random, 7_200);
    let mut trigger = json!({"type": "cron"});
    let mut set = |name: &str, text: String| trigger[name] = as_number_or_text(&text);
    if random.chance(70) {
        set("hour", list(random, (0, 23), local.hour().into()));
    }
    if random.chance(70) {
        set("minute", minute(random, local.minute().into()));
    }
    if random.chance(20) {
        set("second", list(random, (0, 59), 0));
    }
    if random.chance(15) {
        set("day", day(random, local.day().into()));
    }
    if random.chance(15) {
        set(
            "day_of_week",
            weekday(random, local.weekday().to_monday_zero_offset().into()),
        );
    }
    if random.chance(12) {
        set("month", months(random, local.month().into()));
    }
    if random.chance(4) {
        set(
            "week",
            list(random, (1, 53), local.iso_week_date().week().into()),
        );
    }
    if random.chance(6) {
        set("year", year(random, local.year().into()));
    }
    add_zone(random, pivot, &mut trigger);
    add_choices(random, &mut trigger);
    add_bounds(random, pivot, &mut trigger, 8);
    trigger
}

/// Small plain numbers may be JSON numbers.
fn as_number_or_text(text: &str) -> Value {
    match text.parse::<u16>() {
        Ok(number) if number.to_string() == text => json!(number),
        _ => json!(text),
    }
}

pub(crate) fn minute(random: &mut Random, near: i64) -> String {
    match random.range(0, 3) {
        0 => random.pick(&["0", "30", "15", "45", "59"]).to_string(),
        1 => random
            .pick(&["*/5", "*/10", "*/15", "*/20", "*/30", "0,30", "0-59/20"])
            .to_string(),
        _ => list(random, (0, 59), near),
    }
}

fn day(random: &mut Random, near: i64) -> String {
    let special = |random: &mut Random| {
        let weekday = *random.pick(&WEEKDAYS);
        let nth = *random.pick(&["1st", "2nd", "3rd", "4th", "5th", "last"]);
        match random.range(0, 2) {
            0 => any_case(random, "last"),
            _ => format!("{} {}", any_case(random, nth), any_case(random, weekday)),
        }
    };
    match random.range(0, 3) {
        0 => special(random),
        1 => format!("{} , {}", list(random, (1, 31), near), special(random)),
        _ => list(random, (1, 31), near),
    }
}

fn weekday(random: &mut Random, near: i64) -> String {
    let first = (near + random.range(-1, 1)).clamp(0, 6);
    let name = |random: &mut Random, day: i64| {
        any_case(random, WEEKDAYS[usize::try_from(day).unwrap_or(0)])
    };
    match random.range(0, 3) {
        0 => name(random, first),
        1 => {
            let last = random.range(first, 6);
            format!("{}-{}", name(random, first), name(random, last))
        }
        _ => list(random, (0, 6), near),
    }
}

fn year(random: &mut Random, near: i64) -> String {
    let first = (near - random.range(0, 2)).clamp(1970, 9_990);
    match random.range(0, 2) {
        0 => format!("{first}-{}", first + random.range(0, 6)),
        1 => format!("{first}/{}", random.range(1, 4)),
        _ => format!("{first},{}", first + random.range(1, 3)),
    }
}
