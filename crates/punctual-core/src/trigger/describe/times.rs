//! The time of day of a pattern in words.

use super::words::{cycle, list, numbered, run, values};
use crate::trigger::cron::pattern::Pattern;

/// The largest number of times that are listed one by one. More times are described by fields.
const MOST_TIMES: usize = 6;

/// The time of day of a pattern, field by field.
pub(super) struct Times {
    hours: Vec<u32>,
    minutes: Vec<u32>,
    seconds: Vec<u32>,
}

impl Times {
    pub(super) fn of(pattern: &Pattern) -> Self {
        Self {
            hours: values(pattern.hours.into()),
            minutes: values(pattern.minutes),
            seconds: values(pattern.seconds),
        }
    }

    pub(super) fn words(&self) -> String {
        if let Some(step) = self.hourly() {
            return format!("every {step} hours");
        }
        if self.number() <= MOST_TIMES {
            return format!("at {}", list(&self.single()));
        }
        match (self.seconds.as_slice(), self.minutes.as_slice()) {
            ([0], [0]) => self.on_the_hour(),
            ([0], minutes) => joined(&[&part(minutes, "minute"), &self.of_hours(minutes)]),
            (seconds, minutes) => {
                let second = part(seconds, "second");
                let between = if second.starts_with("at") { "of" } else { "in" };
                let (of_minutes, of_hours) = if minutes.len() < 60 {
                    let of_minutes = format!("{between} {}", numbered(minutes, "minute"));
                    (of_minutes, self.of_hours(minutes))
                } else if between == "of" {
                    ("of every minute".to_owned(), self.within())
                } else {
                    (String::new(), self.within())
                };
                joined(&[&second, &of_minutes, &of_hours])
            }
        }
    }

    /// Returns whether the words name hours, so that they have to name days, too.
    pub(super) fn are_listed(&self) -> bool {
        self.hours.len() < 24 && self.hourly().is_none()
    }

    fn number(&self) -> usize {
        self.hours.len() * self.minutes.len() * self.seconds.len()
    }

    /// Returns the step of hours that continue over midnight, on the hour.
    fn hourly(&self) -> Option<u32> {
        let on_the_hour = self.minutes == [0] && self.seconds == [0];
        cycle(&self.hours, 24).filter(|_| on_the_hour && self.hours.len() > 2)
    }

    fn single(&self) -> Vec<String> {
        let mut times = Vec::new();
        for hour in &self.hours {
            for minute in &self.minutes {
                let times_of = |second| clock_time(*hour, *minute, second);
                times.extend(self.seconds.iter().copied().map(times_of));
            }
        }
        times
    }

    fn on_the_hour(&self) -> String {
        match run(&self.hours) {
            _ if self.hours.len() == 24 => "every hour".to_owned(),
            Some(_) => joined(&["every hour", &self.within()]),
            None => format!("at minute 0 of {}", numbered(&self.hours, "hour")),
        }
    }

    /// Describes single minutes of all hours, with the addition that they are every hour's.
    fn of_hours(&self, minutes: &[u32]) -> String {
        let follow_on =
            self.seconds == [0] && (minutes.len() == 60 || cycle(minutes, 60).is_some());
        if self.hours.len() == 24 && !follow_on {
            "of every hour".to_owned()
        } else {
            self.within()
        }
    }

    fn within(&self) -> String {
        if self.hours.len() == 24 {
            return String::new();
        }
        match run(&self.hours) {
            Some((first, last)) => format!("from {first:02}:00 to {last:02}:59"),
            None => format!("in {}", numbered(&self.hours, "hour")),
        }
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

/// Writes a time such as `09:00` or `09:00:30`.
pub(super) fn clock_time(hour: u32, minute: u32, second: u32) -> String {
    match second {
        0 => format!("{hour:02}:{minute:02}"),
        _ => format!("{hour:02}:{minute:02}:{second:02}"),
    }
}

/// Writes values such as `every minute`, `every 5 minutes` or `at minutes 5 and 10`.
fn part(values: &[u32], unit: &str) -> String {
    if values.len() == 60 {
        return format!("every {unit}");
    }
    match cycle(values, 60) {
        Some(step) => format!("every {step} {unit}s"),
        None => format!("at {}", numbered(values, unit)),
    }
}
