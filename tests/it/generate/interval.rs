//! Random triggers of type `interval` and `date`.

use serde_json::{Value, json};

use super::Pivot;
use super::bounds::{add_bounds, add_zone, time};
use crate::model::SECOND;
use crate::random::Random;

pub(crate) fn trigger(random: &mut Random, pivot: &Pivot) -> Value {
    let mut trigger = json!({"type": "interval"});
    match random.range(0, 6) {
        0 => trigger["weeks"] = json!(random.range(1, 5)),
        1 => trigger["days"] = json!(random.range(1, 40)),
        2 => trigger["hours"] = json!(random.pick(&[1.0, 2.0, 0.5, 1.25, 36.0])),
        3 => trigger["minutes"] = json!(random.range(1, 100)),
        4 => trigger["seconds"] = json!(random.range(1, 5_000)),
        5 => trigger["seconds"] = json!(random.pick(&[0.001, 0.25, 0.1, 59.999_999, 17.000_001])),
        _ => {
            trigger["hours"] = json!(random.range(0, 50));
            trigger["minutes"] = json!(random.range(0, 90));
            trigger["seconds"] = json!(random.range(1, 90));
        }
    }
    let earlier = *random.pick(&[0, 3_600, 86_400, 400 * 86_400, 30 * 366 * 86_400]);
    let start = pivot.at - random.range(-3_600, earlier) * SECOND;
    add_zone(random, pivot, &mut trigger);
    add_bounds(random, pivot, &mut trigger, 10);
    trigger["start"] = json!(time(random, pivot, start));
    if trigger["end"]
        .as_str()
        .is_some_and(|end| Some(end) < trigger["start"].as_str())
    {
        trigger.as_object_mut().expect("an object").remove("end");
    }
    trigger
}

pub(crate) fn date(random: &mut Random, pivot: &Pivot) -> Value {
    let at = pivot.at + random.range(-7_200, 7_200) * SECOND;
    let mut trigger = json!({"type": "date", "run_at": time(random, pivot, at)});
    if random.chance(40) {
        trigger["run_at"] = json!(pivot.near(random, 7_200).to_string());
    }
    add_zone(random, pivot, &mut trigger);
    trigger
}
