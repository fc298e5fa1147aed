//! The settings of a configuration on their way into a builder.

use super::SchedulerBuilder;
use crate::config::{SchedulerConfig, StoreConfig, memory};

impl SchedulerBuilder {
    /// Takes the settings of a file or of the environment, as [`SchedulerConfig`] read them.
    ///
    /// Of two time zones, node names or job defaults, the one that was given last counts. An alias
    /// of a store or an executor can be given once only, here or on the builder.
    pub fn config(mut self, config: SchedulerConfig) -> Self {
        if let Some(zone) = &config.timezone {
            self = self.timezone(&**zone);
        }
        if let Some(node) = config.node {
            self = self.node(node);
        }
        if let Some(release) = config.release {
            self = self.release(release);
        }
        if let Some(policies) = config.job_defaults {
            self = self.job_defaults(policies);
        }
        for (alias, store) in config.stores {
            self = match store {
                StoreConfig::Memory { total, per_job } => {
                    self.store(&alias, memory(total, per_job))
                }
                StoreConfig::Sql { url, .. } => self.expects_store(alias, url),
            };
        }
        for (alias, executor) in config.executors {
            self = self.executor(&alias, executor.make());
        }
        self.configured.extend(config.jobs);
        self
    }
}
