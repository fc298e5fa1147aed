//! The write-ahead log is emptied when a node leaves.

use super::Inner;

impl Inner {
    /// Writes what the log holds into the file, and cuts the log off: who copies the file alone, after a
    /// clean end, gets all of it. Other connections are waited for no longer than milliseconds; what they
    /// keep from being written stays in the log, where it is as safe.
    pub(super) async fn empty_log(&self) {
        // The log of an application is its own.
        if self.log.is_none() {
            return;
        }
        let emptied = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)");
        if let Err(error) = emptied.execute(&self.writer).await {
            tracing::debug!(%error, "the write-ahead log was not emptied");
        }
    }
}
