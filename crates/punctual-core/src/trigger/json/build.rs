//! Builds triggers from fields, by the same builders that code uses.

use super::fields::{Fields, missing};
use crate::error::{Error, ErrorKind};
use crate::trigger::cron::field::Field;
use crate::trigger::interval_units::{UNITS, micros_of};
use crate::trigger::{
    CalendarInterval, CombinationBuilder, Cron, CronBuilder, Crontab, Custom, Date, FirstRun,
    IntervalBuilder, Trigger, When,
};

const TYPES: [&str; 8] = [
    "date",
    "interval",
    "cron",
    "crontab",
    "calendar_interval",
    "and",
    "or",
    "custom",
];

pub(crate) fn build(mut fields: Fields) -> Result<Trigger, Error> {
    if let Some(text) = fields.written {
        return of_text(&text);
    }
    let kind = fields.require_text(
        "type",
        "one of date, interval, cron, crontab, calendar_interval, and, or, custom",
    )?;
    match kind.as_str() {
        "date" => date(fields),
        "interval" => interval(fields),
        "cron" => cron(fields),
        "crontab" => crontab(fields),
        "calendar_interval" => calendar_interval(fields),
        "and" => combined(fields, "and", Trigger::and),
        "or" => combined(fields, "or", Trigger::or),
        "custom" => custom(fields),
        _ => Err(
            Error::new(ErrorKind::Invalid, "type", "is not a known trigger type")
                .with_value(kind)
                .with_hint(format!("write one of {}", TYPES.join(", "))),
        ),
    }
}

/// Reads a text in the place of an object. JSON in it could nest without end.
fn of_text(text: &str) -> Result<Trigger, Error> {
    if text.trim_start().starts_with('{') {
        let error = Error::new(ErrorKind::Invalid, "", "the trigger is JSON in a text");
        return Err(error.with_hint("write the object itself, without quotation marks"));
    }
    text.parse()
}

/// Applies an optional field to a builder.
macro_rules! apply {
    ($builder:ident, $($setter:ident = $value:expr),* $(,)?) => {
        $(if let Some(value) = $value? {
            $builder = $builder.$setter(value);
        })*
    };
}

fn date(mut fields: Fields) -> Result<Trigger, Error> {
    let run_at = fields.take_when("run_at")?;
    let mut builder = Date::at(run_at.unwrap_or(When::Instant(chrono::DateTime::UNIX_EPOCH)));
    apply!(
        builder,
        timezone = fields.take_zone(),
        start = fields.take_when("start"),
        end = fields.take_when("end"),
    );
    fields.finish("date", &["run_at", "timezone", "start", "end"])?;
    if run_at.is_none() {
        return Err(missing(
            "run_at",
            "the time to run at, such as 2026-03-01T10:00:00",
        ));
    }
    builder.build()
}

fn interval(mut fields: Fields) -> Result<Trigger, Error> {
    let mut micros = 0_i64;
    for (name, unit) in UNITS {
        if let Some(number) = fields.take_number(name)? {
            micros = micros.saturating_add(micros_of(name, &number, unit)?);
        }
    }
    let mut builder = IntervalBuilder::micros(micros);
    apply!(
        builder,
        timezone = fields.take_zone(),
        start = fields.take_when("start"),
        end = fields.take_when("end"),
        first_run = fields
            .take_first_run()
            .map(|first| first.filter(|f| *f != FirstRun::default())),
    );
    fields.finish(
        "interval",
        &[
            "weeks",
            "days",
            "hours",
            "minutes",
            "seconds",
            "timezone",
            "start",
            "end",
            "first_run",
        ],
    )?;
    if micros == 0 {
        return Err(Error::new(
            ErrorKind::Invalid,
            "seconds",
            "the interval is empty; at least one of weeks, days, hours, minutes and seconds must be above 0",
        ));
    }
    builder.build()
}

fn cron(mut fields: Fields) -> Result<Trigger, Error> {
    let mut builder: CronBuilder = Cron::new();
    for field in Field::ALL {
        if let Some(text) = fields.take_expression(field.name())? {
            builder = builder.set(field, &text);
        }
    }
    apply!(
        builder,
        timezone = fields.take_zone(),
        start = fields.take_when("start"),
        end = fields.take_when("end"),
        gap = fields.take_gap(),
        fold = fields.take_fold(),
    );
    let mut known: Vec<&str> = Field::ALL.iter().map(|field| field.name()).collect();
    known.extend(["timezone", "start", "end", "gap", "fold"]);
    fields.finish("cron", &known)?;
    builder.build()
}

fn crontab(mut fields: Fields) -> Result<Trigger, Error> {
    let expr = fields.take_expression("expr")?;
    let mut builder = Crontab::new(expr.clone().unwrap_or_default())
        .day_and_weekday(fields.take_flag("day_and_weekday")?);
    apply!(
        builder,
        timezone = fields.take_zone(),
        start = fields.take_when("start"),
        end = fields.take_when("end"),
        gap = fields.take_gap(),
        fold = fields.take_fold(),
    );
    fields.finish(
        "crontab",
        &[
            "expr",
            "timezone",
            "start",
            "end",
            "gap",
            "fold",
            "day_and_weekday",
        ],
    )?;
    if expr.is_none() {
        return Err(missing(
            "expr",
            "a crontab expression such as `*/5 9-17 * * mon-fri`",
        ));
    }
    builder.build()
}

fn calendar_interval(mut fields: Fields) -> Result<Trigger, Error> {
    let mut number = |key| fields.take_u32(key).map(Option::unwrap_or_default);
    let mut builder = CalendarInterval::days(number("days")?)
        .and_weeks(number("weeks")?)
        .and_months(number("months")?)
        .and_years(number("years")?)
        .at(number("hour")?, number("minute")?, number("second")?);
    apply!(
        builder,
        start_date = fields.take_date("start_date"),
        end_date = fields.take_date("end_date"),
        timezone = fields.take_zone(),
        start = fields.take_when("start"),
        end = fields.take_when("end"),
        gap = fields.take_gap(),
        fold = fields.take_fold(),
    );
    fields.finish(
        "calendar_interval",
        &[
            "years",
            "months",
            "weeks",
            "days",
            "hour",
            "minute",
            "second",
            "start_date",
            "end_date",
            "timezone",
            "start",
            "end",
            "gap",
            "fold",
        ],
    )?;
    builder.build()
}

fn combined(
    mut fields: Fields,
    kind: &str,
    combine: fn(Vec<Trigger>) -> CombinationBuilder,
) -> Result<Trigger, Error> {
    let children = fields.take_children();
    let (start, end) = (fields.take_when("start"), fields.take_when("end"));
    fields.finish(kind, &["triggers", "start", "end"])?;
    let build_child =
        |(index, child)| build(child).map_err(|error| error.inside(&format!("triggers[{index}]")));
    let children = children?.into_iter().enumerate().map(build_child);
    let mut builder = combine(children.collect::<Result<_, _>>()?);
    apply!(builder, start = start, end = end);
    builder.build()
}

fn custom(mut fields: Fields) -> Result<Trigger, Error> {
    let name = fields.require_text("name", "the name that its code is registered under")?;
    let mut builder = Custom::named(name).config(fields.take("config").unwrap_or_default());
    apply!(
        builder,
        start = fields.take_when("start"),
        end = fields.take_when("end")
    );
    fields.finish("custom", &["name", "config", "start", "end"])?;
    builder.build()
}
