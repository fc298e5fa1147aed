//! Against croner, in zones whose clock never changes.
//!
//! Left out, because croner is wrong or means something else there: zones with changes of the
//! clock (lists lose the gap and fold rule); a day or weekday field that begins with `*` and is
//! more than `*`, beside a restricted other (it ORs what crontab ANDs); `L` and `LW` in one list
//! (it drops `L`); stars in lists of day fields; rubbish that it lets through; years over 5000.

use std::str::FromStr as _;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::CronParser;
use punctual_core::Trigger;
use serde_json::json;

use super::pattern::{instant, numbers, weekdays};
use crate::property::family::{Family, Verdict};
use crate::random::Random;

const ZONES: [&str; 5] = [
    "UTC",
    "Asia/Kolkata",
    "Asia/Dubai",
    "Etc/GMT+5",
    "Pacific/Honolulu",
];
const STEPS: usize = 5;

#[test]
fn croner_agrees_where_it_is_right() {
    let parser = CronParser::builder().sloppy_ranges(true).build();
    Family {
        name: "croner",
        share: 80,
    }
    .run(|random| {
        let expr = pattern(random);
        let zone = *random.pick(&ZONES);
        let theirs = parser
            .parse(&expr)
            .map_err(|error| format!("croner: {expr}: {error}"))?;
        compare(&theirs, &expr, zone, instant(random))
    });
}

fn pattern(random: &mut Random) -> String {
    let any_or = |random: &mut Random, percent: u64, text: String| {
        if random.chance(percent) {
            "*".to_owned()
        } else {
            text
        }
    };
    let minute = numbers(random, (0, 59), true);
    let hour = numbers(random, (0, 23), true);
    let day = day_of_month(random);
    let month = numbers(random, (1, 12), true);
    let weekday = day_of_week(random);
    let mut fields = vec![
        any_or(random, 20, minute),
        any_or(random, 30, hour),
        any_or(random, 50, day),
        any_or(random, 70, month),
        any_or(random, 50, weekday),
    ];
    if random.chance(30) {
        fields.insert(0, numbers(random, (0, 59), true));
    }
    fields.join(" ")
}

fn day_of_month(random: &mut Random) -> String {
    match random.range(0, 7) {
        0 => "L".to_owned(),
        1 => "LW".to_owned(),
        2 => format!("{}W", random.range(1, 31)),
        3 => format!("L,{}", random.range(1, 28)),
        4 => format!("{}W,{}", random.range(1, 31), random.range(1, 31)),
        _ => numbers(random, (1, 31), false),
    }
}

fn day_of_week(random: &mut Random) -> String {
    match random.range(0, 7) {
        0 => format!("{}#{}", random.range(0, 7), random.range(1, 5)),
        1 => format!("{}L", random.range(0, 7)),
        2 => format!("{}L,{}", random.range(0, 7), random.range(0, 7)),
        3 => weekdays(random),
        _ => numbers(random, (0, 7), false),
    }
}

fn compare(theirs: &Cron, expr: &str, zone: &str, from: DateTime<Utc>) -> Result<Verdict, String> {
    let json = json!({"type": "crontab", "expr": expr, "timezone": zone});
    let local = from.with_timezone(&Tz::from_str(zone).map_err(|error| error.to_string())?);
    let next = |at: &DateTime<Tz>| theirs.find_next_occurrence(at, false).ok();
    let ours: Trigger = match serde_json::from_value(json.clone()) {
        Ok(ours) => ours,
        Err(_) if next(&local).is_none() => return Ok(Verdict::Held),
        Err(error) => return Err(format!("{json} is refused: {error}")),
    };
    let mut at = local;
    for _ in 0..STEPS {
        let expected = next(&at);
        let got = ours.after(at.to_utc());
        if got != expected.map(|expected| expected.to_utc()) {
            return Err(format!(
                "{json} after {at}: got {got:?}, croner says {expected:?}"
            ));
        }
        let Some(expected) = expected else {
            return Ok(Verdict::Held);
        };
        at = expected;
    }
    let expected = theirs.find_previous_occurrence(&local, true).ok();
    let got = ours.last_at_or_before(from);
    // Croner goes back to the year 1, Punctual to 1970.
    let known = expected.filter(|expected| expected.timestamp() > 86_400);
    if known.is_some() && got != known.map(|expected| expected.to_utc()) {
        return Err(format!(
            "{json} at or before {from}: got {got:?}, croner says {expected:?}"
        ));
    }
    Ok(Verdict::Held)
}
