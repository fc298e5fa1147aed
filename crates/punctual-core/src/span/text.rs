//! The text form of a span.
//!
//! ```text
//! span   = 1*( number [ " " ] unit [ "," ] [ " " ] ) | iso
//! iso    = "P" *( number ( "W" | "D" ) ) [ "T" *( number ( "H" | "M" | "S" ) ) ]
//! number = digits [ "." digits ]
//! ```

use std::time::Duration;

use crate::error::{Error, ErrorKind, abbreviated};
use crate::suggest::nearest;

const SECOND: u128 = 1_000_000_000;

/// The units with their lengths in nanoseconds, the largest first.
const UNITS: [(&[&str], u128); 7] = [
    (&["w", "wk", "wks", "week", "weeks"], 604_800 * SECOND),
    (&["d", "day", "days"], 86_400 * SECOND),
    (&["h", "hr", "hrs", "hour", "hours"], 3_600 * SECOND),
    (&["m", "min", "mins", "minute", "minutes"], 60 * SECOND),
    (&["s", "sec", "secs", "second", "seconds"], SECOND),
    (
        &[
            "ms",
            "msec",
            "msecs",
            "milli",
            "millis",
            "millisecond",
            "milliseconds",
        ],
        SECOND / 1_000,
    ),
    (
        &[
            "us",
            "µs",
            "μs",
            "usec",
            "usecs",
            "micro",
            "micros",
            "microsecond",
            "microseconds",
        ],
        SECOND / 1_000_000,
    ),
];

/// The longest names of units that a wrong name is not compared with.
const SHORT: usize = 2;

const EXAMPLES: &str = "write for example `90s`, `1h 30m`, `250ms` or `2 days`";

/// Reads a span. An error names `field`, with the position of the wrong part in `text`.
pub(crate) fn read(field: &'static str, text: &str) -> Result<Duration, Error> {
    let mut reader = Reader { field, text, at: 0 };
    reader.blanks();
    if reader.rest().is_empty() {
        return Err(Error::new(ErrorKind::Invalid, field, "is empty").with_hint(EXAMPLES));
    }
    let nanos = match reader.rest().strip_prefix(['P', 'p']) {
        Some(_) => reader.iso()?,
        None => reader.friendly()?,
    };
    let seconds = u64::try_from(nanos / SECOND).map_err(|_| reader.too_long())?;
    // Times are counted in microseconds. What is left of a second fits.
    let micros = nanos % SECOND / 1_000;
    Ok(Duration::new(seconds, micros as u32 * 1_000))
}

