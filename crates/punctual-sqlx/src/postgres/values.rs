//! A statement of several parts with the values that they use.
//!
//! The values of a column are one array, so a part has the same text for any number of rows.

use std::borrow::Cow;
use std::fmt::Write as _;

use punctual_store::Error;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{Arguments, Encode, Postgres, Type};

use super::tables::Tables;

/// A statement that is being written.
#[derive(Default)]
pub(super) struct Draft {
    text: String,
    values: PgArguments,
}

impl Draft {
    /// Adds a value, and returns the place by which the text names it.
    pub(super) fn bind<'v, T>(&mut self, value: T) -> Result<usize, Error>
    where
        T: Encode<'v, Postgres> + Type<Postgres>,
    {
        self.values.add(value).map_err(Error::refused)?;
        Ok(self.values.len())
    }

    /// Adds a named part.
    pub(super) fn part(&mut self, name: &str, text: &str) {
        let before = if self.text.is_empty() { "WITH" } else { "," };
        // A text takes all that is written to it.
        let _ = write!(self.text, "{before} {name} AS {text}");
    }

    /// Returns the statement with its last part.
    pub(super) fn query<'q>(
        mut self,
        tables: &Tables,
        last: &str,
    ) -> Query<'q, Postgres, PgArguments> {
        self.text.push(' ');
        self.text.push_str(last);
        tables.query_with(&self.text, self.values)
    }
}

/// Columns of rows, whose values are one array each. They become a table in a statement.
#[derive(Default)]
pub(super) struct Columns {
    arrays: Vec<String>,
    names: Vec<&'static str>,
}

impl Columns {
    /// Adds a column of this type.
    pub(super) fn add<'v, T>(
        &mut self,
        draft: &mut Draft,
        (name, kind): (&'static str, &str),
        values: Vec<T>,
    ) -> Result<(), Error>
    where
        Vec<T>: Encode<'v, Postgres> + Type<Postgres>,
    {
        let place = draft.bind(values)?;
        self.arrays.push(format!("${place}::{kind}[]"));
        self.names.push(name);
        Ok(())
    }

    /// Returns the rows as a table of this name, each with its `place`, counted from 1.
    pub(super) fn table(&self, name: &str) -> String {
        let (arrays, names) = (self.arrays.join(", "), self.names.join(", "));
        format!("unnest({arrays}) WITH ORDINALITY AS {name}({names}, place)")
    }
}

/// Returns a text as the server takes it, with `\0` written for each NUL.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\\0"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_nul_is_written_in_another_way() {
        assert_eq!(clean("a\u{1}b\n\u{10ffff}"), "a\u{1}b\n\u{10ffff}");
        assert_eq!(clean("a\0b\0"), "a\\0b\\0");
    }

    #[test]
    fn columns_become_a_table() {
        let (mut draft, mut columns) = (Draft::default(), Columns::default());
        columns
            .add(&mut draft, ("a", "bigint"), vec![1_i64])
            .unwrap();
        columns
            .add(&mut draft, ("b", "text"), vec![Some("x")])
            .unwrap();
        assert_eq!(
            columns.table("rows"),
            "unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS rows(a, b, place)"
        );
    }
}
