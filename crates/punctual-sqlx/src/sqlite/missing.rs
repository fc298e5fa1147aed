//! Why SQLite could not open a file: all that it says itself is that it could not.

use std::fs;
use std::io::ErrorKind::NotFound;
use std::path::Path;

/// What becomes of a file that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IfMissing {
    Make,
    Refuse,
    /// A pool of the application says so.
    AskPool,
}

/// What is wrong with a file and what to do, to be read after its name.
pub(super) fn reason(path: &Path, creates: IfMissing) -> String {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => {
            "cannot be opened: this process needs the right to read and write it".to_owned()
        }
        Ok(_) => "is not a file: name one".to_owned(),
        Err(error) if error.kind() != NotFound => format!("cannot be opened: {error}"),
        Err(_) => missing(path, creates),
    }
}

fn missing(path: &Path, creates: IfMissing) -> String {
    if let Ok(target) = fs::read_link(path) {
        let target = target.display();
        return format!("is a link to `{target}`, which cannot be opened: mend the link");
    }
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let shown = folder.display();
    match fs::metadata(folder) {
        Ok(found) if !found.is_dir() => format!("cannot be made: `{shown}` is not a folder"),
        Ok(_) if creates == IfMissing::AskPool => {
            "does not exist: let the options of the pool say \
                                                   `create_if_missing(true)`"
                .to_owned()
        }
        Ok(_) if creates == IfMissing::Refuse => {
            "does not exist, and `mode=rw` asks for a file that is there: leave that \
                              out and it is made, or name another file"
                .to_owned()
        }
        Ok(_) => {
            let relative = path.file_name().unwrap_or_default().display();
            let hint = match folder.parent() {
                None => format!("; `sqlite:{relative}` is a file in the working directory"),
                Some(_) => String::new(),
            };
            format!("cannot be made: this process needs the right to write in `{shown}`{hint}")
        }
        Err(error) if error.kind() == NotFound => {
            format!("cannot be opened: its folder `{shown}` does not exist, make it first")
        }
        Err(error) => {
            format!("cannot be opened: its folder `{shown}` cannot be looked at: {error}")
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
        assert!(told.ends_with("right to write in `.`"), "{told}");
    }
}
