//! From the trigger's JSON to the model.

use jiff::civil::Time;
use serde_json::Value;

use super::calendar::Calendar;
use super::days::{Days, Element, Inner, cron_days};
use super::field::{self, Field, Kind};
use super::wall::{Fold, Gap, Wall, WallRule};
use super::zone::Zone;
use super::{Micros, Model, Rule, SECOND, crontab, time_text};

impl Model {
    /// Reads a trigger that is known to be valid.
    pub(crate) fn read(json: &Value) -> Option<Self> {
        let zone = Zone::named(json["timezone"].as_str().unwrap_or("UTC"))?;
        let bound = |name: &str| match &json[name] {
            Value::Null => Some(None),
            text => time_text::instant(text.as_str()?, &zone).map(Some),
        };
        let children = || {
            json["triggers"]
                .as_array()?
                .iter()
                .map(Self::read)
                .collect::<Option<Vec<_>>>()
        };
        let rule = match json["type"].as_str()? {
            "date" => Rule::Date(time_text::instant(json["run_at"].as_str()?, &zone)?),
            "interval" => Rule::Interval {
                length: length(json)?,
                immediately: json["first_run"] == "immediately",
            },
            "cron" => Rule::Wall(Box::new(cron(json, zone.clone())?)),
            "crontab" => Rule::Wall(Box::new(crontab_rule(json, zone.clone())?)),
            "calendar_interval" => Rule::Calendar(Box::new(calendar(json, zone.clone())?)),
            "and" => Rule::And(children()?),
            "or" => Rule::Or(children()?),
            _ => return None,
        };
        Some(Self {
            rule,
            start: bound("start")?,
            end: bound("end")?,
        })
    }
}

/// Sums the units; seconds may have up to six digits of fraction, other units halves and quarters.
fn length(json: &Value) -> Option<Micros> {
    let units = [
        ("weeks", 604_800),
        ("days", 86_400),
        ("hours", 3_600),
        ("minutes", 60),
        ("seconds", 1),
    ];
    let mut sum = 0;
    for (unit, seconds) in units {
        let micros = seconds * SECOND;
        sum += match &json[unit] {
            Value::Null => 0,
            number => match number.as_i64() {
                Some(whole) => whole * micros,
                None => decimal(&number.to_string())? * micros / SECOND,
            },
        };
    }
    Some(sum)
}

/// `1.25` in millionths.
fn decimal(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.')?;
    let millionths = format!("{fraction:0<6}");
    Some(whole.parse::<i64>().ok()? * SECOND + millionths.parse::<i64>().ok()?)
}

fn written(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

const ORDER: [&str; 8] = [
    "year",
    "month",
    "day",
    "week",
    "day_of_week",
    "hour",
    "minute",
    "second",
];

/// A cron field's text, or what stands for it when it is left out.
fn cron_text(json: &Value, name: &str) -> Option<String> {
    if !json[name].is_null() {
        return written(&json[name]);
    }
    let place = ORDER.iter().position(|field| *field == name)?;
    let last_given = ORDER.iter().rposition(|field| !json[*field].is_null());
    let less_significant = last_given.is_some_and(|last| place > last);
    let default = match name {
        "month" | "day" => "1",
        "hour" | "minute" | "second" => "0",
        _ => "*",
    };
    Some(if less_significant { default } else { "*" }.to_owned())
}

fn cron(json: &Value, zone: Zone) -> Option<WallRule> {
    let read = |name: &str, kind: Kind| Field::read(&cron_text(json, name)?, kind);
    let weekdays = Element::Weekdays(read("day_of_week", field::WEEKDAY)?);
    let days = Days {
        years: read("year", field::YEAR)?,
        months: read("month", field::MONTH)?,
        weeks: read("week", field::WEEK)?,
        inner: Inner::Both(cron_days(&cron_text(json, "day")?)?, vec![weekdays]),
    };
    let clock = [
        read("hour", field::HOUR)?,
        read("minute", field::SIXTY)?,
        read("second", field::SIXTY)?,
    ];
    wall_rule(json, zone, days, clock)
}

fn crontab_rule(json: &Value, zone: Zone) -> Option<WallRule> {
    let both = json["day_and_weekday"] == true;
    let rule = crontab::read(json["expr"].as_str()?, both)?;
    wall_rule(
        json,
        zone,
        rule.days,
        [rule.hours, rule.minutes, rule.seconds],
    )
}

fn wall_rule(json: &Value, zone: Zone, days: Days, clock: [Field; 3]) -> Option<WallRule> {
    let wild = clock.iter().any(|field| field.open);
    let [hours, minutes, seconds] = clock;
    Some(WallRule {
        wall: wall(json, zone, wild)?,
        days,
        hours,
        minutes,
        seconds,
    })
}

/// The choices given, else: wild rules follow real time, fixed ones run exactly once.
fn wall(json: &Value, zone: Zone, wild: bool) -> Option<Wall> {
    let gap = match json["gap"].as_str() {
        None if wild => Gap::Skip,
        None | Some("after") => Gap::After,
        Some("skip") => Gap::Skip,
        Some("shift") => Gap::Shift,
        Some(_) => return None,
    };
    let fold = match json["fold"].as_str() {
        None if wild => Fold::Both,
        None | Some("first") => Fold::First,
        Some("second") => Fold::Second,
        Some("both") => Fold::Both,
        Some(_) => return None,
    };
    Some(Wall { zone, gap, fold })
}

fn calendar(json: &Value, zone: Zone) -> Option<Calendar> {
    let number = |name: &str| match &json[name] {
        Value::Null => Some(0),
        number => number.as_i64(),
    };
    let small = |name: &str| i8::try_from(number(name)?).ok();
    let date = |name: &str| match &json[name] {
        Value::Null => Some(None),
        text => time_text::date(text.as_str()?).map(Some),
    };
    Some(Calendar {
        wall: wall(json, zone, false)?,
        years: number("years")?,
        months: number("months")?,
        days: number("weeks")? * 7 + number("days")?,
        time: Time::new(small("hour")?, small("minute")?, small("second")?, 0).ok()?,
        start_date: date("start_date")?,
        end_date: date("end_date")?,
    })
}
