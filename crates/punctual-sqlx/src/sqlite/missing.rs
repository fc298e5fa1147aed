//! The reasons why SQLite could not open a file. SQLite itself only reports that it could not.

use std::fs;
use std::io;
use std::io::ErrorKind::{NotFound, PermissionDenied};
use std::path::Path;

use crate::ErrorKind;

/// The choice for a missing file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IfMissing {
    Make,
    Refuse,
    /// A pool of the application decides.
    AskPool,
}

/// Returns the problem of a file and its fix, as the text after the name of the file.
pub(super) fn reason(path: &Path, creates: IfMissing) -> (ErrorKind, String) {
    if has_too_many_files() {
        let what = "cannot be opened, since this process has too many files open; raise its limit";
        return (ErrorKind::Unavailable, what.to_owned());
    }
    match fs::metadata(path) {
        Ok(found) if found.is_file() => {
            let what = "cannot be opened; this process needs read and write permission";
            (ErrorKind::Denied, what.to_owned())
        }
        Ok(_) => (ErrorKind::Invalid, "is not a file; name a file".to_owned()),
        Err(error) if error.kind() != NotFound => unreadable("cannot be opened", &error),
        Err(_) => missing(path, creates),
    }
}

/// Returns true if this process may open no further file for now. SQLite does not tell that apart
/// from missing permission.
fn has_too_many_files() -> bool {
    // The working directory is opened, since closing the database file would drop its locks.
    let error = fs::File::open(".").err();
    // EMFILE and ENFILE of all Unix systems.
    let code = error.and_then(|error| error.raw_os_error());
    cfg!(unix) && matches!(code, Some(23 | 24))
}

fn unreadable(what: &str, error: &io::Error) -> (ErrorKind, String) {
    let kind = match error.kind() {
        PermissionDenied => ErrorKind::Denied,
        _ => ErrorKind::Io,
    };
    (kind, format!("{what}: {error}"))
}

fn missing(path: &Path, creates: IfMissing) -> (ErrorKind, String) {
    if let Ok(target) = fs::read_link(path) {
        let target = target.display();
        let what = format!("is a link to `{target}`, which cannot be opened; repair the link");
        return (ErrorKind::Io, what);
    }
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let shown = folder.display();
    let found = match fs::metadata(folder) {
        Ok(found) => found,
        Err(error) if error.kind() == NotFound => {
            let what =
                format!("cannot be opened; its folder `{shown}` does not exist; create it first");
            return (ErrorKind::Io, what);
        }
        Err(error) => {
            let what = format!("cannot be opened; its folder `{shown}` cannot be read");
            return unreadable(&what, &error);
        }
    };
    if !found.is_dir() {
        let what = format!("cannot be created; `{shown}` is not a folder");
        return (ErrorKind::Io, what);
    }
    match creates {
        IfMissing::AskPool => {
            let what = "does not exist; set `create_if_missing(true)` in the options of the pool";
            (ErrorKind::Io, what.to_owned())
        }
        IfMissing::Refuse => {
            let what =
                "does not exist, and `mode=rw` creates none; leave that out, or name another file";
            (ErrorKind::Io, what.to_owned())
        }
        IfMissing::Make => {
            let relative = path.file_name().unwrap_or_default().display();
            let hint = match folder.parent() {
                None => format!("; `sqlite:{relative}` is a file in the working directory"),
                Some(_) => String::new(),
            };
            let what = format!(
                "cannot be created; this process needs write permission in `{shown}`{hint}"
            );
            (ErrorKind::Denied, what)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absolute_path_that_was_meant_to_be_relative_is_pointed_out() {
        let (kind, told) = reason(Path::new("/no such file.db"), IfMissing::Make);
        let hint = "`sqlite:no such file.db` is a file in the working directory";
        assert!(told.ends_with(hint), "{told}");
        assert_eq!(kind, ErrorKind::Denied);
        let (_, told) = reason(Path::new("no such file.db"), IfMissing::Make);
        assert!(told.ends_with("write permission in `.`"), "{told}");
    }
}
