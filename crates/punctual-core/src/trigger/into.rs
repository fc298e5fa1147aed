use chrono::{DateTime, TimeZone};

use super::{
    CalendarIntervalBuilder, CombinationBuilder, CronBuilder, CrontabBuilder, Custom,
    CustomBuilder, CustomTrigger, Date, DateBuilder, Draft, IntervalBuilder, Trigger,
};
use crate::error::Error;
use crate::sealed;

/// A trigger, as a scheduler takes it.
///
/// It is text, a builder, a `DateTime` at which the job runs once, a [`Trigger`] or a
/// [`CustomTrigger`]. Text is a crontab expression such as `"*/5 * * * *"` or `"@every 90s"`, or any
/// other form that [`Trigger`] reads. The caller of a scheduler hears of a mistake when it awaits.
///
/// ```
/// use punctual_core::{Cron, Trigger};
///
/// let mixed = Trigger::or((Cron::new().day("last"), "0 9 * * mon")).build()?;
/// assert_eq!(mixed.children().len(), 2);
/// # Ok::<(), punctual_core::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a trigger",
    label = "expected a trigger",
    note = "write text such as `\"*/5 * * * *\"`, or give a builder such as `Cron::new().hour(9)`, `Interval::every(\"90s\")` or `Date::at(..)`, a `DateTime`, a `Trigger` or a `CustomTrigger`",
    note = "a bare `Duration` could mean both: `Interval::every(d)` repeats, `Date::after(d)` runs once"
)]
pub trait IntoTrigger: sealed::Trigger {
    #[doc(hidden)]
    fn into_draft(self) -> Result<Draft, Error>;
}

macro_rules! triggers {
    ($($kind:ty => |$value:ident| $draft:expr;)*) => {$(
        impl sealed::Trigger for $kind {}

        impl IntoTrigger for $kind {
            fn into_draft(self) -> Result<Draft, Error> {
                let $value = self;
                $draft
            }
        }
    )*};
}

triggers! {
    Trigger => |trigger| Ok(trigger.into());
    &Trigger => |trigger| Ok(trigger.clone().into());
    &str => |text| text.parse().map(Trigger::into);
    &String => |text| text.parse().map(Trigger::into);
    String => |text| text.parse().map(Trigger::into);
    DateBuilder => |builder| Draft::of_date(builder);
    IntervalBuilder => |builder| builder.build().map(Trigger::into);
    CronBuilder => |builder| builder.build().map(Trigger::into);
    CrontabBuilder => |builder| builder.build().map(Trigger::into);
    CalendarIntervalBuilder => |builder| builder.build().map(Trigger::into);
    CombinationBuilder => |builder| Draft::of_combination(builder);
    CustomBuilder => |builder| builder.build().map(Trigger::into);
}

impl<Z: TimeZone> sealed::Trigger for DateTime<Z> {}

impl<Z: TimeZone> IntoTrigger for DateTime<Z> {
    fn into_draft(self) -> Result<Draft, Error> {
        Date::at(self).into_draft()
    }
}

#[diagnostic::do_not_recommend]
impl<T: CustomTrigger> sealed::Trigger for T {}

#[diagnostic::do_not_recommend]
impl<T: CustomTrigger> IntoTrigger for T {
    fn into_draft(self) -> Result<Draft, Error> {
        Custom::of(&self)?.build().map(Trigger::into)
    }
}

/// Several triggers, as [`Trigger::and`] and [`Trigger::or`] take them. It is an array, a `Vec` or a
/// tuple of up to eight. A tuple may mix text, builders and triggers.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of triggers",
    label = "expected several triggers",
    note = "write a tuple such as `(Cron::new().day(\"last\"), \"0 9 * * mon\")`, an array or a `Vec`",
    note = "collect an iterator into a `Vec`; a tuple has at most eight triggers"
)]
pub trait IntoTriggers: sealed::Triggers {
    #[doc(hidden)]
    fn into_drafts(self) -> Vec<Result<Draft, Error>>;
}

impl<T: IntoTrigger, const N: usize> sealed::Triggers for [T; N] {}

impl<T: IntoTrigger, const N: usize> IntoTriggers for [T; N] {
    fn into_drafts(self) -> Vec<Result<Draft, Error>> {
        self.into_iter().map(T::into_draft).collect()
    }
}

