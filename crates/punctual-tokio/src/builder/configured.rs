//! What a configuration makes of a builder.

use super::SchedulerBuilder;
use crate::config::{SchedulerConfig, StoreConfig, memory};

impl SchedulerBuilder {
    /// Takes what a file or the environment says: see [`SchedulerConfig`]. Of two time zones, node
    /// names or job defaults, the one that was said last holds; an alias of a store or an executor
    /// can be given once only, here or on the builder.
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
