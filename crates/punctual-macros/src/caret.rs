//! Messages that point at the wrong part of a literal, since the compiler can underline only all of
//! it.

use punctual_core::Error;

/// The longest text that is repeated in a message.
const LONGEST_TEXT: usize = 100;

/// Returns the message of an error, with the literal and a line of carets under the wrong part.
pub(crate) fn message(error: &Error, text: Option<&str>) -> String {
    let message = error.to_string();
    let short = text.filter(|text| !text.contains('\n') && text.chars().count() <= LONGEST_TEXT);
    let Some((text, (start, length))) = short.and_then(|text| Some((text, fault(error, text)?)))
    else {
        return message;
    };
    let before = " ".repeat(text[..start].chars().count());
    let carets = "^".repeat(text[start..start + length].chars().count().max(1));
    format!("{message}\n\n    {text}\n    {before}{carets}\n")
}

/// Returns the start and the length of the wrong part in bytes.
fn fault(error: &Error, text: &str) -> Option<(usize, usize)> {
    let value = error.value().unwrap_or_default();
    if let Some(position) = error.position() {
        let start = position;
        let rest = text.get(start..)?;
        let word = &rest[..rest.find([' ', ',']).unwrap_or(rest.len())];
        // The position is that of a whole element, of which the value may be a part, as `27` is of
        // `9-27`.
        return match word.find(value).filter(|_| !value.is_empty()) {
            Some(inner) => Some((start + inner, value.len())),
            None if rest.starts_with(value) => Some((start, value.len().max(word.len()))),
            None => Some((start, word.len())),
        };
    }
    let mut found = text.match_indices(value).filter(|_| !value.is_empty());
    match (found.next(), found.next()) {
        (Some((start, _)), None) => Some((start, value.len())),
        // The whole text, if the wrong part is not in it or is there several times.
        _ => (!text.is_empty()).then_some((0, text.len())),
    }
}

#[cfg(test)]
mod tests {
    use punctual_core::{Cron, Crontab, Interval};

    use super::message;

    #[test]
    fn the_part_at_fault_is_underlined() {
        let text = "*/5 9-27 * * mon-fri";
        let error = Crontab::new(text).build().unwrap_err();
        let shown = message(&error, Some(text));
        assert!(
            shown.ends_with("\n\n    */5 9-27 * * mon-fri\n          ^^\n"),
            "{shown}"
        );
    }

    #[test]
    fn what_stands_beside_the_fields_is_underlined() {
        for (text, carets) in [
            ("CRON_TZ=Europe/Paris 30 2 * * *", "^^^^^^^^^^^^^^^^^^^^"),
            ("30 2 * * * # nightly", "           ^^^^^^^^^"),
            ("30 2 * * * Europe/Paris", "           ^^^^^^^^^^^^"),
            ("0 9–17 * * *", "   ^^^"),
            ("30\u{a0}2 * * *", "  ^^"),
            ("0 22-4/2 * * *", "  ^^^^^^"),
        ] {
            let error = Crontab::new(text).build().unwrap_err();
            let expected = format!("{error}\n\n    {text}\n    {carets}\n");
            assert_eq!(message(&error, Some(text)), expected);
        }
    }

    #[test]
    fn blanks_before_the_text_do_not_shift_the_line_below_it() {
        let shown = |error: punctual_core::Error, text: &str| message(&error, Some(text));
        let text = "  */5 9-27 * * *";
        let of_line = shown(Crontab::new(text).build().unwrap_err(), text);
        assert!(of_line.ends_with("\n            ^^\n"), "{of_line}");
        let text = " 1h 5x";
        let of_span = shown(Interval::every(text).build().unwrap_err(), text);
        assert!(of_span.ends_with("\n         ^\n"), "{of_span}");
        let text = " 5,75";
        let of_field = shown(Cron::new().minute(text).build().unwrap_err(), text);
        assert!(of_field.ends_with("\n       ^^\n"), "{of_field}");
    }

    #[test]
    fn a_value_that_is_all_of_the_text_is_underlined_whole() {
        let error = Cron::new().minute("75").build().unwrap_err();
        assert!(message(&error, Some("75")).ends_with("    75\n    ^^\n"));
    }

    #[test]
    fn a_text_of_several_lines_is_not_repeated() {
        let error = Crontab::new("a\nb").build().unwrap_err();
        assert_eq!(message(&error, Some("a\nb")), error.to_string());
    }
}
