//! The fields of a crontab line.

use super::nickname::fields_of;
use crate::error::{Error, ErrorKind};
use crate::limits::MAX_EXPRESSION_BYTES;
use crate::trigger::cron::field::Field;

/// The fields of a line with seven of them. Second and year are at the ends. Shorter lines omit the
/// year, or both.
const FIELDS: [Field; 7] = [
    Field::Second,
    Field::Minute,
    Field::Hour,
    Field::Day,
    Field::Month,
    Field::CrontabWeekday,
    Field::Year,
];

/// The texts of five to seven fields.
pub(super) struct Line<'a> {
    plain: &'a str,
    fields: &'static [Field],
    texts: [&'a str; 7],
}

impl<'a> Line<'a> {
    pub(super) fn read(expr: &'a str) -> Result<Self, Error> {
        if expr.len() > MAX_EXPRESSION_BYTES {
            let problem = format!("is longer than {MAX_EXPRESSION_BYTES} bytes");
            return Err(Error::new(ErrorKind::TooLarge, "expr", problem).with_value(expr));
        }
        let expr = expr.trim();
        let plain = match expr.strip_prefix('@') {
            Some(nickname) => fields_of(nickname)?,
            None => expr,
        };
        let mut texts = [""; 7];
        let mut count = 0;
        for text in plain.split_ascii_whitespace() {
            let place = texts.get_mut(count).ok_or_else(|| wrong_number(expr))?;
            *place = text;
            count += 1;
        }
        let fields = match count {
            5 => &FIELDS[1..6],
            6 => &FIELDS[..6],
            7 => &FIELDS[..],
            _ => return Err(wrong_number(expr)),
        };
        Ok(Self {
            plain,
            fields,
            texts,
        })
    }

    /// The fields, each with its text and the position of the text.
    pub(super) fn fields(&self) -> impl Iterator<Item = (Field, &'a str, usize)> {
        let begin = self.plain.as_ptr() as usize;
        self.fields
            .iter()
            .zip(self.texts)
            .map(move |(field, text)| (*field, text, text.as_ptr() as usize - begin))
    }
}

fn wrong_number(expr: &str) -> Error {
    if expr.is_empty() {
        return Error::new(ErrorKind::Invalid, "expr", "is empty")
            .with_hint("write five fields such as `*/5 9-17 * * mon-fri`");
    }
    let texts = || expr.split_ascii_whitespace();
    let problem = format!(
        "has {} fields, not 5 (minute hour day month weekday), 6 (seconds first) or 7 (year last)",
        texts().count()
    );
    let error = Error::invalid("expr", expr, problem);
    if texts().any(|text| text.starts_with(',') || text.ends_with(',')) {
        return error.with_hint("lists have no blanks");
    }
    error
}
