//! Explains whether a trigger fires at an instant, and why it does or does not.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, NaiveTime, Utc};

use super::bounds::Bounds;
use super::cron::compiled::Compiled;
use super::cron::field::Field;
use super::{Cron, Crontab, Trigger, Undecided};
use crate::instant::{self, SECOND, TICK};
use crate::span::Shown;
use crate::wall_times::WallTimes;
use crate::zone::Zone;

/// The answer to the question why a trigger fires at an instant, or why it does not. See
/// [`Trigger::explain`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Explanation {
    /// The instant, without nanoseconds.
    pub at: DateTime<Utc>,
    /// The time zone of the trigger, in which the sentence tells times. It is UTC if the trigger has
    /// none.
    pub zone: Zone,
    /// The reason.
    pub reason: Reason,
    /// The last fire time before the instant.
    pub before: Option<DateTime<Utc>>,
    /// The first fire time after the instant.
    pub after: Option<DateTime<Utc>>,
}

/// The reason why a trigger fires at an instant, or does not.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// It fires.
    Fires,
    /// It fires in place of a local time that does not exist, since clocks were set forward. See
    /// [`Gap`](crate::Gap).
    Moved {
        /// The local time.
        from: NaiveDateTime,
    },
    /// The trigger has not begun.
    BeforeStart(DateTime<Utc>),
    /// The trigger is over.
    AfterEnd(DateTime<Utc>),
    /// The instant is not a whole second, and the trigger fires at whole ones.
    Fraction,
    /// The local time does not match these fields, most significant first.
    Fields(Vec<FieldReason>),
    /// The local time exists twice, since clocks were set back, and the trigger fires at the other
    /// one. See [`Fold`](crate::Fold).
    Repeated,
    /// The instant is not a multiple of this length after the start.
    Between(Duration),
    /// It fires at this instant alone.
    Once(DateTime<Utc>),
    /// It fires at this local time of its days.
    OtherTime(NaiveTime),
    /// The trigger counts other dates than the local one.
    OtherDate,
    /// These of its triggers do not fire then, by their numbers from 0.
    Triggers(Vec<(usize, Self)>),
    /// The rule of a custom trigger names no such time.
    Rule(String),
    /// The trigger cannot decide.
    Undecided(Undecided),
}

/// A field that does not hold the value of a local time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldReason {
    /// The name of the field, such as `hour`.
    pub field: &'static str,
    /// The value of the local time.
    pub value: String,
    /// The text of the field, such as `9-17`.
    pub allowed: String,
}

impl Trigger {
    /// Explains whether the trigger fires at `at`, and why it does or does not.
    ///
    /// The answer agrees with [`last_at_or_before`](Self::last_at_or_before). It also names the
    /// nearest fire times, and its [`Display`](fmt::Display) is one sentence.
    ///
    /// ```
    /// use punctual_core::{Cron, Reason};
    ///
    /// let trigger = Cron::new().hour("9-17").timezone("Europe/Berlin").build()?;
    /// let explained = trigger.explain("2026-03-02T07:00:00Z".parse()?);
    /// assert!(!explained.fires());
    /// assert_eq!(
    ///     explained.to_string(),
    ///     "it does not fire at 2026-03-02 08:00:00 Europe/Berlin, because hour: 8 is not in 9-17",
    /// );
    /// assert_eq!(explained.after, Some("2026-03-02T08:00:00Z".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explain(&self, at: DateTime<Utc>) -> Explanation {
        let at = instant::floor(at);
        Explanation {
            at,
            zone: self.own_zone().unwrap_or(Zone::UTC),
            reason: self.reason(at),
            before: at
                .checked_sub_signed(TICK)
                .and_then(|t| self.last_at_or_before(t)),
            after: self.after(at),
        }
    }

    fn reason(&self, at: DateTime<Utc>) -> Reason {
        match self.try_last_at_or_before(at) {
            Ok(Some(last)) if last == at => self.fires_since(at),
            Ok(_) => self.does_not_since(at),
            Err(undecided) => Reason::Undecided(undecided),
        }
    }

    /// Returns the reason of a fire time.
    fn fires_since(&self, at: DateTime<Utc>) -> Reason {
        let compiled = match self {
            Self::Cron(cron) => cron.compiled(),
            Self::Crontab(crontab) => crontab.compiled(),
            _ => return Reason::Fires,
        };
        let moved = compiled.moved_to(at);
        moved.map_or(Reason::Fires, |from| Reason::Moved { from })
    }

    fn does_not_since(&self, at: DateTime<Utc>) -> Reason {
        if let Some(start) = self.start().filter(|start| at < *start) {
            return Reason::BeforeStart(start);
        }
        if let Some(end) = self.bounds().and_then(Bounds::last).filter(|end| at > *end) {
            return Reason::AfterEnd(end);
        }
        match self {
            Self::Date(date) => date
                .member()
                .and_then(instant::from_micros)
                .map_or(Reason::Undecided(Undecided::Unanchored), Reason::Once),
            Self::Interval(interval) => {
                let length = u64::try_from(interval.length_micros()).unwrap_or(u64::MAX);
                Reason::Between(Duration::from_micros(length))
            }
            Self::Cron(cron) => fields(cron.compiled(), at, |field| cron.text_of(field)),
            Self::Crontab(crontab) => {
                fields(crontab.compiled(), at, |field| crontab.text_of(field))
            }
            Self::CalendarInterval(calendar) => {
                let local = calendar.zoned().zone().local(at).naive_local();
                let time = calendar.time();
                let (hour, minute) = (time.hour.into(), time.minute.into());
                let time = NaiveTime::from_hms_opt(hour, minute, time.second.into());
                match time.filter(|time| *time != local.time()) {
                    Some(time) => Reason::OtherTime(time),
                    None => Reason::OtherDate,
                }
            }
            Self::And(_) | Self::Or(_) => {
                let children = self.children().iter().map(|child| child.reason(at));
                let silent = children.enumerate().filter(|(_, reason)| !reason.fires());
                Reason::Triggers(silent.collect())
            }
            Self::Custom(custom) => Reason::Rule(custom.name().to_owned()),
        }
    }
}

