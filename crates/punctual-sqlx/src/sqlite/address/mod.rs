//! Parses the address of a file, which is `sqlite:`, a path, and parameters after a `?`.
//!
//! The driver could parse addresses too. But it ignores a wrong `%`, lets the last of two
//! parameters win, and takes `file:jobs.db` for a path and, when it opens the file, for an address.
//! The address is therefore parsed here, and the driver is given a path.

mod parameters;
mod percent;

use std::path::{Component, Path, PathBuf};

use self::parameters::Parameters;
use self::percent::decoded;
use crate::{Error, ErrorKind};
use punctual_store::address::redacted;

/// The content of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) path: PathBuf,
    /// True if a missing file is created.
    pub(super) creates: bool,
}

impl Address {
    pub(super) fn read(url: &str) -> Result<Self, Error> {
        let should = |what: &str| invalid(url, what);
        let rest = after_scheme(url).map_err(|what| should(&what))?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = path.strip_prefix("//").unwrap_or(path);
        let path = decoded_path(path).map_err(|what| should(&what))?;
        let Parameters { creates, in_memory } =
            parameters::read(query).map_err(|what| should(&what))?;
        if in_memory || path.eq_ignore_ascii_case(":memory:") {
            return Err(should(
                "name a file; to keep jobs in memory, use `MemoryStore`",
            ));
        }
        let path = checked(Path::new(&path)).map_err(|what| should(&what))?;
        Ok(Self { path, creates })
    }

    /// Returns the address of a path, every character of which belongs to the name.
    pub(super) fn of(path: &Path) -> Result<Self, Error> {
        let wrong = |what: &str| {
            let error = Error::new(ErrorKind::Invalid, "path", format!("should {what}"));
            error.with_value(path.to_string_lossy())
        };
        let text = path.to_str();
        let text = text.ok_or_else(|| wrong("be Unicode: SQLite takes no other names"))?;
        if text.contains('\0') {
            return Err(wrong("hold no NUL character"));
        }
        Ok(Self {
            path: checked(path).map_err(|what| wrong(&what))?,
            creates: true,
        })
    }
}

/// Returns the error for an invalid address. `what` is the fix.
fn invalid(url: &str, what: &str) -> Error {
    Error::new(ErrorKind::Invalid, "url", format!("should {what}")).with_value(redacted(url))
}

/// Returns the part after `sqlite:`, which may be in upper or lower case, as every scheme may.
fn after_scheme(url: &str) -> Result<&str, String> {
    let (scheme, rest) = url.split_once(':').unwrap_or(("", url));
    if scheme.eq_ignore_ascii_case("sqlite") {
        return Ok(rest);
    }
    if scheme.eq_ignore_ascii_case("file") {
        return Err(format!(
            "begin with `sqlite:` instead of `file:`, as in `sqlite:{rest}`"
        ));
    }
    Err("begin with `sqlite:`, as in `sqlite:jobs.db`".to_owned())
}

/// Returns the path with its percent escapes decoded.
fn decoded_path(text: &str) -> Result<String, String> {
    let begins = text.get(..5).unwrap_or_default();
    if begins.eq_ignore_ascii_case("file:") {
        return Err(format!(
            "hold the path without `file:`, as in `sqlite:{}`",
            text[5..].trim_start_matches("//")
        ));
    }
    if let Some(control) = text.chars().find(|c| c.is_control()) {
        return Err(format!(
            "hold no {control:?}; if it belongs to the name, use `SqliteStore::open_file`"
        ));
    }
    if text.trim() != text {
        return Err(
            "not begin or end its path with a blank; if it belongs to the name, write `%20`"
                .to_owned(),
        );
    }
    let decoded = decoded(text)?;
    if decoded.contains('\0') {
        return Err("hold no `%00`: no file has that in its name".to_owned());
    }
    Ok(decoded)
}

/// Returns a path that SQLite takes as a path, or the fix for the address.
fn checked(path: &Path) -> Result<PathBuf, String> {
    let text = path.to_string_lossy();
    if text.is_empty() {
        return Err("name a file, as in `sqlite:jobs.db`".to_owned());
    }
    let ends_as_folder = text.ends_with(std::path::is_separator)
        || !matches!(path.components().next_back(), Some(Component::Normal(_)));
    if ends_as_folder || path.is_dir() {
        return Err("name a file; this is a folder".to_owned());
    }
    // `:memory:` and `file:jobs.db` are names of files in the working directory here.
    Ok(match text.starts_with(':') || text.starts_with("file:") {
        true => Path::new(".").join(path),
        false => path.to_owned(),
    })
}

#[cfg(test)]
mod tests;
