//! The fields of a trigger, in the order in which they are documented.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Number, Value};

use crate::daylight::{Daylight, Fold, Gap};
use crate::trigger::bounded::Members;
use crate::trigger::bounds::Bounds;
use crate::trigger::zoned::Zoned;
use crate::trigger::{CalendarInterval, FirstRun, Trigger, interval_units};
use crate::zone::Zone;

/// Name and value of every field that is not at its default. The field `type` comes first.
#[derive(Debug, Default)]
pub(crate) struct FieldValues<'a>(pub(crate) Vec<(&'static str, FieldValue<'a>)>);

#[derive(Debug)]
pub(crate) enum FieldValue<'a> {
    Value(Value),
    Triggers(&'a [Trigger]),
}

impl Serialize for FieldValues<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            match value {
                FieldValue::Value(value) => map.serialize_entry(name, value)?,
                FieldValue::Triggers(triggers) => map.serialize_entry(name, triggers)?,
            }
        }
        map.end()
    }
}

impl FieldValues<'_> {
    fn of(kind: &str) -> Self {
        let mut field_values = Self::default();
        field_values.push("type", kind);
        field_values
    }

    fn push(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.push((name, FieldValue::Value(value.into())));
    }

    fn push_zone(&mut self, zone: Option<Zone>) {
        if let Some(zone) = zone {
            self.push("timezone", zone.name());
        }
    }

    fn push_bounds(&mut self, bounds: Option<&Bounds>) {
        for (name, when) in [
            ("start", bounds.and_then(|bounds| bounds.start)),
            ("end", bounds.and_then(|bounds| bounds.end)),
        ] {
            if let Some(when) = when {
                self.push(name, when.to_string());
            }
        }
    }

    fn push_zoned(&mut self, zoned: &Zoned, daylight: Daylight) {
        self.push_zone(zoned.zone);
        self.push_bounds(zoned.bounds.as_deref());
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

pub(crate) fn field_values(trigger: &Trigger) -> FieldValues<'_> {
    match trigger {
        Trigger::Date(date) => {
            let mut field_values = FieldValues::of("date");
            field_values.push("run_at", date.run_at().to_string());
            field_values.push_zone(date.zone());
            field_values.push_bounds(date.bounds());
            field_values
        }
        Trigger::Interval(interval) => {
            let mut field_values = FieldValues::of("interval");
            for (name, number) in interval_units::split(interval.length_micros()) {
                field_values.push(name, Value::Number(number));
            }
            field_values.push_zone(interval.zone());
            field_values.push_bounds(interval.bounds());
            if interval.first_run() == FirstRun::Immediately {
                field_values.push("first_run", "immediately");
            }
            field_values
        }
        Trigger::Cron(cron) => {
            let mut field_values = FieldValues::of("cron");
            for (field, text) in cron.fields() {
                field_values.push(field.name(), text);
            }
            field_values.push_zoned(&cron.compiled().zoned, cron.compiled().pattern.daylight);
            field_values
        }
        Trigger::Crontab(crontab) => {
            let mut field_values = FieldValues::of("crontab");
            field_values.push("expr", crontab.expr());
            field_values.push_zoned(
                &crontab.compiled().zoned,
                crontab.compiled().pattern.daylight,
            );
            if crontab.day_and_weekday() {
                field_values.push("day_and_weekday", true);
            }
            field_values
        }
        Trigger::CalendarInterval(calendar) => calendar_interval(calendar),
        Trigger::And(and) => combined("and", and.children(), and.bounds()),
        Trigger::Or(or) => combined("or", or.children(), or.bounds()),
        Trigger::Custom(custom) => {
            let mut field_values = FieldValues::of("custom");
            field_values.push("name", custom.name());
            if !custom.config().is_null() {
                field_values.push("config", custom.config().clone());
            }
            field_values.push_bounds(custom.bounds());
            field_values
        }
    }
}

fn combined<'a>(kind: &str, children: &'a [Trigger], bounds: Option<&Bounds>) -> FieldValues<'a> {
    let mut field_values = FieldValues::of(kind);
    field_values
        .0
        .push(("triggers", FieldValue::Triggers(children)));
    field_values.push_bounds(bounds);
    field_values
}

fn calendar_interval(calendar: &CalendarInterval) -> FieldValues<'_> {
    let mut field_values = FieldValues::of("calendar_interval");
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
            field_values.push(name, Number::from(value));
        }
    }
    for (name, date) in [
        ("start_date", calendar.start_date()),
        ("end_date", calendar.end_date()),
    ] {
        if let Some(date) = date {
            field_values.push(name, date.to_string());
        }
    }
    field_values.push_zoned(calendar.zoned(), calendar.daylight());
    field_values
}
