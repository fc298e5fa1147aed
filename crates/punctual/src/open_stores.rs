use punctual_sqlx::SqliteStore;
use punctual_tokio::{Error, SchedulerBuilder, SchedulerConfig};

/// Opens the stores that a configuration has in databases, and gives them to a builder.
///
/// ```
/// use punctual::Scheduler;
/// use punctual::config::SchedulerConfig;
/// use punctual::store::open_stores;
///
/// async fn sweep() {}
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::env::set_current_dir(folder.path())?;
/// let config = SchedulerConfig::from_toml(
///     r#"
///     [stores.default]
///     type = "sql"
///     url = "sqlite:jobs.db"
///
///     [[jobs]]
///     id = "sweep"
///     task = "sweep"
///     trigger = "*/5 * * * *"
///     "#,
/// )?;
/// let builder = open_stores(Scheduler::builder(), &config).await?;
/// let scheduler = builder.task("sweep", sweep).config(config).build()?;
/// scheduler.start().await?;
/// assert!(std::path::Path::new("jobs.db").exists());
/// # scheduler.shutdown().await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// As [`SqliteStore::open`]; the message names the database.
///
/// # Cancel safety
///
/// If the future is dropped, some databases may have been made.
pub async fn open_stores(
    mut builder: SchedulerBuilder,
    config: &SchedulerConfig,
) -> Result<SchedulerBuilder, Error> {
    for store in config.sql_stores() {
        let mut opening = SqliteStore::open(store.url);
        if let Some(prefix) = store.prefix {
            opening = opening.prefix(prefix);
        }
        builder = builder.store(store.alias, opening.await?);
    }
    Ok(builder)
}
