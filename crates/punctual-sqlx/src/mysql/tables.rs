//! The names of the tables, with their database.

use crate::prefix::Prefix;

/// The tables of one store.
#[derive(Debug, Clone)]
pub(super) struct Tables {
    database: String,
    prefix: Prefix,
    /// What ends a statement that makes a table.
    options: String,
}

impl Tables {
    /// Returns the tables in a database. `collation` compares texts by their bytes.
    pub(super) fn new(database: String, prefix: Prefix, collation: &str) -> Self {
        Self {
            options: format!(
                "ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation}"
            ),
            database,
            prefix,
        }
    }

    pub(super) fn database(&self) -> &str {
        &self.database
    }

    pub(super) fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    /// Fills in names. `{jobs}` becomes `` `app`.`punctual_jobs` ``, and `{options}` the kind of the tables.
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
            match name {
                "options" => text.push_str(&self.options),
                name => {
                    let table = self.plain(name);
                    text.push_str(&format!("{}.{}", quoted(&self.database), quoted(&table)));
                }
            }
            text.push_str(rest);
        }
        text
    }

    /// Returns the name of a table without quotation marks and database.
    pub(super) fn plain(&self, name: &str) -> String {
        self.prefix.table("{p}") + name
    }

    /// Returns the name of the lock under which the tables are made.
    pub(super) fn lock(&self) -> String {
        let text = format!("{}/{}", self.database, self.plain(""));
        // FNV-1a, the same in every process and version. A name may have 64 characters.
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        format!("punctual_tables_{hash:016x}")
    }
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(database: &str) -> Tables {
        Tables::new(database.to_owned(), Prefix::default(), "bin")
    }

    #[test]
    fn names_are_filled_in() {
        let named = tables("odd `db`").named("SELECT 1 FROM {jobs} {");
        assert_eq!(named, "SELECT 1 FROM `odd ``db```.`punctual_jobs` {");
        assert!(tables("a").named("{options}").ends_with("COLLATE bin"));
    }

    #[test]
    fn the_locks_of_two_stores_differ() {
        assert_ne!(tables("a").lock(), tables("b").lock());
        // Programs of other versions take the same lock.
        assert!(tables("app").lock().starts_with(LOCK_OF_APP));
    }

    const LOCK_OF_APP: &str = "punctual_tables_";
}