struct Reader<'a> {
    field: &'static str,
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Takes the bytes at the front for which `belongs` holds.
    fn take(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn error(&self, at: usize, problem: impl Into<String>) -> Error {
        let error = Error::invalid(self.field, self.text, problem);
        if at == 0 { error } else { error.at(at) }
    }

    fn too_long(&self) -> Error {
        Error::new(ErrorKind::TooLarge, self.field, "is too long").with_value(self.text)
    }

    fn friendly(&mut self) -> Result<u128, Error> {
        let (mut nanos, mut smallest) = (0_u128, u128::MAX);
        while !self.rest().is_empty() {
            let start = self.at;
            let number = self.number()?;
            self.blanks();
            let at = self.at;
            let word = self.take(char::is_alphabetic);
            let unit = self.unit(start, at, word)?;
            nanos = self.sum(nanos, number, unit)?;
            if unit >= smallest {
                let problem = "does not name its units from the largest to the smallest, each once";
                return Err(self.error(start, problem).with_hint(EXAMPLES));
            }
            smallest = unit;
            self.blanks();
            let has_comma = self.rest().starts_with(',');
            self.at += usize::from(has_comma);
            self.blanks();
            if has_comma && self.rest().is_empty() {
                return Err(self.error(self.at, "ends in a comma").with_hint(EXAMPLES));
            }
        }
        Ok(nanos)
    }

    fn iso(&mut self) -> Result<u128, Error> {
        self.at += 1;
        let (mut nanos, mut is_time, mut last) = (0, false, None);
        while !self.rest().trim_end().is_empty() {
            if !is_time && self.rest().starts_with(['T', 't']) {
                self.at += 1;
                is_time = true;
                continue;
            }
            let number = self.number()?;
            let at = self.at;
            let unit = self.rest().chars().next();
            self.at += unit.map_or(0, char::len_utf8);
            let index = match (is_time, unit.unwrap_or_default().to_ascii_uppercase()) {
                (false, 'W') => 0,
                (false, 'D') => 1,
                (true, 'H') => 2,
                (true, 'M') => 3,
                (true, 'S') => 4,
                (false, 'Y' | 'M') => return Err(self.calendar(at)),
                _ => {
                    let problem = "is not a valid ISO 8601 length of time";
                    return Err(self
                        .error(at, problem)
                        .with_hint("write for example `PT1H30M`"));
                }
            };
            if last.is_some_and(|last| last >= index) {
                let problem = "does not name its units from the largest to the smallest, each once";
                return Err(self
                    .error(at, problem)
                    .with_hint("write for example `PT1H30M`"));
            }
            last = Some(index);
            nanos = self.sum(nanos, number, UNITS[index].1)?;
        }
        if last.is_none() || self.text.trim_end().ends_with(['T', 't']) {
            let problem = "is not a valid ISO 8601 length of time";
            return Err(self
                .error(0, problem)
                .with_hint("write for example `PT1H30M`"));
        }
        Ok(nanos)
    }

    /// Reads a number and returns its digits before and after the point.
    fn number(&mut self) -> Result<(&'a str, &'a str), Error> {
        let at = self.at;
        if self.rest().starts_with('-') {
            return Err(self
                .error(at, "is negative")
                .with_hint("leave the sign out"));
        }
        let whole = self.take(|c| c.is_ascii_digit());
        if whole.is_empty() {
            return Err(self
                .error(at, "is not a length of time")
                .with_hint(EXAMPLES));
        }
        let Some(after) = self.rest().strip_prefix('.') else {
            return Ok((whole, ""));
        };
        self.at += self.rest().len() - after.len();
        let fraction = self.take(|c| c.is_ascii_digit());
        if fraction.is_empty() || fraction.len() > 9 {
            let problem = "has a fraction that is not of one to nine digits";
            return Err(self
                .error(at, problem)
                .with_hint("write for example `1.5s`"));
        }
        Ok((whole, fraction))
    }

    fn unit(&self, start: usize, at: usize, word: &str) -> Result<u128, Error> {
        let known = UNITS.iter().find(|(names, _)| names.contains(&word));
        if let Some((_, nanos)) = known {
            return Ok(*nanos);
        }
        let number = self.text[start..at].trim_end();
        Err(match word.to_lowercase().as_str() {
            "" if self.text.trim() == number => self
                .error(0, "has no unit")
                .with_hint(format!("write `{}s` for seconds", abbreviated(number))),
            "" => self
                .error(start, "has a number without a unit")
                .with_hint(EXAMPLES),
            "mo" | "mos" | "month" | "months" | "y" | "yr" | "yrs" | "year" | "years" => {
                self.calendar(at)
            }
            "ns" | "nsec" | "nsecs" | "nano" | "nanos" | "nanosecond" | "nanoseconds" => self
                .error(
                    at,
                    "is finer than a microsecond, which is the resolution here",
                )
                .with_hint("write for example `250us`"),
            _ => self.unknown(at, word),
        })
    }

    fn unknown(&self, at: usize, word: &str) -> Error {
        let error = self.error(at, format!("has the unknown unit `{}`", abbreviated(word)));
        // The longest name of a unit comes first, and short names are near to anything.
        let long = UNITS.iter().flat_map(|(names, _)| names.iter().rev());
        let long = long.copied().filter(|name| name.len() > SHORT);
        match nearest(word, long).filter(|_| word.len() > SHORT) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None => error.with_hint("the units are weeks, days, h, m, s, ms and us"),
        }
    }

    fn calendar(&self, at: usize) -> Error {
        self.error(at, "counts years or months, whose lengths differ")
            .with_hint("write days, or use a `CalendarInterval`")
    }

    /// Adds a number of units.
    fn sum(&self, sum: u128, (whole, fraction): (&str, &str), unit: u128) -> Result<u128, Error> {
        let whole: u64 = whole.parse().map_err(|_| self.too_long())?;
        let scale = 10_u128.pow(fraction.len() as u32);
        let parts: u128 = if fraction.is_empty() {
            0
        } else {
            // At most nine digits are accepted before.
            fraction.parse().map_err(|_| self.too_long())?
        };
        u128::from(whole)
            .checked_mul(unit)
            .and_then(|nanos| nanos.checked_add(parts * unit / scale))
            .and_then(|nanos| nanos.checked_add(sum))
            .filter(|nanos| *nanos / SECOND <= u128::from(u64::MAX))
            .ok_or_else(|| self.too_long())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::span::Shown;

    #[test]
    fn the_units_of_a_span() {
        for (text, micros) in [
            ("90s", 90_000_000),
            ("1h 30m", 5_400_000_000),
            ("1h30m", 5_400_000_000),
            ("1 hour, 30 minutes", 5_400_000_000),
            ("250ms", 250_000),
            ("15us", 15),
            ("15 µs", 15),
            ("2 days", 172_800_000_000),
            ("1 week 1 day", 691_200_000_000),
            ("1.5 h", 5_400_000_000),
            (" 2s ", 2_000_000),
            ("0s", 0),
            ("PT1H", 3_600_000_000),
            ("pt0.25s ", 250_000),
            ("P1W2DT3H4M5.5S", 788_645_500_000),
        ] {
            let span = read("timeout", text).map(|span| span.as_micros());
            assert_eq!(span.unwrap(), micros, "{text}");
        }
    }

    #[test]
    fn a_wrong_text_is_told_with_its_fix() {
        for (text, message) in [
            (
                "",
                "is empty; write for example `90s`, `1h 30m`, `250ms` or `2 days`",
            ),
            ("90", "`90` has no unit; write `90s` for seconds"),
            (
                "5x",
                "`5x` has the unknown unit `x` (at position 1); the units are weeks, days, h, m, s, ms and us",
            ),
            ("-5s", "`-5s` is negative; leave the sign out"),
            (
                "soon",
                "`soon` is not a length of time; write for example `90s`, `1h 30m`, `250ms` or `2 days`",
            ),
            (
                "1h 30",
                "`1h 30` has a number without a unit (at position 3); write for example `90s`, `1h 30m`, `250ms` or `2 days`",
            ),
            (
                "30m 1h",
                "`30m 1h` does not name its units from the largest to the smallest, each once (at position 4); write for example `90s`, `1h 30m`, `250ms` or `2 days`",
            ),
            (
                "1 month",
                "`1 month` counts years or months, whose lengths differ (at position 2); write days, or use a `CalendarInterval`",
            ),
            (
                "P1M",
                "`P1M` counts years or months, whose lengths differ (at position 2); write days, or use a `CalendarInterval`",
            ),
            (
                "PT",
                "`PT` is not a valid ISO 8601 length of time; write for example `PT1H30M`",
            ),
            (
                "PT1X",
                "`PT1X` is not a valid ISO 8601 length of time (at position 3); write for example `PT1H30M`",
            ),
            (
                "5ns",
                "`5ns` is finer than a microsecond, which is the resolution here (at position 1); write for example `250us`",
            ),
            (
                "1.s",
                "`1.s` has a fraction that is not of one to nine digits; write for example `1.5s`",
            ),
            (
                "1s,",
                "`1s,` ends in a comma (at position 3); write for example `90s`, `1h 30m`, `250ms` or `2 days`",
            ),
            (
                "99999999999999999999s",
                "`99999999999999999999s` is too long",
            ),
            (
                "18446744073709551615w",
                "`18446744073709551615w` is too long",
            ),
        ] {
            let error = read("timeout", text).unwrap_err();
            assert_eq!(error.to_string(), format!("timeout: {message}"), "{text}");
        }
    }

    #[test]
    fn an_unknown_unit_is_told_with_the_one_that_was_meant() {
        for (text, message) in [
            (
                " 5x",
                "` 5x` has the unknown unit `x` (at position 2); the units are weeks, days, h, m, s, ms and us",
            ),
            (
                "5 minuts",
                "`5 minuts` has the unknown unit `minuts` (at position 2); did you mean `minutes`?",
            ),
            (
                "2 dayz",
                "`2 dayz` has the unknown unit `dayz` (at position 2); did you mean `days`?",
            ),
        ] {
            let error = read("timeout", text).unwrap_err();
            assert_eq!(error.to_string(), format!("timeout: {message}"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_span_reads_back_as_itself(micros in 0..u64::MAX) {
            let span = Duration::from_micros(micros);
            prop_assert_eq!(read("timeout", &Shown(span).to_string()).unwrap(), span);
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = read("timeout", &text);
        }

        #[test]
        fn no_text_that_looks_like_a_span_panics(text in "[PTptHMSDW0-9. ,smhdwuµ-]{0,40}") {
            if let Ok(span) = read("timeout", &text) {
                prop_assert_eq!(read("timeout", &Shown(span).to_string()).unwrap(), span);
            }
        }
    }
}
