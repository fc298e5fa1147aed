//! The names of the tables, with their schema, and statements about them.

use sqlx::Postgres;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;

use crate::prefix::Prefix;

/// The tables of one store.
#[derive(Debug, Clone)]
pub(super) struct Tables {
    schema: String,
    prefix: Prefix,
    /// True if statements are not kept on a connection, since a pooler may exchange it.
    forgets_statements: bool,
}

impl Tables {
    /// Returns the tables in a schema, whose name was checked or comes from the server.
    pub(super) fn new(schema: String, prefix: Prefix, forgets_statements: bool) -> Self {
        Self {
            schema,
            prefix,
            forgets_statements,
        }
    }

    pub(super) fn schema(&self) -> &str {
        &self.schema
    }

    pub(super) fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    /// Returns a statement with the names of this store.
    pub(super) fn query<'q>(&self, template: &str) -> Query<'q, Postgres, PgArguments> {
        sqlx::query(self.sql(template)).persistent(!self.forgets_statements)
    }

    /// Returns a statement with these values.
    pub(super) fn query_with<'q>(
        &self,
        template: &str,
        values: PgArguments,
    ) -> Query<'q, Postgres, PgArguments> {
        sqlx::query_with(self.sql(template), values).persistent(!self.forgets_statements)
    }

    /// Returns the text of a statement with the names of this store.
    pub(super) fn sql(&self, template: &str) -> sqlx::AssertSqlSafe<String> {
        // Safe, since the prefix was checked, the schema is quoted, and no template holds text of a
        // user.
        sqlx::AssertSqlSafe(self.named(template))
    }

    /// Fills in names. `{jobs}` becomes `"public"."punctual_jobs"`, `{+jobs_due}` the name without
    /// the schema, and `{=}` the schema.
    pub(super) fn named(&self, template: &str) -> String {
        let mut text = String::with_capacity(template.len() * 2);
        let mut pieces = template.split('{');
        text.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let Some((name, rest)) = piece.split_once('}') else {
                text.push('{');
                text.push_str(piece);
                continue;
            };
            text.push_str(&self.name(name));
            text.push_str(rest);
        }
        text
    }

    fn name(&self, name: &str) -> String {
        let schema = quoted(&self.schema);
        match name.strip_prefix('+') {
            Some(name) => quoted(&self.plain(name)),
            None if name == "=" => schema,
            None => format!("{schema}.{}", quoted(&self.plain(name))),
        }
    }

    /// Returns the name of a table without quotation marks and schema.
    pub(super) fn plain(&self, name: &str) -> String {
        self.prefix.table("{p}") + name
    }

    /// Returns the key of a lock of this store, of which it has several.
    pub(super) fn lock_key(&self, purpose: &str) -> i64 {
        key_of(&format!(
            "punctual/{purpose}/{}/{}",
            self.schema,
            self.plain("")
        ))
    }

    /// Returns the name of the channel on which edits are told.
    pub(super) fn channel(&self) -> String {
        format!("punctual_{:016x}", self.lock_key("channel"))
    }
}

/// Returns a number for a text, which is the same in every process and version.
pub(super) fn key_of(text: &str) -> i64 {
    // FNV-1a.
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.cast_signed()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_filled_in() {
        let tables = Tables::new("odd \"schema\"".to_owned(), Prefix::default(), false);
        assert_eq!(
            tables.named("CREATE INDEX {+jobs_due} ON {jobs} (task)"),
            "CREATE INDEX \"punctual_jobs_due\" ON \"odd \"\"schema\"\"\".\"punctual_jobs\" (task)"
        );
        assert_eq!(tables.named("{="), "{=");
        assert_eq!(
            tables.named("CREATE SCHEMA {=}"),
            "CREATE SCHEMA \"odd \"\"schema\"\"\""
        );
    }

    #[test]
    fn the_keys_of_two_stores_differ() {
        let of = |schema: &str| Tables::new(schema.to_owned(), Prefix::default(), false);
        assert_ne!(of("a").lock_key("feed"), of("b").lock_key("feed"));
        assert_ne!(of("a").lock_key("feed"), of("a").lock_key("tables"));
        assert_eq!(of("a").channel(), of("a").channel());
        // Programs of other versions take the same lock.
        assert_eq!(of("public").lock_key("tables"), KEY_OF_TABLES);
    }

    const KEY_OF_TABLES: i64 = -4_477_583_406_778_444_769;
}
