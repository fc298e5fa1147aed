//! The file under an open store.

use std::path::{Path, PathBuf};

use punctual_store::Error;

/// Notices that somebody deletes or replaces an open file: SQLite would go on writing into the one
/// that nobody can open any more.
#[derive(Debug)]
pub(super) struct OpenFile(Option<(PathBuf, Identity)>);

/// Device and number.
type Identity = (u64, u64);

impl OpenFile {
    /// The file that lies at a path now.
    pub(super) fn at(path: &Path) -> Self {
        // The working directory may change.
        let path = path.canonicalize().ok();
        Self(path.and_then(|path| identity(&path).map(|identity| (path, identity))))
    }

    /// Whether it still lies there.
    pub(super) fn check(&self) -> Result<(), Error> {
        let Some((path, own)) = &self.0 else {
            return Ok(());
        };
        if identity(path).as_ref() == Some(own) {
            return Ok(());
        }
        Err(Error::unavailable(format!(
            "the file `{}` was deleted or replaced while it was open, and what is written now would \
             be lost: restart this process",
            path.display()
        )))
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    let found = path.metadata().ok()?;
    Some((found.dev(), found.ino()))
}

/// Open files cannot be deleted there.
#[cfg(not(unix))]
fn identity(_: &Path) -> Option<Identity> {
    None
}