/// Returns the fields that a local time does not match, or the reason why it is not the instant that
/// they mean.
fn fields(compiled: &Compiled, at: DateTime<Utc>, text: impl Fn(Field) -> String) -> Reason {
    if instant::micros(at).rem_euclid(SECOND) != 0 {
        return Reason::Fraction;
    }
    let local = compiled.zoned.zone().local(at).naive_local();
    let wrong = compiled.pattern.mismatches(local).into_iter();
    let wrong: Vec<_> = wrong
        .map(|wrong| FieldReason {
            field: wrong.field.name(),
            value: wrong.value,
            allowed: text(wrong.field),
        })
        .collect();
    if wrong.is_empty() {
        return Reason::Repeated;
    }
    Reason::Fields(wrong)
}

impl Compiled {
    /// Returns the local time in a gap for which it fires at this instant after the gap.
    fn moved_to(&self, at: DateTime<Utc>) -> Option<NaiveDateTime> {
        let zone = self.zoned.zone();
        let local = zone.local(at).naive_local();
        if self.pattern.mismatches(local).is_empty() {
            return None;
        }
        let seconds = instant::floor_seconds(at);
        let segment = zone.segment(zone.index_at(seconds))?;
        let wall = zone.wall_at(seconds);
        let shifted = wall - segment.gap();
        // A time is shifted by the length of the gap, or stands for all times in it.
        let first = if self.pattern.first_between(shifted, shifted + 1).is_some() {
            shifted
        } else {
            let begin = segment.wall_start() - segment.gap();
            self.pattern.first_between(begin, segment.wall_start())?
        };
        DateTime::from_timestamp(first, 0).map(|wall| wall.naive_utc())
    }
}

impl Cron {
    fn text_of(&self, field: Field) -> String {
        let given = self.fields().find(|(given, _)| *given == field);
        let text = given.map_or(field.default_text(), |(_, text)| text);
        text.to_owned()
    }
}

impl Crontab {
    fn text_of(&self, field: Field) -> String {
        let is_it = |given: Field| match given {
            Field::CrontabWeekday => field == Field::DayOfWeek,
            given => given == field,
        };
        let given = self.fields().find(|(given, _)| is_it(*given));
        // A line without seconds means the first one.
        given.map_or_else(|| "0".to_owned(), |(_, text)| text.to_owned())
    }
}

impl Explanation {
    /// Returns true if the trigger fires at the instant.
    #[must_use]
    pub fn fires(&self) -> bool {
        self.reason.fires()
    }

    fn local(&self, at: DateTime<Utc>) -> String {
        let local = self.zone.local(at).naive_local();
        format!(
            "{} {}",
            local.format("%Y-%m-%d %H:%M:%S%.f"),
            self.zone.name()
        )
    }

    fn because(&self, reason: &Reason) -> String {
        match reason {
            Reason::Fires => "it is one of its times".to_owned(),
            Reason::Moved { from } => {
                format!("{from} does not exist that day, since clocks were set forward")
            }
            Reason::BeforeStart(start) => format!("it begins at {}", self.local(*start)),
            Reason::AfterEnd(end) => format!("it has ended at {}", self.local(*end)),
            Reason::Fraction => "it fires at whole seconds".to_owned(),
            Reason::Fields(fields) => {
                let fields: Vec<_> = fields.iter().map(ToString::to_string).collect();
                fields.join(", and ")
            }
            Reason::Repeated => "that local time comes twice, since clocks were set back, and it \
                 fires at the other one"
                .to_owned(),
            Reason::Between(length) => {
                let every = Shown(*length);
                match (self.before, self.after) {
                    (Some(before), _) => {
                        format!("it fires every {every}, last at {}", self.local(before))
                    }
                    (None, Some(after)) => {
                        format!("it fires every {every}, first at {}", self.local(after))
                    }
                    (None, None) => format!("it fires every {every}"),
                }
            }
            Reason::Once(once) => format!("it fires at {} alone", self.local(*once)),
            Reason::OtherTime(time) => format!("it fires at {time} of its days"),
            Reason::OtherDate => "it counts other days".to_owned(),
            Reason::Triggers(triggers) => {
                let triggers: Vec<_> = triggers
                    .iter()
                    .map(|(index, reason)| format!("triggers[{index}]: {}", self.because(reason)))
                    .collect();
                triggers.join("; ")
            }
            Reason::Rule(name) => format!("the rule of `{name}` names no such time"),
            Reason::Undecided(undecided) => undecided.to_string(),
        }
    }
}

impl Reason {
    /// Returns true if the trigger fires.
    #[must_use]
    pub fn fires(&self) -> bool {
        matches!(self, Self::Fires | Self::Moved { .. })
    }
}

impl fmt::Display for FieldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            field,
            value,
            allowed,
        } = self;
        write!(f, "{field}: {value} is not in {allowed}")
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.local(self.at);
        let because = self.because(&self.reason);
        match &self.reason {
            Reason::Fires => write!(f, "it fires at {at}"),
            Reason::Moved { .. } => write!(f, "it fires at {at}, because {because}"),
            Reason::Undecided(_) => {
                write!(f, "it is not known whether it fires at {at}: {because}")
            }
            _ => write!(f, "it does not fire at {at}, because {because}"),
        }
    }
}

#[cfg(test)]
mod tests;
