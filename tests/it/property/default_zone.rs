//! A zone that is left out stays out, until a default is filled in: everywhere, once.

use punctual_core::{Trigger, Zone};
use serde_json::{Value, json};

use super::family::{Checked, Verdict};
use super::subject::utc;
use crate::generate::{Pivot, combine, crontab};
use crate::random::Random;

pub(crate) fn holds(random: &mut Random) -> Checked {
    let pivot = Pivot::random(random);
    let mut bare = match random.range(0, 2) {
        0 => crontab::trigger(random, &pivot),
        1 => combine::unanchored(random, &pivot),
        _ => combine::or(random, &pivot),
    };
    without_zones(&mut bare);
    let mut zoned = bare.clone();
    with_zones(&mut zoned, &pivot.name);
    check(&bare, &zoned, &pivot).map_err(|wrong| format!("{bare} in {}\n  {wrong}", pivot.name))?;
    Ok(Verdict::Held)
}

fn check(bare: &Value, zoned: &Value, pivot: &Pivot) -> Result<(), String> {
    let read = |json: &Value| serde_json::from_value::<Trigger>(json.clone());
    let (bare, zoned) = match (read(bare), read(zoned)) {
        (Ok(bare), Ok(zoned)) => (bare, zoned),
        (Err(_), Err(_)) => return Ok(()),
        (bare, zoned) => return Err(format!("bare {bare:?}, zoned {zoned:?}")),
    };
    if bare.to_string().contains("timezone") {
        return Err(format!("made up a zone: {bare}"));
    }
    let zone = Zone::try_from(pivot.name.as_str()).map_err(|error| error.to_string())?;
    let filled = bare.with_default_timezone(zone);
    let at = utc(pivot.at);
    let answers = |trigger: &Trigger| {
        (
            trigger.next(None, at),
            trigger.after(at),
            trigger.last_at_or_before(at),
        )
    };
    if filled != zoned || answers(&filled) != answers(&zoned) {
        return Err(format!("filled in {filled}, expected {zoned}"));
    }
    let other = Zone::try_from("Asia/Tokyo").map_err(|error| error.to_string())?;
    if filled.with_default_timezone(other) != filled {
        return Err("a second default overwrote the first".to_owned());
    }
    Ok(())
}

fn without_zones(json: &mut Value) {
    if let Some(fields) = json.as_object_mut() {
        fields.remove("timezone");
    }
    for child in json["triggers"].as_array_mut().into_iter().flatten() {
        without_zones(child);
    }
}

fn with_zones(json: &mut Value, zone: &str) {
    match json["triggers"].as_array_mut() {
        Some(children) => children
            .iter_mut()
            .for_each(|child| with_zones(child, zone)),
        None => json["timezone"] = json!(zone),
    }
}
