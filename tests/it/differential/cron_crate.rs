//! Against the `cron` crate, in UTC, as a crontab with `day_and_weekday` and as a cron trigger.
//!
//! Left out, because the crate is wrong or means something else there: zones with changes of the
//! clock (it loses and repeats runs); weekday numbers (it begins with Sunday as 1); years after
//! 2100 (its end); `L`, `W`, `#` and day OR weekday (it has none of them).

use std::str::FromStr as _;

use chrono::{DateTime, Utc};
use cron::Schedule;
use punctual_core::Trigger;
use serde_json::{Value, json};

use super::pattern::{instant, numbers, weekdays};
use crate::property::family::{Family, Verdict};
use crate::random::Random;

const STEPS: usize = 5;

#[test]
fn the_cron_crate_agrees_where_it_is_right() {
    Family {
        name: "cron_crate",
        share: 60,
    }
    .run(|random| {
        let fields = fields(random);
        let text = fields.join(" ");
        let theirs = Schedule::from_str(&text).map_err(|error| format!("cron: {text}: {error}"))?;
        let from = instant(random);
        let [second, minute, hour, day, month, weekday] = &fields;
        let crontab = json!({"type": "crontab", "expr": text, "day_and_weekday": true});
        let cron = json!({"type": "cron", "second": second, "minute": minute, "hour": hour,
            "day": day, "month": month, "day_of_week": weekday});
        compare(&theirs, &crontab, from)?;
        compare(&theirs, &cron, from)?;
        Ok(Verdict::Held)
    });
}

/// Second, minute, hour, day, month, weekday.
fn fields(random: &mut Random) -> [String; 6] {
    let mut field = |(min, max): (i64, i64), star_percent: u64| {
        if random.chance(star_percent) {
            "*".to_owned()
        } else {
            numbers(random, (min, max), true)
        }
    };
    let clock = [field((0, 59), 20), field((0, 59), 20), field((0, 23), 30)];
    let dates = [field((1, 31), 60), field((1, 12), 70)];
    let weekday = if random.chance(60) {
        "*".to_owned()
    } else {
        weekdays(random)
    };
    let [second, minute, hour] = clock;
    let [day, month] = dates;
    [second, minute, hour, day, month, weekday]
}

fn compare(theirs: &Schedule, json: &Value, from: DateTime<Utc>) -> Result<(), String> {
    let their_times: Vec<DateTime<Utc>> = theirs.after(&from).take(STEPS).collect();
    let ours: Trigger = match serde_json::from_value(json.clone()) {
        Ok(ours) => ours,
        Err(_) if their_times.is_empty() => return Ok(()),
        Err(error) => return Err(format!("{json} is refused: {error}")),
    };
    let mut at = from;
    for expected in their_times {
        let got = ours.after(at);
        if got != Some(expected) {
            return Err(format!(
                "{json} after {at}: got {got:?}, the crate says {expected}"
            ));
        }
        if !theirs.includes(expected) {
            return Err(format!("the crate does not include its own {expected}"));
        }
        at = expected;
    }
    Ok(())
}
