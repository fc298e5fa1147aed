//! Triggers without an anchor: only `next` works, and the first answer becomes the anchor.

use punctual_core::{Trigger, Undecided};
use serde_json::Value;

use super::family::{Checked, Verdict};
use super::subject::{micros, shown, utc};
use crate::generate::{Pivot, combine};
use crate::model::time_text::written;
use crate::model::{Micros, Model, SECOND};
use crate::random::Random;

const STEPS: usize = 6;

pub(crate) fn holds(random: &mut Random) -> Checked {
    let pivot = Pivot::random(random);
    let json = combine::unanchored(random, &pivot);
    check(&json, pivot.at, random).map_err(|wrong| format!("{json}\n  {wrong}"))
}

fn check(json: &Value, now: Micros, random: &mut Random) -> Checked {
    let model = Model::read(json).expect("the model reads what was drawn");
    let trigger: Trigger =
        serde_json::from_value(json.clone()).map_err(|error| format!("is refused: {error}"))?;
    if trigger.is_anchored() || trigger.try_after(utc(now)) != Err(Undecided::Unanchored) {
        return Err("has no anchor, but try_after answers".to_owned());
    }
    let expected = model.next(None, now);
    let first = trigger.next(None, utc(now)).map(micros);
    if first != expected {
        let (got, expected) = (shown(first), shown(expected));
        return Err(format!(
            "next(None, {}) = {got}, expected {expected}",
            written(now)
        ));
    }
    let Some(first) = first else {
        return Ok(Verdict::Held);
    };
    let anchored = trigger.anchored(utc(first));
    let again = Model::read(&serde_json::to_value(&anchored).expect("triggers are JSON"))
        .ok_or("the model cannot read the anchored trigger")?;
    let mut at = first;
    if !anchored.is_anchored() || anchored.last_at_or_before(utc(at)).map(micros) != Some(at) {
        return Err(format!(
            "anchored({}) = {anchored} does not hold its anchor",
            written(at)
        ));
    }
    for _ in 0..STEPS {
        let later = utc(at + random.range(0, 9_000) * SECOND);
        let expected = again.next(Some(at), micros(later));
        let both = [trigger.next(Some(utc(at)), later), anchored.after(utc(at))];
        if both.map(|got| got.map(micros)) != [expected; 2] {
            let [next, after] = both.map(|got| shown(got.map(micros)));
            let expected = shown(expected);
            return Err(format!(
                "at {}: next {next}, anchored {anchored} after {after}, expected {expected}",
                written(at)
            ));
        }
        let Some(next) = expected else { break };
        at = next;
    }
    Ok(Verdict::Held)
}
