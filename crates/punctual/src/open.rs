//! Opens a store by the scheme of its address.

use std::sync::Arc;

use punctual_store::address::redacted;
use punctual_store::{JobStore, MemoryStore};
use punctual_tokio::{Call, Error, ErrorKind, StoreConfig};

/// Opens the store at an address, which may be a text or a [`StoreConfig`].
///
/// | address | store | feature |
/// |---|---|---|
/// | `sqlite:jobs.db` | `SqliteStore` | `sqlite` |
/// | `postgres://app:s3cret@db/app` | `PostgresStore` | `postgres` |
/// | `mysql://app:s3cret@db/app`, `mariadb://..` | `MysqlStore` | `mysql` |
/// | `memory:` | [`MemoryStore`] | |
///
/// ```
/// use std::sync::Arc;
///
/// use punctual::Scheduler;
/// use punctual::store::{self, JobStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), punctual::Error> {
/// let url = std::env::var("STORE_URL").unwrap_or_else(|_| "memory:".to_owned());
/// let store: Arc<dyn JobStore> = store::open(url).await?;
/// let scheduler = Scheduler::builder().store("default", store).build()?;
/// # drop(scheduler); Ok(()) }
/// ```
///
/// [`open_stores`](crate::scheduler::SchedulerBuilder::open_stores) takes it for the stores of a
/// configuration:
///
/// ```
/// use punctual::Scheduler;
/// use punctual::config::Config;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), punctual::Error> {
/// let config = Config::from_toml("stores.ledger = { type = 'sql', url = 'memory:' }")?;
/// let scheduler = Scheduler::builder()
///     .config(config)
///     .open_stores(punctual::store::open)
///     .await?
///     .build()?;
/// # drop(scheduler); Ok(()) }
/// ```
///
/// # Errors
///
/// Returns an error of kind [`Invalid`](ErrorKind::Invalid) if the scheme is unknown or needs a
/// feature that is off, and the errors of the store. No message shows the password of an address.
///
/// # Cancel safety
///
/// This future is cancel safe. If it is dropped, the database may have been made.
pub fn open(config: impl Into<StoreConfig>) -> Call<Arc<dyn JobStore>> {
    let config = config.into();
    Call::new(async move {
        match &*config.scheme() {
            "sqlite" => sqlite(&config).await,
            "memory" => memory(&config),
            "postgres" | "postgresql" => postgres(&config).await,
            "mysql" | "mariadb" => mysql(&config).await,
            _ => Err(refused(&config, "has no known scheme")
                .with_hint("write `sqlite:jobs.db`, `postgres://app@db/app`, `mysql://app@db/app` or `memory:`")),
        }
    })
}

#[cfg(feature = "sqlite")]
async fn sqlite(config: &StoreConfig) -> Result<Arc<dyn JobStore>, Error> {
    let opening = punctual_sqlx::SqliteStore::open(config.url());
    let opening = match config.table_prefix() {
        Some(prefix) => opening.prefix(prefix),
        None => opening,
    };
    Ok(Arc::new(opening.await?))
}

#[cfg(not(feature = "sqlite"))]
async fn sqlite(config: &StoreConfig) -> Result<Arc<dyn JobStore>, Error> {
    std::future::ready(Err(needs_feature(config, "sqlite"))).await
}

#[cfg(feature = "postgres")]
async fn postgres(config: &StoreConfig) -> Result<Arc<dyn JobStore>, Error> {
    let opening = punctual_sqlx::PostgresStore::open(config.url());
    let opening = match config.table_prefix() {
        Some(prefix) => opening.prefix(prefix),
        None => opening,
    };
    Ok(Arc::new(opening.await?))
}

#[cfg(not(feature = "postgres"))]
async fn postgres(config: &StoreConfig) -> Result<Arc<dyn JobStore>, Error> {
    std::future::ready(Err(needs_feature(config, "postgres"))).await
}

#[cfg(feature = "mysql")]
async fn mysql(config: &StoreConfig) -> Result<Arc<dyn JobStore>, Error> {
    let opening = punctual_sqlx::MysqlStore::open(config.url());
    let opening = match config.table_prefix() {
        Some(prefix) => opening.prefix(prefix),
        None => opening,
    };
    Ok(Arc::new(opening.await?))
}

#[cfg(not(feature = "mysql"))]
async fn mysql(config: &StoreConfig) -> Result<Arc<dyn JobStore>, Error> {
    std::future::ready(Err(needs_feature(config, "mysql"))).await
}

fn memory(config: &StoreConfig) -> Result<Arc<dyn JobStore>, Error> {
    let rest = config.url().split_once(':').map_or("", |(_, rest)| rest);
    if rest.is_empty() && config.table_prefix().is_none() {
        return Ok(Arc::new(MemoryStore::new()));
    }
    let error = refused(
        config,
        "has a name or a prefix, which a store in memory lacks",
    );
    Err(error.with_hint("write `memory:`"))
}

#[cfg(not(all(feature = "sqlite", feature = "postgres", feature = "mysql")))]
fn needs_feature(config: &StoreConfig, feature: &str) -> Error {
    let problem = format!("needs the feature `{feature}` of `punctual`");
    let hint = format!("write `features = [\"{feature}\"]` for it in `Cargo.toml`");
    refused(config, problem).with_hint(hint)
}

fn refused(config: &StoreConfig, problem: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, "url", problem).with_value(redacted(config.url()))
}
