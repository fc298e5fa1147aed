//! Parses the address of a server, which is `mysql://` or `mariadb://`, a user, a host, a database, and
//! parameters after a `?`.
//!
//! The driver parses it too. It passes over parameters that it does not know, and says of a password
//! with a special character that the port is wrong. So the parameters are checked here, and its errors
//! are told with the fix.

use punctual_store::address::redacted;
use sqlx::mysql::MySqlConnectOptions;

use super::error::NO_DATABASE;
use crate::{Error, ErrorKind};

/// The content of an address.
#[derive(Debug)]
pub(super) struct Address {
    pub(super) options: MySqlConnectOptions,
    /// The address without its password and parameters, for messages.
    pub(super) place: String,
}

/// The parameters of the driver that a store has a use for.
const KNOWN: [&str; 9] = [
    "sslmode", "ssl-mode", "sslca", "ssl-ca", "sslcert", "ssl-cert", "sslkey", "ssl-key", "socket",
];

impl Address {
    pub(super) fn read(url: &str) -> Result<Self, Error> {
        let should = |what: &str| invalid(url, what);
        let (scheme, rest) = url.split_once(':').unwrap_or(("", url));
        let is_scheme = |known: &str| scheme.eq_ignore_ascii_case(known);
        if !is_scheme("mysql") && !is_scheme("mariadb") {
            return Err(should("begin with `mysql://`, as in `mysql://app@db/app`"));
        }
        if let Some(control) = url.chars().find(|c| c.is_control()) {
            return Err(should(&format!("hold no {control:?}")));
        }
        let query = url.split_once('?').map_or("", |(_, query)| query);
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let name = part.split_once('=').map_or(part, |(name, _)| name);
            if !KNOWN.contains(&name) {
                return Err(should(&unknown(name)));
            }
        }
        let options = format!("mysql:{rest}").parse();
        let options: MySqlConnectOptions = options.map_err(|error| unreadable(url, &error))?;
        if options.get_database().is_none() {
            return Err(
                Error::new(ErrorKind::Invalid, "url", NO_DATABASE).with_value(redacted(url))
            );
        }
        Ok(Self {
            place: place(&options),
            options,
        })
    }
}

/// Returns the error for an invalid address. `what` is the fix.
fn invalid(url: &str, what: &str) -> Error {
    Error::new(ErrorKind::Invalid, "url", format!("should {what}")).with_value(redacted(url))
}

fn unknown(name: &str) -> String {
    let name = name.escape_debug().to_string();
    if name.to_ascii_lowercase().contains("timeout") {
        return format!(
            "leave out `{name}`; `OpenMysql::statement_timeout`, `lock_timeout` and \
             `opening_timeout` are for that"
        );
    }
    format!(
        "leave out `{name}`; an address may have `ssl-mode`, `ssl-ca`, `ssl-cert`, `ssl-key` and `socket`"
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
        "have `DISABLED`, `PREFERRED`, `REQUIRED`, `VERIFY_CA` or `VERIFY_IDENTITY` as its `ssl-mode`"
    } else {
        "be like `mysql://user:password@host:3306/database`; if the user or the password holds `@`, `/`, \
         `:`, `?`, `#` or `%`, write `%40`, `%2F`, `%3A`, `%3F`, `%23` or `%25`"
    };
    invalid(url, what)
}

/// Returns the place that options lead to, without a password.
fn place(options: &MySqlConnectOptions) -> String {
    let host = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    };
    let database = options.get_database().unwrap_or_default();
    format!("mysql://{}@{host}/{database}", options.get_username())
}

#[cfg(test)]
mod tests;
