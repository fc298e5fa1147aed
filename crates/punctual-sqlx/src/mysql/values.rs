//! Values in the text of statements.
//!
//! A request is sent as one text of several statements, so that locks are held for few round trips. Such
//! a text cannot have bound values. All values are written into it here, in a form that no setting of the
//! server reads in another way.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::tables::Tables;

/// A value that a statement names by `?`.
#[derive(Debug, Clone)]
pub(super) enum Value<'v> {
    Null,
    Number(i64),
    Text(Cow<'v, str>),
    /// A list for `IN (?)`. An empty one becomes `NULL`, which nothing is in.
    List(Vec<Self>),
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<u64> for Value<'_> {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<usize> for Value<'_> {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Value<'_> {
    fn from(is_true: bool) -> Self {
        Self::Number(is_true.into())
    }
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(text: &'v str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl<'v, T: Into<Self>> From<Option<T>> for Value<'v> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<'v> Value<'v> {
    pub(super) fn list<T: Into<Self>>(values: impl IntoIterator<Item = T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }

    fn write(&self, text: &mut String) {
        match self {
            Self::Null => text.push_str("NULL"),
            // The smallest number is read as the negative of one that is too large.
            Self::Number(number) => drop(write!(text, "{}", number.max(&-i64::MAX))),
            Self::Text(value) => write_text(text, value),
            Self::List(values) if values.is_empty() => text.push_str("NULL"),
            Self::List(values) => write_list(text, values),
        }
    }
}

/// Writes a text. `\` means something in some modes of a server and nothing in others, so a text that holds
/// one is written as the numbers of its bytes.
fn write_text(text: &mut String, value: &str) {
    if !value.contains(['\\', '\0']) {
        text.push('\'');
        for (place, piece) in value.split('\'').enumerate() {
            if place > 0 {
                text.push_str("''");
            }
            text.push_str(piece);
        }
        text.push('\'');
        return;
    }
    text.reserve(value.len() * 2 + 16);
    text.push_str("_utf8mb4 x'");
    for byte in value.bytes() {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(digit.into(), 16).unwrap_or('0'));
        }
    }
    text.push('\'');
}

fn write_list(text: &mut String, values: &[Value<'_>]) {
    for (place, value) in values.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        value.write(text);
    }
}

/// Returns a statement with the names of the tables, and a value for each `?`.
pub(super) fn filled(tables: &Tables, template: &str, values: &[Value<'_>]) -> String {
    let mut text = String::with_capacity(template.len() * 2);
    let mut values = values.iter();
    let mut pieces = template.split('?');
    text.push_str(&tables.named(pieces.next().unwrap_or_default()));
    for piece in pieces {
        let value = values.next();
        debug_assert!(value.is_some(), "a value is missing: {template}");
        value.unwrap_or(&Value::Null).write(&mut text);
        text.push_str(&tables.named(piece));
    }
    debug_assert!(values.next().is_none(), "a value is left: {template}");
    text
}

/// The most rows in one statement.
const ROWS: usize = 500;

/// Returns statements with these rows between their beginning and their end, none much longer than `room`
/// bytes unless a single row is.
pub(super) fn of_rows<'v>(
    tables: &Tables,
    (beginning, end): (&str, &str),
    rows: impl Iterator<Item = Vec<Value<'v>>>,
    room: usize,
) -> Vec<String> {
    let (beginning, end) = (tables.named(beginning), tables.named(end));
    let mut statements = Vec::new();
    let mut text = String::new();
    let mut count = 0;
    for row in rows {
        let mut written = String::with_capacity(row.len() * 8);
        write_list(&mut written, &row);
        if count == ROWS || count > 0 && text.len() + written.len() > room {
            statements.push(std::mem::take(&mut text) + &end);
            count = 0;
        }
        text.push_str(if count == 0 { &beginning } else { "," });
        text.push('(');
        text.push_str(&written);
        text.push(')');
        count += 1;
    }
    if count > 0 {
        statements.push(text + &end);
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prefix::Prefix;

    fn tables() -> Tables {
        Tables::new("db".to_owned(), Prefix::default(), "")
    }

    fn written(value: Value<'_>) -> String {
        filled(&tables(), "?", &[value])
    }

    #[test]
    fn no_text_ends_early() {
        assert_eq!(written("it's ''".into()), "'it''s '''''");
        assert_eq!(written("{jobs} ? \"".into()), "'{jobs} ? \"'");
        assert_eq!(written("\\' OR 1".into()), "_utf8mb4 x'5c27204f522031'");
        assert_eq!(written("a\0é".into()), "_utf8mb4 x'6100c3a9'");
        assert_eq!(written("".into()), "''");
    }

    #[test]
    fn other_values_are_written_as_they_are() {
        assert_eq!(written(Value::from(None::<i64>)), "NULL");
        assert_eq!(written(i64::MIN.into()), "-9223372036854775807");
        assert_eq!(written(u64::MAX.into()), "9223372036854775807");
        assert_eq!(written(true.into()), "1");
        assert_eq!(written(Value::list([1_u64, 2])), "1,2");
        assert_eq!(written(Value::list(Vec::<&str>::new())), "NULL");
    }

    #[test]
    fn rows_are_divided_by_their_number_and_their_length() {
        let rows = |count: i64| (0..count).map(|row| vec![row.into()]);
        let of = |count, room| of_rows(&tables(), ("I ", " E"), rows(count), room);
        assert_eq!(of(3, 100), ["I (0),(1),(2) E"]);
        assert_eq!(of(3, 7), ["I (0),(1) E", "I (2) E"]);
        assert_eq!(of(1_001, 1 << 20).len(), 3);
        assert!(of(0, 9).is_empty());
    }
}
