//! Random triggers of type `calendar_interval`.

use jiff::ToSpan;
use serde_json::{Value, json};

use super::Pivot;
use super::bounds::{add_choices, add_zone};
use crate::random::Random;

pub(crate) fn trigger(random: &mut Random, pivot: &Pivot) -> Value {
    let time = pivot.near(random, 5_400);
    let mut trigger = json!({"type": "calendar_interval"});
    let date = pivot.local().date();
    let steps = random.range(0, 20);
    let start = match random.range(0, 5) {
        0..2 => {
            let days = random.range(1, 5);
            trigger["days"] = json!(days);
            date.checked_sub((days * steps).days())
        }
        2 => {
            trigger["weeks"] = json!(random.range(1, 4));
            date.checked_sub((7 * steps).days())
        }
        3 => {
            let months = random.range(1, 13);
            trigger["months"] = json!(months);
            date.checked_sub((months * steps.min(8)).months())
        }
        4 => {
            trigger["years"] = json!(random.range(1, 3));
            date.checked_sub(steps.min(6).years())
        }
        _ => {
            trigger["months"] = json!(random.range(1, 7));
            trigger["days"] = json!(random.range(1, 40));
            date.checked_sub(random.range(0, 900).days())
        }
    };
    let mut start = start.expect("far from the ends of the calendar");
    if random.chance(10) {
        start = start.last_of_month();
    }
    trigger["start_date"] = json!(start.to_string());
    if random.chance(10) {
        let end = start.checked_add(random.range(0, 1_500).days());
        trigger["end_date"] = json!(end.expect("far from the ends of the calendar").to_string());
    }
    trigger["hour"] = json!(time.hour());
    if random.chance(70) {
        trigger["minute"] = json!(if random.chance(50) { time.minute() } else { 0 });
    }
    if random.chance(15) {
        trigger["second"] = json!(time.second());
    }
    add_zone(random, pivot, &mut trigger);
    add_choices(random, &mut trigger);
    trigger
}
