//! The file as somebody sees it who knows nothing of us.

use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};

use crate::unix::place::Place;

/// Others get so long to let go of the lock.
const PATIENCE: Duration = Duration::from_secs(2);

/// Keeps everybody from writing.
pub(crate) struct Lock(SqliteConnection);

pub(crate) async fn try_lock(place: &Place, patience: Duration) -> Result<Lock, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(place.database())
        .busy_timeout(patience);
    let mut connection = options.connect().await?;
    connection.execute("BEGIN EXCLUSIVE").await?;
    Ok(Lock(connection))
}

impl Lock {
    pub(crate) async fn release(mut self) {
        self.0.execute("ROLLBACK").await.unwrap();
        self.0.close().await.unwrap();
    }
}

/// Whether nobody keeps its lock.
pub(crate) async fn can_be_written(place: &Place) -> bool {
    match try_lock(place, PATIENCE).await {
        Ok(lock) => {
            lock.release().await;
            true
        }
        Err(_) => false,
    }
}
