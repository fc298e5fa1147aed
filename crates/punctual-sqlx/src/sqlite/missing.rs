//! The reasons why SQLite could not open a file. SQLite itself only reports that it could not.

use std::fs;
use std::io::ErrorKind::NotFound;
use std::path::Path;

/// The choice for a missing file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IfMissing {
    Make,
    Refuse,
    /// A pool of the application decides.
    AskPool,
}

/// Returns the problem of a file and its fix, as the text after the name of the file.
pub(super) fn reason(path: &Path, creates: IfMissing) -> String {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => {
            "cannot be opened; this process needs read and write permission".to_owned()
        }
        Ok(_) => "is not a file; name a file".to_owned(),
        Err(error) if error.kind() != NotFound => format!("cannot be opened: {error}"),
        Err(_) => missing(path, creates),
    }
}

fn missing(path: &Path, creates: IfMissing) -> String {
    if let Ok(target) = fs::read_link(path) {
        let target = target.display();
        return format!("is a link to `{target}`, which cannot be opened; repair the link");
    }
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let shown = folder.display();
    match fs::metadata(folder) {
        Ok(found) if !found.is_dir() => format!("cannot be created; `{shown}` is not a folder"),
        Ok(_) if creates == IfMissing::AskPool => {
            "does not exist; set `create_if_missing(true)` in the options of the pool".to_owned()
        }
        Ok(_) if creates == IfMissing::Refuse => {
            "does not exist, and `mode=rw` creates none; leave that out, or name another file"
                .to_owned()
        }
        Ok(_) => {
            let relative = path.file_name().unwrap_or_default().display();
            let hint = match folder.parent() {
                None => format!("; `sqlite:{relative}` is a file in the working directory"),
                Some(_) => String::new(),
            };
            format!("cannot be created; this process needs write permission in `{shown}`{hint}")
        }
        Err(error) if error.kind() == NotFound => {
            format!("cannot be opened; its folder `{shown}` does not exist; create it first")
        }
        Err(error) => {
            format!("cannot be opened; its folder `{shown}` cannot be read: {error}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absolute_path_that_was_meant_to_be_relative_is_pointed_out() {
        let told = reason(Path::new("/no such file.db"), IfMissing::Make);
        let hint = "`sqlite:no such file.db` is a file in the working directory";
        assert!(told.ends_with(hint), "{told}");
        let told = reason(Path::new("no such file.db"), IfMissing::Make);
        assert!(told.ends_with("write permission in `.`"), "{told}");
    }
}
