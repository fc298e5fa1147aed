//! Compiles a crontab text into a pattern, or into the most helpful error.

use super::draft::as_written;
use super::explain::explain;
use crate::daylight::Daylight;
use crate::error::{Error, ErrorKind};
use crate::trigger::cron::pattern::Pattern;

/// Compiles an expression that matches some date. `daylight` holds the gap and fold rules that were
/// given.
pub(super) fn compile(
    expr: &str,
    day_and_weekday: bool,
    daylight: Daylight,
) -> Result<Pattern, Error> {
    let pattern = read(expr, day_and_weekday, daylight)?;
    if !pattern.has_dates() {
        return Err(
            Error::new(ErrorKind::NeverFires, "expr", "matches no date in any year")
                .with_value(expr),
        );
    }
    Ok(pattern)
}

/// Compiles an expression, even if it matches no date.
pub(super) fn read(
    expr: &str,
    day_and_weekday: bool,
    daylight: Daylight,
) -> Result<Pattern, Error> {
    as_written(expr, day_and_weekday, daylight).map_err(|error| explain(expr, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_in_a_list_is_every_value() {
        let compiled = |expr| compile(expr, false, Daylight::default()).unwrap();
        for (list, plain) in [
            ("5,* * * * *", "* * * * *"),
            ("0 0 1,* * mon", "0 0 1-31 * mon"),
            ("0 0 * 5,* *", "0 0 * * *"),
            ("0 0 * * 3,*", "0 0 * * 0-6"),
        ] {
            let (list, plain) = (compiled(list), compiled(plain));
            let bits = |p: &Pattern| (p.minutes, p.hours, p.days, p.months, p.weekdays);
            assert_eq!(bits(&list), bits(&plain));
        }
    }
}
