//! A scheduler from a file or from the environment.

mod parts;
mod read;
mod store;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use punctual_core::Policies;
use serde::Deserialize;
use serde_json::Value;

use self::parts::{ExecutorConfig, JobConfig};
pub(crate) use self::parts::{StoreTable, memory};
use self::read::{Layer, environment, from_environment, from_json, from_toml};
pub use self::store::StoreConfig;
use crate::error::{Error, ErrorKind};
use crate::job::new_job::NewJob;

/// The settings of a scheduler, read from TOML, JSON or the environment. A builder takes them with
/// [`config`](crate::SchedulerBuilder::config).
///
/// Unknown keys are refused, and the error names the nearest known one. A key that a file lacks may
/// come from the environment, so [`build`](crate::SchedulerBuilder::build) says which ones are missing. Jobs are kept like those
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
/// type = "sql"                  # see `SchedulerBuilder::open_stores`
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
/// use punctual_tokio::{Args, Scheduler, Config};
///
/// async fn sweep(Args(_box): Args<u32>) {}
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), punctual_tokio::Error> {
/// let config = Config::from_toml(
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
#[derive(Clone)]
pub struct Config {
    /// All values, for those of the environment to be laid over them.
    tree: Value,
    settings: Result<Settings, Error>,
    /// The error of a layer that is left out.
    refused: Option<Error>,
}

/// The values of a configuration.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) timezone: Option<String>,
    pub(crate) node: Option<String>,
    pub(crate) release: Option<u64>,
    pub(crate) stores: BTreeMap<String, StoreTable>,
    pub(crate) executors: BTreeMap<String, ExecutorConfig>,
    pub(crate) job_defaults: Option<Policies>,
    pub(crate) jobs: Vec<JobConfig>,
}

/// The name of a configuration that does not come from a file, as messages say it.
const CONFIG: &str = "config";

/// Returns the folder in which a file was looked for that is not there, unless its path names it.
fn searched(path: &Path, error: &io::Error) -> Option<String> {
    let is_elsewhere = error.kind() == io::ErrorKind::NotFound && path.is_relative();
    let folder = is_elsewhere.then(std::env::current_dir)?;
    folder.ok().map(|folder| folder.display().to_string())
}