impl<T: IntoTrigger> sealed::Triggers for Vec<T> {}

impl<T: IntoTrigger> IntoTriggers for Vec<T> {
    fn into_drafts(self) -> Vec<Result<Draft, Error>> {
        self.into_iter().map(T::into_draft).collect()
    }
}

macro_rules! tuples {
    ($($($name:ident)+;)*) => {$(
        impl<$($name: IntoTrigger),+> sealed::Triggers for ($($name,)+) {}

        impl<$($name: IntoTrigger),+> IntoTriggers for ($($name,)+) {
            #[expect(non_snake_case, reason = "the variables are named like their types")]
            fn into_drafts(self) -> Vec<Result<Draft, Error>> {
                let ($($name,)+) = self;
                vec![$($name.into_draft()),+]
            }
        }
    )*};
}

tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
}

#[cfg(test)]
mod tests {
    use chrono::Utc;

    use super::*;
    use crate::{CalendarInterval, Cron, Crontab, Interval};

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn trigger(trigger: impl IntoTrigger) -> String {
        match trigger
            .into_draft()
            .and_then(|draft| draft.at(at("2026-03-01T10:00:00Z")))
        {
            Ok(trigger) => trigger.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn what_is_a_trigger() {
        let daily: Trigger = "0 9 * * *".parse().unwrap();
        let text = "0 9 * * *".to_owned();
        for same in [
            trigger(&daily),
            trigger(daily),
            trigger(&text),
            trigger(text.as_str()),
            trigger(text),
            trigger(Crontab::new("0 9 * * *")),
        ] {
            assert_eq!(same, r#"crontab(expr="0 9 * * *")"#);
        }
        assert_eq!(
            trigger(Interval::every("90s")),
            "interval(minutes=1, seconds=30)"
        );
        assert_eq!(trigger("@every 90s"), "interval(minutes=1, seconds=30)");
        assert_eq!(trigger(Cron::new().hour(9)), r#"cron(hour="9")"#);
        assert_eq!(
            trigger(CalendarInterval::months(1)),
            "calendar_interval(months=1)"
        );
        let date = r#"date(run_at="2026-03-01T10:15:00Z")"#;
        assert_eq!(trigger(at("2026-03-01T10:15:00Z")), date);
        assert_eq!(trigger(Date::after("15m")), date);
        assert_eq!(trigger(Date::now()), date.replace("15:00Z", "00:00Z"));
    }

    #[test]
    fn a_tuple_may_mix_triggers() {
        assert_eq!(
            trigger(Trigger::or((
                Date::after("15m"),
                "0 9 * * mon",
                Cron::new().day("last")
            ))),
            r#"or(date(run_at="2026-03-01T10:15:00Z"), crontab(expr="0 9 * * mon"), cron(day="last"))"#
        );
        assert_eq!(
            trigger(Trigger::or(("0 9 * * mon", "0 27 * * *"))),
            "triggers[1].hour: `27` is above the maximum 23 (at position 2)"
        );
        assert_eq!(
            trigger(Trigger::and(vec![Date::after("15x")])),
            "triggers[0].after: `15x` has the unknown unit `x` (at position 2); the units are weeks, \
             days, h, m, s, ms and us"
        );
    }

    #[test]
    fn dates_that_count_from_the_schedulers_time_are_not_nested_without_end() {
        let mut nested = Trigger::or((Date::now(), "@daily"));
        for _ in 0..100 {
            nested = Trigger::or((nested, "@daily"));
        }
        let error = trigger(nested);
        assert!(
            error.ends_with("triggers: is nested deeper than the maximum 16"),
            "{error}"
        );
    }

    #[test]
    fn a_date_that_counts_from_the_schedulers_time_is_not_built_without_it() {
        let message = "run_at: counts from the time of a scheduler; give the builder itself to \
                       `add_job`, or write `Date::at(..)`";
        assert_eq!(Date::after("15m").build().unwrap_err().to_string(), message);
        let combined = Trigger::or((Date::now(), "@daily")).build();
        assert_eq!(
            combined.unwrap_err().to_string(),
            format!("triggers[0].{message}")
        );
    }
}
