//! Random `start`, `end`, `gap` and `fold`.

use serde_json::{Value, json};

use super::Pivot;
use crate::model::time_text::written;
use crate::model::{Micros, SECOND};
use crate::random::Random;

/// Puts bounds on a trigger, in every spelling a time may have.
pub(crate) fn add_bounds(random: &mut Random, pivot: &Pivot, trigger: &mut Value, percent: u64) {
    for (name, sign) in [("start", -1), ("end", 1)] {
        if random.chance(percent) {
            trigger[name] = json!(bound(random, pivot, sign));
        }
    }
    if let (Some(start), Some(end)) = (trigger["start"].as_str(), trigger["end"].as_str())
        && start > end
    {
        trigger["end"] = Value::Null;
        let fields = trigger.as_object_mut().expect("triggers are objects");
        fields.remove("end");
    }
}

fn bound(random: &mut Random, pivot: &Pivot, sign: i64) -> String {
    let longest = *random.pick(&[7_200, 86_400, 40 * 86_400, 900 * 86_400]);
    let away = sign * random.range(-3_600, longest) * SECOND;
    time(random, pivot, pivot.at + away)
}

/// A time text for an instant: naive, UTC or with an offset.
pub(crate) fn time(random: &mut Random, pivot: &Pivot, at: Micros) -> String {
    let local = pivot.zone.local_at(at.div_euclid(SECOND));
    let fraction = if random.chance(10) { ".250000" } else { "" };
    match random.range(0, 3) {
        0 => format!("{local}{fraction}"),
        1 => format!("{local}").replace('T', " "),
        2 => written(at),
        _ => format!("{local}{fraction}+05:30"),
    }
}

/// Sometimes chooses what a change of the clock does.
pub(crate) fn add_choices(random: &mut Random, trigger: &mut Value) {
    if random.chance(40) {
        trigger["gap"] = json!(random.pick(&["after", "skip", "shift"]));
    }
    if random.chance(40) {
        trigger["fold"] = json!(random.pick(&["first", "second", "both"]));
    }
}

/// Names the zone, unless it is UTC and may be left out.
pub(crate) fn add_zone(random: &mut Random, pivot: &Pivot, trigger: &mut Value) {
    if pivot.name != "UTC" || random.chance(50) {
        trigger["timezone"] = json!(pivot.name);
    }
}
