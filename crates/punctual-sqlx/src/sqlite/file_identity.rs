//! The files under an open store.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use punctual_store::Error;

/// The files that a store has opened.
#[derive(Debug)]
pub(super) struct Files {
    file: OpenFile,
    /// Nothing in a pool of the application, which may close all its connections, and what lies beside
    /// the database with them.
    beside: Option<[Beside; 2]>,
}

impl Files {
    /// The database that lies at a path now, and its log.
    pub(super) fn with_log(path: &Path) -> Self {
        Self {
            file: OpenFile::at(path),
            beside: Some(["-wal", "-shm"].map(|end| Beside::of(path, end))),
        }
    }

    /// The database alone.
    pub(super) fn without_log(path: &Path) -> Self {
        Self {
            file: OpenFile::at(path),
            beside: None,
        }
    }

    pub(super) fn has_log(&self) -> bool {
        self.beside.is_some()
    }

    /// A new connection is going to write.
    pub(super) fn begin_log_anew(&self) {
        self.beside().for_each(Beside::begin_anew);
    }

    /// Whether the database lies where it lay.
    pub(super) fn check_database(&self) -> Result<(), Error> {
        self.file.check()
    }

    /// Whether what lies beside it is what the connection that writes has opened, while that is open.
    pub(super) fn check_beside(&self) -> Result<(), Error> {
        self.beside().try_for_each(Beside::check_known)
    }

    /// The same, asked by that connection, which has the lock of the database.
    pub(super) fn check_locked(&self) -> Result<(), Error> {
        self.beside().try_for_each(Beside::check)
    }

    fn beside(&self) -> impl Iterator<Item = &Beside> {
        self.beside.iter().flatten()
    }
}

/// Notices that an open file is deleted or replaced: SQLite would go on writing into the one that no
/// other can open, and new connections would read another.
#[derive(Debug)]
struct OpenFile(Option<Found>);

/// Where a file was found.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    path: PathBuf,
    /// Without links: SQLite looks beside it for the log.
    real: PathBuf,
    identity: Identity,
}

/// Device and number.
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
    /// The file that lies at a path now. A link is followed each time, as a new connection does.
    fn at(path: &Path) -> Self {
        // The working directory may change.
        Self(std::path::absolute(path).ok().and_then(Found::at))
    }

    /// Whether it still lies there.
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

/// Notices the same of the write-ahead log and of its index, by which processes agree. They come and go
/// with the first and the last connection of all processes, so they are looked at anew with each
/// connection that writes.
#[derive(Debug)]
struct Beside {
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

impl Beside {
    /// That of the database at a path, whose name ends so.
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

    /// A new connection is going to write.
    fn begin_anew(&self) {
        let mut own = self.own();
        if !matches!(*own, Log::Gone(_)) {
            *own = Log::Unknown;
        }
    }

    /// Whether it lies where the last connection that wrote has found it.
    fn check_known(&self) -> Result<(), Error> {
        let (Log::Own(Some(own)) | Log::Gone(own)) = *self.own() else {
            return Ok(());
        };
        if identity(&self.path) == Some(own) {
            return Ok(());
        }
        Err(gone(&self.path))
    }

    /// Whether it lies where the connection, which has the lock of the database, has opened it.
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
