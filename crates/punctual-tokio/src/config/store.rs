//! A store that is to be opened.

use std::fmt;

use punctual_store::address::redacted;

/// The address of a store that is to be opened, with its settings.
///
/// A [`Config`](crate::Config) holds one for each store with `type = "sql"`, and
/// [`open_stores`](crate::SchedulerBuilder::open_stores) gives it to a function that opens it. A
/// text is a `StoreConfig` without settings. `Debug` shows no password.
///
/// ```
/// use punctual_tokio::StoreConfig;
///
/// let config = StoreConfig::new("postgres://app:s3cret@db/jobs").prefix("billing_");
/// assert_eq!(config.scheme(), "postgres");
/// assert_eq!(config.table_prefix(), Some("billing_"));
/// assert!(!format!("{config:?}").contains("s3cret"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct StoreConfig {
    url: String,
    prefix: Option<String>,
    alias: Option<String>,
}

impl StoreConfig {
    /// Returns the settings of a store at an address such as `sqlite:jobs.db`.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            prefix: None,
            alias: None,
        }
    }

    /// Sets the beginning of the names of all tables.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// Returns the address, with its password.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the part of the address before its first colon, in lower case, or an empty text
    /// if it has no colon.
    #[must_use]
    pub fn scheme(&self) -> String {
        let scheme = self.url.split_once(':').map_or("", |(scheme, _)| scheme);
        scheme.to_ascii_lowercase()
    }

    /// Returns the beginning of the names of all tables, if one was set.
    #[must_use]
    pub fn table_prefix(&self) -> Option<&str> {
        self.prefix.as_deref()
    }

    /// Returns the alias under which the scheduler knows the store, if a
    /// [`Config`](crate::Config) names it.
    #[must_use]
    pub fn alias(&self) -> Option<&str> {
        self.alias.as_deref()
    }

    pub(crate) fn called(mut self, alias: impl Into<String>) -> Self {
        self.alias = Some(alias.into());
        self
    }

    /// Returns the address without its password.
    pub(crate) fn shown(&self) -> String {
        redacted(&self.url)
    }
}

impl fmt::Debug for StoreConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreConfig")
            .field("url", &self.shown())
            .field("prefix", &self.prefix)
            .field("alias", &self.alias)
            .finish()
    }
}

impl From<&str> for StoreConfig {
    fn from(url: &str) -> Self {
        Self::new(url)
    }
}

impl From<&String> for StoreConfig {
    fn from(url: &String) -> Self {
        Self::new(url)
    }
}

impl From<String> for StoreConfig {
    fn from(url: String) -> Self {
        Self::new(url)
    }
}
