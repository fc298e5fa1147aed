//! The time of day of a pattern in words.

use super::words::{list, numbered, run, step, values};
use crate::trigger::cron::pattern::Pattern;

/// More single times than this are told by fields.
const MOST_TIMES: usize = 6;

pub(super) fn of(pattern: &Pattern) -> String {
    let hours = values(pattern.hours.into());
    let (minutes, seconds) = (values(pattern.minutes), values(pattern.seconds));
    let times = hours.len() * minutes.len() * seconds.len();
    let stepped = hours.len() > 2 && step(&hours, 0, 23).is_some() && minutes == [0];
    if times <= MOST_TIMES && !stepped {
        return format!("at {}", list(&single_times(&hours, &minutes, &seconds)));
    }
    let within = hours_words(&hours);
    match (seconds.as_slice(), minutes.as_slice()) {
        ([0], [0]) => match step(&hours, 0, 23) {
            Some(step) => format!("every {step} hours"),
            None if hours.len() == 24 => "every hour".to_owned(),
            None => format!("every hour {within}"),
        },
        ([0], _) => joined(&[
            &part(&minutes, "minute"),
            &of_every_hour(&minutes, &hours, &within),
        ]),
        (_, _) if minutes.len() == 60 => {
            let listed = part(&seconds, "second").starts_with("at");
            let of = if listed { "of every minute" } else { "" };
            joined(&[&part(&seconds, "second"), of, &within])
        }
        ([0, ..] | [_, ..], _) => {
            let minute = part(&minutes, "minute");
            joined(&[
                &part(&seconds, "second"),
                &minute,
                &of_every_hour(&minutes, &hours, &within),
            ])
        }
        ([], _) => String::new(),
    }
}

fn joined(parts: &[&str]) -> String {
    let parts: Vec<_> = parts
        .iter()
        .copied()
        .filter(|part| !part.is_empty())
        .collect();
    parts.join(" ")
}

fn single_times(hours: &[u32], minutes: &[u32], seconds: &[u32]) -> Vec<String> {
    let mut times = Vec::new();
    for hour in hours {
        for minute in minutes {
            times.extend(
                seconds
                    .iter()
                    .map(|second| clock_time(*hour, *minute, *second)),
            );
        }
    }
    times
}

/// `09:00`, or `09:00:30`.
pub(super) fn clock_time(hour: u32, minute: u32, second: u32) -> String {
    match second {
        0 => format!("{hour:02}:{minute:02}"),
        _ => format!("{hour:02}:{minute:02}:{second:02}"),
    }
}

/// `every minute`, `every 5 minutes`, `at minutes 5 and 10`.
fn part(values: &[u32], unit: &str) -> String {
    if values.len() == 60 {
        return format!("every {unit}");
    }
    match step(values, 0, 59) {
        Some(step) => format!("every {step} {unit}s"),
        None => format!("at {}", numbered(values, unit)),
    }
}

/// Single minutes of all hours need to be told that they are.
fn of_every_hour(minutes: &[u32], hours: &[u32], within: &str) -> String {
    let listed = minutes.len() < 60 && step(minutes, 0, 59).is_none();
    if hours.len() == 24 && listed {
        "of every hour".to_owned()
    } else {
        within.to_owned()
    }
}

fn hours_words(hours: &[u32]) -> String {
    if hours.len() == 24 {
        return String::new();
    }
    if let Some((first, last)) = run(hours) {
        return format!("from {first:02}:00 to {last:02}:59");
    }
    if let Some(step) = step(hours, 0, 23) {
        return format!("in every {} hour", super::words::ordinal(step));
    }
    format!("in {}", numbered(hours, "hour"))
}
