//! Explains lines that are wrong as a whole, where the first field that was not understood would
//! give no helpful error.

use super::beside;
use super::draft::reads;
use super::in_words;
use super::line::Line;
use crate::error::Error;
use crate::limits::MAX_EXPRESSION_BYTES;
use crate::trigger::cron::odd::Odd;

/// Returns the more helpful error for an expression that was refused.
pub(super) fn explain(expr: &str, error: Error) -> Error {
    if expr.len() > MAX_EXPRESSION_BYTES {
        return error;
    }
    let expr = expr.trim();
    several(expr)
        .or_else(|| in_words::explain(expr))
        .or_else(|| beside::explain(expr))
        .or_else(|| odd(expr))
        .or_else(|| year_last(expr))
        .unwrap_or(error)
}

fn several(expr: &str) -> Option<Error> {
    expr.contains(['\n', '\r']).then(|| {
        Error::invalid("expr", expr, "is more than one line")
            .with_hint("make a trigger of each and combine them with `or`")
    })
}

/// Returns the error for a character that only looks right, with its field if only one field has
/// any.
fn odd(expr: &str) -> Option<Error> {
    let whole = Odd::find(expr)?;
    let line = Line::read(expr).ok();
    let fields = line.iter().flat_map(Line::fields);
    let mut odd = fields.filter_map(|(field, text, _)| Some((field, text, Odd::find(text)?)));
    let error = match (odd.next(), odd.next()) {
        (Some((field, text, odd)), None) => odd.error(field.name(), text),
        _ => whole.error("expr", expr),
    };
    Some(error.at(whole.at))
}

/// Returns the error for lines such as `0 12 1 1 * 2027` and `0 12 * * ? *`. To AWS and others, the
/// last of six fields is the year.
fn year_last(expr: &str) -> Option<Error> {
    let words: Vec<&str> = expr.split_ascii_whitespace().collect();
    let last = *words.last()?;
    let is_year = last
        .split([',', '-', '/'])
        .next()
        .is_some_and(|year| year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit()));
    let (problem, example) = match words.as_slice() {
        [_, _, _, _, _] if is_year => (
            "has five fields, the last of which is the weekday",
            "0 30 2 1 1 * 2027".to_owned(),
        ),
        [_, _, hour, _, month, _] if is_year || *hour == "?" || *month == "?" => {
            let seven = Some(format!("0 {expr}")).filter(|seven| reads(seven));
            (
                "has six fields, the first of which is the second",
                seven.unwrap_or_else(|| "0 0 12 1 1 * 2027".to_owned()),
            )
        }
        _ => return None,
    };
    let hint = format!(
        "with a year write seven (second minute hour day month weekday year), such as `{example}`"
    );
    Some(Error::invalid("expr", expr, problem).with_hint(hint))
}
