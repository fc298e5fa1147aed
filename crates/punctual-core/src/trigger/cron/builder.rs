use super::Cron;
use super::compile::compile;
use super::compiled::Compiled;
use super::expression::Expression;
use super::field::Field;
use crate::daylight::{Fold, Gap};
use crate::error::Error;
use crate::sealed;
use crate::trigger::zoned::ZonedDraft;
use crate::trigger::{IntoWhen, Trigger};

/// A field of a [`Cron`] trigger, as a setter takes it. It is text such as `"mon-fri"` or `"*/5"`, or
/// a number.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a field of a cron trigger",
    label = "expected a field",
    note = "write a number, or text such as `\"*/5\"`, `\"9-17\"` or `\"mon-fri\"`"
)]
pub trait IntoField: sealed::Field {
    /// Returns the text of the field.
    #[doc(hidden)]
    fn into_field(self) -> String;
}

macro_rules! fields {
    ($($kind:ty),*) => {$(
        impl sealed::Field for $kind {}

        impl IntoField for $kind {
            fn into_field(self) -> String {
                self.to_string()
            }
        }
    )*};
}

fields!(&str, &String, String, i32, u32, i64, u64);

/// Builds a [`Cron`] trigger. Every value is checked when it is set, and [`build`](Self::build)
/// returns the first error.
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until it is built"]
pub struct CronBuilder {
    fields: [Option<Box<str>>; 8],
    zoned: ZonedDraft,
    error: Option<Error>,
}

macro_rules! field_setters {
    ($($name:ident $field:ident $doc:literal),* $(,)?) => {
        $(#[doc = $doc]
        pub fn $name(self, expression: impl IntoField) -> Self {
            self.set(Field::$field, &expression.into_field())
        })*
    };
}

impl CronBuilder {
    field_setters! {
        year Year "Sets the years, 1970 to 9999.",
        month Month "Sets the months, as 1 to 12 or names.",
        day Day "Sets the days of the month, as 1 to 31, `last`, `3rd fri` or `last fri`.",
        week Week "Sets the ISO 8601 weeks, 1 to 53.",
        day_of_week DayOfWeek "Sets the weekdays, as 0 (Monday) to 6 (Sunday) or names.",
        hour Hour "Sets the hours, 0 to 23.",
        minute Minute "Sets the minutes, 0 to 59.",
        second Second "Sets the seconds, 0 to 59.",
    }

    pub(crate) fn set(mut self, field: Field, text: &str) -> Self {
        let blanks = text.len() - text.trim_start().len();
        let text = text.trim();
        if let Err(error) = Expression::parse(field, text) {
            return self.failed(error.behind(blanks));
        }
        let index = Field::ALL
            .iter()
            .position(|f| *f == field)
            .unwrap_or_default();
        self.fields[index] = Some(text.into());
        self
    }

    /// Checks the whole rule and builds the trigger.
    ///
    /// # Errors
    ///
    /// Returns the first error of a field. Returns an error, too, if no date of any year matches
    /// (30 February), or if the end is before the start.
    pub fn build(self) -> Result<Trigger, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let pattern = compile(&self.fields, self.zoned.daylight)?;
        let texts: Vec<&str> = self
            .fields
            .iter()
            .map(|f| f.as_deref().unwrap_or(""))
            .collect();
        Ok(Trigger::Cron(Cron {
            compiled: Compiled {
                pattern,
                zoned: self.zoned.build()?,
            },
            text: texts.join("|").into(),
        }))
    }
}

crate::trigger::builder::zoned_setters!(CronBuilder);
crate::trigger::builder::keeps_first_error!(CronBuilder);
crate::trigger::builder::builds_trigger!(CronBuilder);
