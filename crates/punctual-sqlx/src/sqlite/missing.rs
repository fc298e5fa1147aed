//! Why SQLite could not open a file: all that it says itself is that it could not.

use std::fs;
use std::io::ErrorKind::NotFound;
use std::path::Path;

/// What is wrong with a file and what to do, to be read after its name.
pub(super) fn reason(path: &Path, creates: bool) -> String {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => {
            "cannot be opened: this process needs the right to read and write it".to_owned()
        }
        Ok(_) => "is not a file: name one".to_owned(),
        Err(error) if error.kind() != NotFound => format!("cannot be opened: {error}"),
        Err(_) => missing(path, creates),
    }
}

fn missing(path: &Path, creates: bool) -> String {
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
        Ok(_) if !creates => {
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
