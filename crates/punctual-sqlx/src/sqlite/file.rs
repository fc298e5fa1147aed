//! The files under an open store.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use punctual_store::Error;

/// The files that a store has opened.
#[derive(Debug)]
pub(super) struct Files {
    file: OpenFile,
    /// Nothing in a pool of the application, which may close all its connections, and their log
    /// with them.
    log: Option<OpenLog>,
}

impl Files {
    /// The database that lies at a path now, and its log.
    pub(super) fn with_log(path: &Path) -> Self {
        Self {
            file: OpenFile::at(path),
            log: Some(OpenLog::of(path)),
        }
    }

    /// The database alone.
    pub(super) fn without_log(path: &Path) -> Self {
        Self {
            file: OpenFile::at(path),
            log: None,
        }
    }

    pub(super) fn has_log(&self) -> bool {
        self.log.is_some()
    }

    /// A new connection is going to write.
    pub(super) fn begin_log_anew(&self) {
        if let Some(log) = &self.log {
            log.begin_anew();
        }
    }

    /// Whether they still lie there, as far as one knows who does not write.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.file.check()?;
        self.log.as_ref().map_or(Ok(()), OpenLog::check_known)
    }

    /// Whether they still lie there, asked by the connection that has the lock of the database.
    pub(super) fn check_written(&self) -> Result<(), Error> {
        self.file.check()?;
        self.log.as_ref().map_or(Ok(()), OpenLog::check)
    }
}

/// Notices that an open file is deleted or replaced: SQLite would go on writing into the one that no
/// other can open, and new connections would read another.
#[derive(Debug)]
struct OpenFile(Option<(PathBuf, Identity)>);

/// Device and number.
type Identity = (u64, u64);

impl OpenFile {
    /// The file that lies at a path now. A link is followed each time, as a new connection does.
    fn at(path: &Path) -> Self {
        // The working directory may change.
        let path = std::path::absolute(path).ok();
        Self(path.and_then(|path| identity(&path).map(|identity| (path, identity))))
    }

    /// Whether it still lies there.
    fn check(&self) -> Result<(), Error> {
        let Some((path, own)) = &self.0 else {
            return Ok(());
        };
        if identity(path).as_ref() == Some(own) {
            return Ok(());
        }
        Err(gone(path))
    }
}

/// Notices the same of the write-ahead log. It comes and goes with the first and the last connection
/// of all processes, so it is looked at anew with each connection that writes.
#[derive(Debug)]
struct OpenLog {
    path: PathBuf,
    own: Mutex<Log>,
}

#[derive(Debug, Clone, Copy)]
enum Log {
    /// The connection that writes is new.
    Unknown,
    /// The connection writes into this one; nothing if there is none.
    Own(Option<Identity>),
    /// It was seen to be gone. What it held is lost, whichever connection writes now.
    Gone(Identity),
}

impl OpenLog {
    /// That of the database at a path.
    fn of(path: &Path) -> Self {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let mut name = path.into_os_string();
        name.push("-wal");
        Self {
            path: name.into(),
            own: Mutex::new(Log::Unknown),
        }
    }

    fn own(&self) -> MutexGuard<'_, Log> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new connection is going to write.
    fn begin_anew(&self) {
        let mut own = self.own();
        if !matches!(*own, Log::Gone(_)) {
            *own = Log::Unknown;
        }
    }

    /// Whether it is known to be gone, and has not come back.
    fn check_known(&self) -> Result<(), Error> {
        let Log::Gone(own) = *self.own() else {
            return Ok(());
        };
        if identity(&self.path) == Some(own) {
            return Ok(());
        }
        Err(gone(&self.path))
    }

    /// Whether the log lies where the connection, which has the lock of the database, has opened it.
    fn check(&self) -> Result<(), Error> {
        let there = identity(&self.path);
        let mut own = self.own();
        *own = match *own {
            Log::Unknown | Log::Own(None) => Log::Own(there),
            Log::Own(Some(own)) | Log::Gone(own) if there == Some(own) => Log::Own(there),
            Log::Own(Some(own)) | Log::Gone(own) => Log::Gone(own),
        };
        match *own {
            Log::Gone(_) => Err(gone(&self.path)),
            Log::Unknown | Log::Own(_) => Ok(()),
        }
    }
}

fn gone(path: &Path) -> Error {
    Error::gone(format!(
        "the file `{}` was deleted or replaced while it was open, and what is written now would be \
         lost: restart this process",
        path.display()
    ))
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
