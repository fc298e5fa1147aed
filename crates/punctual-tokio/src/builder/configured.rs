//! The settings of a configuration on their way into a builder.

use std::sync::Arc;

use punctual_store::JobStore;

use super::SchedulerBuilder;
use crate::config::{Config, StoreConfig, StoreTable, memory};
use crate::error::{Error, ErrorKind};

/// # Files and environment
impl SchedulerBuilder {
    /// Takes the settings of a file or of the environment, as [`Config`] read them.
    ///
    /// Of two time zones, node names or job defaults, the one that was given last counts. An alias
    /// of a store or an executor can be given once only, here or on the builder.
    pub fn config(mut self, config: Config) -> Self {
        let settings = match config.into_settings() {
            Ok(settings) => settings,
            Err(error) => {
                self.fail(error);
                return self;
            }
        };
        self.expected.extend(settings.databases());
        if let Some(zone) = &settings.timezone {
            self = self.timezone(&**zone);
        }
        if let Some(node) = settings.node {
            self = self.node(node);
        }
        if let Some(release) = settings.release {
            self = self.release(release);
        }
        if let Some(policies) = settings.job_defaults {
            self = self.job_defaults(policies);
        }
        for (alias, store) in settings.stores {
            if let StoreTable::Memory { total, per_job } = store {
                self = self.store(&alias, memory(total, per_job));
            }
        }
        for (alias, executor) in settings.executors {
            self = self.executor(&alias, executor.make());
        }
        self.configured.extend(settings.jobs);
        self
    }

    /// Opens the stores that a [configuration](Self::config) has in databases, and adds them under
    /// their aliases. Stores that the builder has already are left out.
    ///
    /// `open` opens one store. `punctual::store::open` goes by the scheme of the address. A function
    /// of your own may know other schemes.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use punctual_store::{JobStore, MemoryStore};
    /// use punctual_tokio::{Config, Error, Scheduler, StoreConfig};
    ///
    /// async fn open(config: StoreConfig) -> Result<Arc<dyn JobStore>, Error> {
    ///     println!("{:?} is at {}", config.alias(), config.scheme());
    ///     Ok(Arc::new(MemoryStore::new()))
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// let config = Config::from_toml("stores.ledger = { type = 'sql', url = 'mine:jobs' }")?;
    /// let scheduler = Scheduler::builder().config(config).open_stores(open).await?.build()?;
    /// # drop(scheduler); Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the error of the first store that cannot be opened, with its alias.
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. If the future is dropped, some databases may have been made.
    pub async fn open_stores(
        mut self,
        open: impl AsyncFn(StoreConfig) -> Result<Arc<dyn JobStore>, Error>,
    ) -> Result<Self, Error> {
        let missing: Vec<_> = self.missing_stores().cloned().collect();
        for config in missing {
            let alias = config.alias().unwrap_or_default().to_owned();
            let opened = open(config).await;
            let store = opened.map_err(|error| error.inside(&format!("stores.{alias}")))?;
            self = self.store(&alias, store);
        }
        Ok(self)
    }

    /// Returns the stores that a configuration names and nothing has opened.
    fn missing_stores(&self) -> impl Iterator<Item = &StoreConfig> {
        let is_given = |alias| self.stores.iter().any(|(given, _)| Some(&**given) == alias);
        self.expected
            .iter()
            .filter(move |config| !is_given(config.alias()))
    }

    /// Returns the error for the first store that was expected and not given.
    pub(super) fn missing_store(&self) -> Option<Error> {
        let config = self.missing_stores().next()?;
        let alias = config.alias().unwrap_or_default();
        let error = Error::new(
            ErrorKind::Invalid,
            format!("stores.{alias}"),
            "was not opened",
        );
        let fix = format!(
            "call `.open_stores(punctual::store::open)` after `.config(..)`, or open it and give it to \
             the builder as `{alias}`"
        );
        Some(error.with_value(config.shown()).with_hint(fix))
    }
}
