//! Notices that the files under an open store are deleted or replaced.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use punctual_store::Error;

/// The files that a store has opened.
#[derive(Debug)]
pub(super) struct Files {
    file: OpenFile,
    /// The log and its index. `None` in a pool of the application, which may close all its
    /// connections, whereby SQLite deletes both files.
    beside: Option<[Beside; 2]>,
}

impl Files {
    /// Returns the database at a path as it is now, with its log.
    pub(super) fn with_log(path: &Path) -> Self {
        Self {
            file: OpenFile::at(path),
            beside: Some(["-wal", "-shm"].map(|end| Beside::of(path, end))),
        }
    }

    /// Returns the database alone.
    pub(super) fn without_log(path: &Path) -> Self {
        Self {
            file: OpenFile::at(path),
            beside: None,
        }
    }

    pub(super) fn has_log(&self) -> bool {
        self.beside.is_some()
    }

    /// Notes that a new connection is going to write.
    pub(super) fn begin_log_anew(&self) {
        self.beside().for_each(Beside::begin_anew);
    }

    /// Checks that the database file is still in its place.
    pub(super) fn check_database(&self) -> Result<(), Error> {
        self.file.check()
    }

    /// Checks that the log is the one that the writing connection has opened, while that connection
    /// is open.
    pub(super) fn check_beside(&self) -> Result<(), Error> {
        self.beside().try_for_each(Beside::check_known)
    }

    /// Checks the same for the writing connection itself, which holds the lock of the database.
    pub(super) fn check_locked(&self) -> Result<(), Error> {
        self.beside().try_for_each(Beside::check)
    }

    fn beside(&self) -> impl Iterator<Item = &Beside> {
        self.beside.iter().flatten()
    }
}

/// Notices that an open file is deleted or replaced.
///
/// SQLite would go on writing into a file that no other process can open, and new connections would
/// read another one.
#[derive(Debug)]
struct OpenFile(Option<Found>);

/// The place of a file.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    path: PathBuf,
    /// The path without links. SQLite looks for the log next to it.
    real: PathBuf,
    identity: Identity,
}

/// Device and inode number.
type Identity = (u64, u64);

impl Found {
    fn at(path: PathBuf) -> Option<Self> {
        let real = path.canonicalize().ok()?;
        let identity = identity(&real)?;
        Some(Self {
            path,
            real,
            identity,
        })
    }
}

impl OpenFile {
    /// Returns the file at a path as it is now. A link is followed each time, as a new connection
    /// does.
    fn at(path: &Path) -> Self {
        // The path is made absolute, since the working directory may change.
        Self(std::path::absolute(path).ok().and_then(Found::at))
    }

    /// Checks that the file is still in its place.
    fn check(&self) -> Result<(), Error> {
        let Some(own) = &self.0 else {
            return Ok(());
        };
        if Found::at(own.path.clone()).as_ref() == Some(own) {
            return Ok(());
        }
        Err(gone(&own.path))
    }
}

/// Notices that the write-ahead log, or the index by which processes share it, is deleted or
/// replaced.
///
/// Both files come with the first connection of all processes and go with the last. They are
/// therefore looked at anew with each connection that writes.
#[derive(Debug)]
struct Beside {
    path: PathBuf,
    own: Mutex<Log>,
}

#[derive(Debug, Clone, Copy)]
enum Log {
    /// The writing connection is new.
    Unknown,
    /// The connection writes into this file, or into none yet.
    Own(Option<Identity>),
    /// This file was seen to be gone. Its content is lost, whichever connection writes now.
    Gone(Identity),
}

impl Beside {
    /// Returns the file beside the database at a path whose name ends with `end`.
    fn of(path: &Path, end: &str) -> Self {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let mut name = path.into_os_string();
        name.push(end);
        Self {
            path: name.into(),
            own: Mutex::new(Log::Unknown),
        }
    }

    fn own(&self) -> MutexGuard<'_, Log> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a new connection is going to write.
    fn begin_anew(&self) {
        let mut own = self.own();
        if !matches!(*own, Log::Gone(_)) {
            *own = Log::Unknown;
        }
    }

    /// Checks that the file is where the last writing connection has found it.
    fn check_known(&self) -> Result<(), Error> {
        let (Log::Own(Some(own)) | Log::Gone(own)) = *self.own() else {
            return Ok(());
        };
        if identity(&self.path) == Some(own) {
            return Ok(());
        }
        Err(gone(&self.path))
    }

    /// Checks that the file is where the connection that holds the lock of the database has opened
    /// it.
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
         lost; restart this process",
        path.display()
    ))
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    let found = path.metadata().ok()?;
    Some((found.dev(), found.ino()))
}

/// Open files cannot be deleted on these systems.
#[cfg(not(unix))]
fn identity(_: &Path) -> Option<Identity> {
    None
}
