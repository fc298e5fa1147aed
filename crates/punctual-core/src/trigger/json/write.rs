//! The fields of a trigger, in the order they are documented.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Number, Value};

use crate::daylight::{Daylight, Fold, Gap};
use crate::trigger::bounded::Members;
use crate::trigger::bounds::Window;
use crate::trigger::zoned::Wallclock;
use crate::trigger::{CalendarInterval, FirstRun, Trigger, interval_units};
use crate::zone::Zone;

/// Name and value of every field that says something; `type` comes first.
#[derive(Debug, Default)]
pub(crate) struct Entries<'a>(pub(crate) Vec<(&'static str, Entry<'a>)>);

#[derive(Debug)]
pub(crate) enum Entry<'a> {
    Value(Value),
    Triggers(&'a [Trigger]),
}

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, entry) in &self.0 {
            match entry {
                Entry::Value(value) => map.serialize_entry(name, value)?,
                Entry::Triggers(triggers) => map.serialize_entry(name, triggers)?,
            }
        }
        map.end()
    }
}

impl Entries<'_> {
    fn of(kind: &str) -> Self {
        let mut entries = Self::default();
        entries.push("type", kind);
        entries
    }

    fn push(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.push((name, Entry::Value(value.into())));
    }

    fn push_zone(&mut self, zone: Option<Zone>) {
        if let Some(zone) = zone {
            self.push("timezone", zone.name());
        }
    }

    fn push_window(&mut self, window: Option<&Window>) {
        for (name, when) in [
            ("start", window.and_then(|window| window.start)),
            ("end", window.and_then(|window| window.end)),
        ] {
            if let Some(when) = when {
                self.push(name, when.to_string());
            }
        }
    }

    fn push_clock(&mut self, clock: &Wallclock, daylight: Daylight) {
        self.push_zone(clock.zone);
        self.push_window(clock.window.as_deref());
        if let Some(gap) = daylight.gap {
            self.push(
                "gap",
                match gap {
                    Gap::After => "after",
                    Gap::Skip => "skip",
                    Gap::Shift => "shift",
                },
            );
        }
        if let Some(fold) = daylight.fold {
            self.push(
                "fold",
                match fold {
                    Fold::First => "first",
                    Fold::Second => "second",
                    Fold::Both => "both",
                },
            );
        }
    }
}

pub(crate) fn entries(trigger: &Trigger) -> Entries<'_> {
    match trigger {
        Trigger::Date(date) => {
            let mut entries = Entries::of("date");
            entries.push("run_at", date.run_at().to_string());
            entries.push_zone(date.zone());
            entries.push_window(date.window());
            entries
        }
        Trigger::Interval(interval) => {
            let mut entries = Entries::of("interval");
            for (name, number) in interval_units::split(interval.length_micros()) {
                entries.push(name, Value::Number(number));
            }
            entries.push_zone(interval.zone());
            entries.push_window(interval.window());
            if interval.first_run() == FirstRun::Immediately {
                entries.push("first_run", "immediately");
            }
            entries
        }
        Trigger::Cron(cron) => {
            let mut entries = Entries::of("cron");
            for (field, text) in cron.fields() {
                entries.push(field.name(), text);
            }
            entries.push_clock(&cron.rule().clock, cron.rule().pattern.daylight);
            entries
        }
        Trigger::Crontab(crontab) => {
            let mut entries = Entries::of("crontab");
            entries.push("expr", crontab.expr());
            entries.push_clock(&crontab.rule().clock, crontab.rule().pattern.daylight);
            if crontab.day_and_weekday() {
                entries.push("day_and_weekday", true);
            }
            entries
        }
        Trigger::CalendarInterval(calendar) => calendar_interval(calendar),
        Trigger::And(and) => combined("and", and.children(), and.window()),
        Trigger::Or(or) => combined("or", or.children(), or.window()),
        Trigger::Custom(custom) => {
            let mut entries = Entries::of("custom");
            entries.push("name", custom.name());
            if !custom.config().is_null() {
                entries.push("config", custom.config().clone());
            }
            entries.push_window(custom.window());
            entries
        }
    }
}

fn combined<'a>(kind: &str, children: &'a [Trigger], window: Option<&Window>) -> Entries<'a> {
    let mut entries = Entries::of(kind);
    entries.0.push(("triggers", Entry::Triggers(children)));
    entries.push_window(window);
    entries
}

fn calendar_interval(calendar: &CalendarInterval) -> Entries<'_> {
    let mut entries = Entries::of("calendar_interval");
    let (length, time) = (calendar.length(), calendar.time());
    for (name, value) in [
        ("years", length.years),
        ("months", length.months),
        ("weeks", length.weeks),
        ("days", length.days),
        ("hour", time.hour.into()),
        ("minute", time.minute.into()),
        ("second", time.second.into()),
    ] {
        if value > 0 {
            entries.push(name, Number::from(value));
        }
    }
    for (name, date) in [
        ("start_date", calendar.start_date()),
        ("end_date", calendar.end_date()),
    ] {
        if let Some(date) = date {
            entries.push(name, date.to_string());
        }
    }
    entries.push_clock(calendar.clock(), calendar.daylight());
    entries
}