impl Config {
    /// Reads a file, whose name ends with `.toml` or `.json`.
    ///
    /// ```no_run
    /// use punctual_tokio::{Config, Scheduler};
    ///
    /// # fn main() -> Result<(), punctual_tokio::Error> {
    /// let config = Config::from_file("punctual.toml")?.with_env("PUNCTUAL_");
    /// let scheduler = Scheduler::builder().config(config).build()?;
    /// # drop(scheduler); Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Io`](ErrorKind::Io) if the file cannot be read, and an error that
    /// names the file and the key if it has an unknown key or value.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let shown = path.display();
        let source = format!("{CONFIG} `{shown}`");
        let read = match path.extension().and_then(|end| end.to_str()) {
            Some(end) if end.eq_ignore_ascii_case("toml") => from_toml,
            Some(end) if end.eq_ignore_ascii_case("json") => from_json,
            _ => {
                let error = Error::new(ErrorKind::Invalid, CONFIG, "is not a known format");
                let error = error.with_value(shown);
                return Err(error.with_hint("name the file `.toml` or `.json`"));
            }
        };
        let text = fs::read_to_string(path).map_err(|error| {
            let unread = Error::new(ErrorKind::Io, CONFIG, "cannot be read").with_value(shown);
            match searched(path, &error) {
                Some(folder) => unread.with_hint(format!("it was looked for in `{folder}`")),
                None => unread,
            }
            .because(error)
        })?;
        Self::of(read(&source, &text)?, &source)
    }

    /// Reads TOML.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not valid TOML or has an unknown key or value. The message
    /// names the key.
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        Self::of(from_toml(CONFIG, text)?, CONFIG)
    }

    /// Reads JSON.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not valid JSON or has an unknown key or value. The message
    /// names the key.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        Self::of(from_json(CONFIG, text)?, CONFIG)
    }

    /// Reads the variables of the process whose names begin with a prefix. Two underscores go one
    /// level down.
    ///
    /// With the prefix `APP_`, `APP_TIMEZONE=Europe/Berlin` and
    /// `APP_JOB_DEFAULTS__MAX_INSTANCES=2` say what `timezone` and `max_instances` under
    /// `job_defaults` say in a file. A value that is valid JSON is read as JSON, and any other
    /// value as text. A text of digits therefore needs its quotes, as in `APP_NODE='"42"'`.
    ///
    /// Every variable with the prefix has to be a setting, so the prefix should begin no other
    /// variable of the application.
    ///
    /// ```
    /// use punctual_tokio::Config;
    ///
    /// let config = Config::from_env("APP_")?;
    /// # let _ = config;
    /// # Ok::<(), punctual_tokio::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if a variable has an unknown key or value, or is not Unicode. The message
    /// names the key.
    pub fn from_env(prefix: &str) -> Result<Self, Error> {
        Self::of(environment(prefix)?, CONFIG)
    }

    /// Reads the given variables as [`from_env`](Self::from_env) does those of the process.
    ///
    /// # Errors
    ///
    /// Returns an error if [`from_env`](Self::from_env) would.
    pub fn from_variables(
        prefix: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Error> {
        Self::of(from_environment(prefix, variables)?, CONFIG)
    }

    /// Lays the variables of the process over the values, as [`from_env`](Self::from_env) reads
    /// them. Where both have a value, that of the environment counts.
    ///
    /// [`build`](crate::SchedulerBuilder::build) refuses a variable with an unknown key or value.
    #[must_use]
    pub fn with_env(self, prefix: &str) -> Self {
        self.under(environment(prefix))
    }

    /// Lays the given variables over the values as [`with_env`](Self::with_env) does those of the
    /// process.
    ///
    /// ```
    /// use punctual_tokio::Config;
    ///
    /// let variables = [("APP_TIMEZONE".to_owned(), "Asia/Tokyo".to_owned())];
    /// let config = Config::from_toml("timezone = 'UTC'")?.with_variables("APP_", variables);
    /// # let _ = config;
    /// # Ok::<(), punctual_tokio::Error>(())
    /// ```
    #[must_use]
    pub fn with_variables(
        self,
        prefix: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        self.under(from_environment(prefix, variables))
    }

    /// Returns the stores that lie in databases, each with its alias.
    /// [`open_stores`](crate::SchedulerBuilder::open_stores) opens those that the builder lacks.
    ///
    /// ```
    /// use punctual_tokio::Config;
    ///
    /// let config = Config::from_toml(
    ///     r#"
    ///     [stores.default]
    ///     type = "sql"
    ///     url = "sqlite:jobs.db"
    ///     "#,
    /// )?;
    /// let store = config.stores().next().unwrap();
    /// assert_eq!((store.alias(), store.url()), (Some("default"), "sqlite:jobs.db"));
    /// # Ok::<(), punctual_tokio::Error>(())
    /// ```
    pub fn stores(&self) -> impl Iterator<Item = StoreConfig> {
        let settings = self.settings.iter();
        settings.flat_map(|settings| settings.databases())
    }

    pub(crate) fn into_settings(self) -> Result<Settings, Error> {
        self.refused.map_or(self.settings, Err)
    }

    /// Reads the values of a layer. What is missing may still come from another layer.
    fn of(layer: Layer, source: &str) -> Result<Self, Error> {
        let settings = match layer.settings(source) {
            Err(refused) if !refused.is_missing => return Err(refused.error),
            settings => settings.map_err(|refused| refused.error),
        };
        Ok(Self {
            tree: layer.0,
            settings,
            refused: None,
        })
    }

    fn under(mut self, above: Result<Layer, Error>) -> Self {
        let above = match above {
            Ok(above) => above,
            Err(error) => {
                self.refused.get_or_insert(error);
                return self;
            }
        };
        let both = Layer(self.tree).under(above);
        let settings = both.settings(CONFIG).map_err(|refused| refused.error);
        Self {
            tree: both.0,
            settings,
            refused: self.refused,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            tree: Value::Object(serde_json::Map::new()),
            settings: Ok(Settings::default()),
            refused: None,
        }
    }
}

/// Addresses of stores may hold passwords, so no value is shown.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self
            .tree
            .as_object()
            .into_iter()
            .flat_map(|tree| tree.keys());
        f.debug_set().entries(keys).finish()
    }
}

impl Settings {
    pub(crate) fn databases(&self) -> impl Iterator<Item = StoreConfig> {
        self.stores.iter().filter_map(|(alias, store)| match store {
            StoreTable::Sql { url, prefix } => {
                let config = StoreConfig::new(url).called(alias);
                Some(match prefix {
                    Some(prefix) => config.prefix(prefix),
                    None => config,
                })
            }
            StoreTable::Memory { .. } => None,
        })
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
