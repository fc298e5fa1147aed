//! What a process is told that lacks the rights to a file.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use punctual_sqlx::{ErrorKind, SqliteOptions};

use crate::folder::Folder;
use crate::scene::{add, job};

/// Tells a process of this program which file to open.
const FILE: &str = "PUNCTUAL_TEST_FILE_WITHOUT_RIGHTS";
const TOLD: &str = "told: ";
/// `root` may write everywhere, and has to be somebody else: `nobody`, wherever there is one.
const NOBODY: u32 = 65_534;

/// What the others do: nothing, unless they are told of a file.
#[tokio::test]
async fn one_without_rights() {
    if let Ok(file) = std::env::var(FILE) {
        match SqliteOptions::new(&file).open().await {
            Ok(_) => println!("{TOLD}nothing, it was opened"),
            Err(error) => println!("{TOLD}{:?} {error}", error.kind()),
        }
    }
}

/// What a process without the rights of this one says when it opens a file.
fn open_without_rights(folder: &Folder, file: &str) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    if fs::metadata(folder.path("")).unwrap().uid() == 0 {
        // Where this program lies, others may not look.
        let copy = folder.path("program");
        fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
        command = Command::new(copy);
        command.uid(NOBODY).current_dir("/");
    }
    let output = command
        .args(["--exact", "rights::one_without_rights", "--nocapture"])
        .env(FILE, folder.url(file))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = text.split_once(TOLD).map(|(_, told)| told.lines().next());
    told.flatten().unwrap_or(&text).to_owned()
}

fn set(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[track_caller]
fn says(told: &str, kind: ErrorKind, part: &str) {
    assert!(told.starts_with(&format!("{kind:?} ")), "{told}");
    assert!(told.contains("jobs.db") && told.contains(part), "{told}");
}

#[tokio::test]
async fn a_file_or_folder_without_the_rights_is_refused_and_not_harmed() {
    let folder = Folder::new();
    let base = folder.path("");
    set(&base, 0o755);
    let store = folder.open("jobs.db").await;
    add(&store, job("a")).await.unwrap();
    store.close().await;
    let file = folder.path("jobs.db");
    let before = fs::read(&file).unwrap();

    let cases = [
        // It may be read, but not written; not even read; written, but its folder takes no journal.
        (0o755, 0o444, ErrorKind::ReadOnly, "rights"),
        (0o755, 0o000, ErrorKind::Unreachable, "right"),
        (0o555, 0o666, ErrorKind::ReadOnly, "folder"),
    ];
    for (mode_of_folder, mode_of_file, kind, part) in cases {
        set(&base, 0o755);
        set(&file, mode_of_file);
        set(&base, mode_of_folder);
        says(&open_without_rights(&folder, "jobs.db"), kind, part);
    }
    set(&base, 0o755);
    set(&file, 0o644);
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[tokio::test]
async fn a_file_that_is_deleted_or_replaced_while_it_is_open_is_noticed() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    add(&store, job("a")).await.unwrap();
    let refused = async || add(&store, job("b")).await.unwrap_err().to_string();
    let file = folder.path("jobs.db");
    let elsewhere = folder.path("elsewhere.db");
    fs::rename(&file, &elsewhere).unwrap();
    let told = refused().await;
    assert!(told.contains("jobs.db` was deleted or replaced"), "{told}");
    fs::write(&file, "").unwrap();
    assert!(refused().await.contains("restart this process"));
    fs::rename(&elsewhere, &file).unwrap();
    add(&store, job("b")).await.unwrap();
}
