//! The work that SQLite does for a call. It is counted in steps of SQLite's machine, which neither
//! a clock nor another test changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use punctual_sqlx::SqliteStore;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

use crate::folder::Folder;

/// A store whose work is counted.
pub(crate) struct Watched {
    pub(crate) store: SqliteStore,
    steps: Arc<AtomicU64>,
}

impl Watched {
    pub(crate) async fn open(folder: &Folder, name: &str) -> Self {
        let steps = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&steps);
        let pool = SqlitePoolOptions::new().after_connect(move |connection, _| {
            let counter = Arc::clone(&counter);
            Box::pin(async move {
                let mut handle = connection.lock_handle().await?;
                handle.set_progress_handler(1, move || {
                    counter.fetch_add(1, Ordering::Relaxed);
                    true
                });
                Ok(())
            })
        });
        let options = SqliteConnectOptions::new().filename(folder.path(name));
        let pool = pool.connect_with(options.create_if_missing(true));
        Self {
            store: SqliteStore::open_in(pool.await.unwrap()).await.unwrap(),
            steps,
        }
    }

    /// Returns the answer of a call, and the steps that it took.
    pub(crate) async fn steps<T>(&self, call: impl Future<Output = T>) -> (T, u64) {
        let before = self.steps.load(Ordering::Relaxed);
        let answer = call.await;
        (answer, self.steps.load(Ordering::Relaxed) - before)
    }
}

/// Checks that many times the rows cost about the same.
#[track_caller]
pub(crate) fn is_no_scan(few: u64, many: u64) {
    assert!(many < few * 2 + 100, "{few} steps grew to {many}");
}
