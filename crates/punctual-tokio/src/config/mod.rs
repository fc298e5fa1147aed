//! A scheduler from a file or from the environment.

mod parts;
mod read;

use std::collections::BTreeMap;

use punctual_core::Policies;
use serde::Deserialize;

pub use self::parts::SqlStoreConfig;
use self::parts::{ExecutorConfig, JobConfig};
pub(crate) use self::parts::{StoreConfig, memory};
use self::read::{from_environment, from_json, from_toml};
use crate::error::{Error, ErrorKind};
use crate::job::new_job::NewJob;

/// The settings of a scheduler, read from TOML, JSON or the environment. A builder takes them with
/// [`config`](crate::SchedulerBuilder::config).
///
/// Unknown keys are refused, and the error names the nearest known one. Jobs are kept like those
/// that code declares, as [`vanished`](crate::GetJobs::vanished) says. The scheduler
/// finds a stored job by its id and brings it up to date when it starts.
///
/// ```toml
/// timezone = "Europe/Berlin"
/// node = "worker-1"
/// release = 42                  # see `SchedulerBuilder::release`
///
/// [stores.default]
/// type = "memory"
/// per_job = 500                 # ended runs that are remembered of one job
///
/// [stores.ledger]
/// type = "sql"                  # to be opened: see `sql_stores`
/// url = "sqlite:jobs.db"
/// prefix = "billing_"           # of its tables
///
/// [executors.disk]
/// type = "blocking"
/// threads = 4
///
/// [job_defaults]
/// misfire_grace_time = 30       # seconds
/// max_instances = 2
///
/// [[jobs]]
/// id = "sweep"
/// task = "inbox.sweep"          # a task of the builder
/// trigger = "*/5 9-17 * * mon-fri"
/// args = [7]
/// executor = "disk"
/// policies = { coalesce = "earliest" }
///
/// [[jobs]]
/// id = "dump"
/// program = { program = "pg_dump", args = ["shop"] }
/// trigger = { type = "cron", hour = 2 }
/// ```
///
/// ```
/// use punctual_tokio::{Args, Scheduler, SchedulerConfig};
///
/// async fn sweep(Args((_box,)): Args<(u32,)>) {}
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), punctual_tokio::Error> {
/// let config = SchedulerConfig::from_toml(
///     r#"
///     timezone = "Europe/Berlin"
///     [[jobs]]
///     id = "sweep"
///     task = "inbox.sweep"
///     trigger = "*/5 * * * *"
///     args = [7]
///     "#,
/// )?;
/// let scheduler = Scheduler::builder().task("inbox.sweep", sweep).config(config).build()?;
/// scheduler.start().await?;
/// assert!(scheduler.get_job("sweep").await?.is_some());
/// # scheduler.shutdown().await?; Ok(()) }
/// ```
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SchedulerConfig {
    pub(crate) timezone: Option<String>,
    pub(crate) node: Option<String>,
    pub(crate) release: Option<u64>,
    pub(crate) stores: BTreeMap<String, StoreConfig>,
    pub(crate) executors: BTreeMap<String, ExecutorConfig>,
    pub(crate) job_defaults: Option<Policies>,
    pub(crate) jobs: Vec<JobConfig>,
}

impl SchedulerConfig {
    /// Reads TOML.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not valid TOML or has an unknown key or value. The message
    /// names the key.
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        from_toml(text)?.into_config()
    }

    /// Reads JSON.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not valid JSON or has an unknown key or value. The message
    /// names the key.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        from_json(text)?.into_config()
    }

    /// Reads variables whose names begin with a prefix. Two underscores go one level down.
    ///
    /// With the prefix `PUNCTUAL_`, `PUNCTUAL_TIMEZONE=Europe/Berlin` and
    /// `PUNCTUAL_JOB_DEFAULTS__MAX_INSTANCES=2` say what `timezone` and `max_instances` under
    /// `job_defaults` say in a file. A value that is valid JSON is read as JSON, and any other
    /// value as text. A text of digits therefore needs its quotes, as in `PUNCTUAL_NODE='"42"'`.
    ///
    /// ```
    /// use punctual_tokio::SchedulerConfig;
    ///
    /// let config = SchedulerConfig::from_env("PUNCTUAL_", std::env::vars())?;
    /// # let _ = config;
    /// # Ok::<(), punctual_tokio::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if a variable has an unknown key or value. The message names the key.
    pub fn from_env(
        prefix: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Error> {
        from_environment(prefix, variables)?.into_config()
    }

    /// Reads TOML and then the environment. Where both have a value, that of the environment
    /// counts, read as [`from_env`](Self::from_env) does.
    ///
    /// # Errors
    ///
    /// Returns an error if [`from_toml`](Self::from_toml) or [`from_env`](Self::from_env) would.
    pub fn from_toml_and_env(
        text: &str,
        prefix: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Error> {
        let file = from_toml(text)?;
        file.under(from_environment(prefix, variables)?)
            .into_config()
    }

    /// Returns the stores that lie in databases. The caller has to open them and give them to the
    /// builder under their aliases. With the crate `punctual`, `punctual::store::open_stores` does both.
    ///
    /// ```
    /// use punctual_tokio::SchedulerConfig;
    ///
    /// let config = SchedulerConfig::from_toml(
    ///     r#"
    ///     [stores.default]
    ///     type = "sql"
    ///     url = "sqlite:jobs.db"
    ///     "#,
    /// )?;
    /// let stores: Vec<_> = config.sql_stores().collect();
    /// assert_eq!((stores[0].alias, stores[0].url), ("default", "sqlite:jobs.db"));
    /// # Ok::<(), punctual_tokio::Error>(())
    /// ```
    pub fn sql_stores(&self) -> impl Iterator<Item = SqlStoreConfig<'_>> {
        self.stores.iter().filter_map(|(alias, store)| match store {
            StoreConfig::Sql { url, prefix } => Some(SqlStoreConfig {
                alias,
                url,
                prefix: prefix.as_deref(),
            }),
            StoreConfig::Memory { .. } => None,
        })
    }

    /// Checks what no single field can tell.
    fn checked(self) -> Result<Self, Error> {
        for (index, job) in self.jobs.iter().enumerate() {
            if let Some(problem) = job.problem() {
                let message = format!("config: jobs[{index}]: {problem}");
                return Err(Error::of(ErrorKind::Invalid, message));
            }
        }
        Ok(self)
    }
}

/// The jobs of a configuration, as a builder keeps them.
#[derive(Debug, Default)]
pub(crate) struct ConfiguredJobs(Vec<JobConfig>);

/// The name of the configuration, beside the names of the crates that declare jobs.
pub(crate) const BY: &str = "(configuration)";

impl ConfiguredJobs {
    pub(crate) fn extend(&mut self, jobs: Vec<JobConfig>) {
        self.0.extend(jobs);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn jobs(&self) -> impl Iterator<Item = NewJob> {
        self.0.iter().map(|job| job.make().declared(BY))
    }
}
