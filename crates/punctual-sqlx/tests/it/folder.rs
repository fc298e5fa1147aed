//! A folder of database files that is deleted after the test.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use punctual_sqlx::{OpenSqlite, SqliteStore};
use tempfile::TempDir;

/// The store of these tests. Those of other databases share tests with it.
pub(crate) type Store = SqliteStore;

/// A text that is rare, and that the store keeps.
pub(crate) const NUL: &str = "\0";

/// What damages rows of this store only, with the job and a part of the reason.
pub(crate) const OWN_DAMAGE: &[(&str, &str, &str)] = &[(
    "bytes",
    "utf-8",
    "UPDATE punctual_jobs SET name = CAST(x'ff' AS TEXT) WHERE id = 'bytes'",
)];

pub(crate) struct Folder {
    folder: TempDir,
    next: AtomicU32,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            next: AtomicU32::new(0),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("sqlite://{}", self.path(name).display())
    }

    pub(crate) fn options(&self, name: &str) -> OpenSqlite {
        SqliteStore::open(self.url(name))
    }

    pub(crate) async fn open(&self, name: &str) -> SqliteStore {
        self.options(name).await.unwrap()
    }

    /// Opens a store in a file of its own.
    pub(crate) async fn fresh(&self) -> SqliteStore {
        self.open(&self.name()).await
    }

    /// Opens two stores on a file of their own.
    pub(crate) async fn two(&self) -> (SqliteStore, SqliteStore) {
        let name = self.name();
        (self.open(&name).await, self.open(&name).await)
    }

    fn name(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        format!("{number}.db")
    }
}
