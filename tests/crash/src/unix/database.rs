//! The file as somebody sees it who knows nothing of us.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};

use crate::unix::story::LONGEST;

/// Keeps everybody from writing.
pub(crate) struct Lock(SqliteConnection);

impl Lock {
    /// Takes the lock of a file as soon as it is free.
    pub(crate) async fn of(url: &str) -> Self {
        Self::within(url, LONGEST).await.unwrap()
    }

    async fn within(url: &str, patience: Duration) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::from_str(url)?.busy_timeout(patience);
        let mut connection = options.connect().await?;
        connection.execute("BEGIN EXCLUSIVE").await?;
        Ok(Self(connection))
    }

    pub(crate) async fn release(mut self) {
        self.0.execute("ROLLBACK").await.unwrap();
        self.0.close().await.unwrap();
    }
}

/// Whether a connection keeps the lock of a file, for longer than a transaction takes.
pub(crate) async fn is_locked(url: &str) -> bool {
    match Lock::within(url, Duration::from_secs(2)).await {
        Ok(lock) => {
            lock.release().await;
            false
        }
        Err(_) => true,
    }
}
