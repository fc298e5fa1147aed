//! Where the files of a story are.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A folder that stays if the story ends badly.
pub(crate) struct Place {
    folder: TempDir,
    /// Where the database is.
    database: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        let mut folder = TempDir::with_prefix("punctual-crash-").unwrap();
        folder.disable_cleanup(true);
        Self {
            database: folder.path().join("jobs.db"),
            folder,
        }
    }

    /// The same, with the database on a disk of its own.
    pub(crate) fn with_database_on(mut self, disk: &Path) -> Self {
        self.database = disk.join("jobs.db");
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn database(&self) -> &Path {
        &self.database
    }

    pub(crate) fn url(&self) -> String {
        format!("sqlite://{}", self.database.display())
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.path().join("journal")
    }

    /// What a process says.
    pub(crate) fn log(&self, life: usize) -> PathBuf {
        self.path().join(format!("process-{life}.log"))
    }

    /// The story ended well.
    pub(crate) fn leave(mut self) {
        self.folder.disable_cleanup(false);
    }
}
