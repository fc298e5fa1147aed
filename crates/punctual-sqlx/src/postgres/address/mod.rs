//! Parses the address of a server, which is `postgres://`, a user, a host, a database, and
//! parameters after a `?`.
//!
//! The driver parses it too. It passes over parameters that it does not know, and says of a password
//! with a special character that the port is wrong. So the parameters are checked here, and its errors
//! are told with the fix.

use punctual_store::address::redacted;
use sqlx::postgres::PgConnectOptions;

use crate::{Error, ErrorKind};

/// The content of an address.
#[derive(Debug)]
pub(super) struct Address {
    pub(super) options: PgConnectOptions,
    /// The address without its password and parameters, for messages.
    pub(super) place: String,
    pub(super) schema: Option<String>,
    /// True if a pooler gives each transaction another connection.
    pub(super) is_pooled: bool,
}

/// The parameters of the driver.
const KNOWN: [&str; 16] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
];

impl Address {
    pub(super) fn read(url: &str) -> Result<Self, Error> {
        let should = |what: &str| invalid(url, what);
        let (scheme, _) = url.split_once(':').unwrap_or(("", url));
        let is_scheme = |known: &str| scheme.eq_ignore_ascii_case(known);
        if !is_scheme("postgres") && !is_scheme("postgresql") {
            return Err(should(
                "begin with `postgres://`, as in `postgres://app@db/app`",
            ));
        }
        if let Some(control) = url.chars().find(|c| c.is_control()) {
            return Err(should(&format!("hold no {control:?}")));
        }
        let (server, query) = url.split_once('?').unwrap_or((url, ""));
        let mut own = Own::default();
        let mut others = Vec::new();
        for part in query.split('&').filter(|part| !part.is_empty()) {
            if !own.take(part).map_err(|what| should(&what))? {
                others.push(part);
            }
        }
        let url_of_driver = match others.is_empty() {
            true => server.to_owned(),
            false => format!("{server}?{}", others.join("&")),
        };
        let options = url_of_driver.parse();
        let options: PgConnectOptions = options.map_err(|error| unreadable(url, &error))?;
        Ok(Self {
            place: place(&options),
            options,
            schema: own.schema,
            is_pooled: own.is_pooled,
        })
    }
}

/// The parameters that the driver does not know.
#[derive(Debug, Default)]
struct Own {
    schema: Option<String>,
    is_pooled: bool,
}

impl Own {
    /// Takes a parameter, and returns `false` if it is one of the driver.
    fn take(&mut self, part: &str) -> Result<bool, String> {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        match name {
            "schema" => {
                let schema = checked_schema(value);
                self.schema = Some(schema.map_err(|error| error.to_string())?);
            }
            "pgbouncer" => {
                self.is_pooled = match value {
                    "true" => true,
                    "false" => false,
                    _ => return Err("say `pgbouncer=true` or `pgbouncer=false`".to_owned()),
                }
            }
            "options" => return Ok(false),
            _ if name.starts_with("options[") || KNOWN.contains(&name) => return Ok(false),
            _ => return Err(unknown(name)),
        }
        Ok(true)
    }
}

/// Returns a schema whose name is a word.
pub(super) fn checked_schema(schema: &str) -> Result<String, Error> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let begins_well = |c: char| c.is_ascii_alphabetic() || c == '_';
    let is_good = schema.starts_with(begins_well)
        && schema.chars().all(is_word)
        && schema.len() <= LONGEST_NAME
        && !schema.to_ascii_lowercase().starts_with("pg_");
    if is_good {
        return Ok(schema.to_owned());
    }
    let error = Error::new(ErrorKind::Invalid, "schema", "is not valid");
    let fix = format!(
        "write up to {LONGEST_NAME} letters, digits and `_`, not beginning with a digit or `pg_`"
    );
    Err(error.with_value(schema).with_hint(fix))
}

/// The longest name that PostgreSQL keeps as it is, in bytes.
const LONGEST_NAME: usize = 63;

/// Returns the error for an invalid address. `what` is the fix.
fn invalid(url: &str, what: &str) -> Error {
    Error::new(ErrorKind::Invalid, "url", format!("should {what}")).with_value(redacted(url))
}

fn unknown(name: &str) -> String {
    let name = name.escape_debug().to_string();
    let lower = name.to_ascii_lowercase();
    if lower.contains("timeout") {
        return format!(
            "leave out `{name}`; `OpenPostgres::statement_timeout`, `lock_timeout` and \
             `opening_timeout` are for that"
        );
    }
    if lower.contains("statement") && lower.contains("cache") {
        return format!("leave out `{name}`; behind a pooler write `pgbouncer=true`");
    }
    format!(
        "leave out `{name}`; an address may have `sslmode`, `sslrootcert`, `sslcert`, `sslkey`, `host`, \
         `hostaddr`, `port`, `user`, `password`, `dbname`, `schema`, `pgbouncer`, `application_name` and \
         `options`"
    )
}

/// Returns the error for an address that the driver cannot read. Its message is not told as it is,
/// because it may hold a piece of the password.
fn unreadable(url: &str, error: &sqlx::Error) -> Error {
    let text = error.to_string();
    let what = if text.contains("port") {
        "have a number as its port; if the user or the password holds `@`, `/`, `:`, `?`, `#` or `%`, write \
         `%40`, `%2F`, `%3A`, `%3F`, `%23` or `%25`"
    } else if text.contains("ssl") {
        "have `disable`, `prefer`, `require`, `verify-ca` or `verify-full` as its `sslmode`"
    } else {
        "be like `postgres://user:password@host:5432/database`; if the user or the password holds `@`, `/`, \
         `:`, `?`, `#` or `%`, write `%40`, `%2F`, `%3A`, `%3F`, `%23` or `%25`"
    };
    invalid(url, what)
}

/// Returns the place that options lead to, without a password.
fn place(options: &PgConnectOptions) -> String {
    let host = match options.get_socket() {
        Some(folder) => folder.display().to_string(),
        None => options.get_host().to_owned(),
    };
    let database = options.get_database().unwrap_or(options.get_username());
    format!(
        "postgres://{}@{host}:{}/{database}",
        options.get_username(),
        options.get_port()
    )
}

#[cfg(test)]
mod tests;
