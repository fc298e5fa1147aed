//! Opens the store of a story by its URL.

use std::sync::Arc;
use std::time::Duration;

use punctual_sqlx::{MysqlStore, PostgresStore, SqliteStore};
use punctual_store::JobStore;
use punctual_tokio::Error;

/// Opens a store. In a file, its callers wait for a lock of another process for at most `patience`.
pub(crate) async fn open(
    url: &str,
    patience: Option<Duration>,
) -> Result<Arc<dyn JobStore>, Error> {
    if url.starts_with("postgres:") {
        return Ok(Arc::new(PostgresStore::open(url).await?));
    }
    if url.starts_with("mysql:") {
        return Ok(Arc::new(MysqlStore::open(url).await?));
    }
    let opening = SqliteStore::open(url);
    let opening = match patience {
        Some(patience) => opening.busy_timeout(patience),
        None => opening,
    };
    Ok(Arc::new(opening.await?))
}
