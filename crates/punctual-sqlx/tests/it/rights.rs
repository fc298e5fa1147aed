//! The errors for a process without rights to a file.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use punctual_sqlx::{ErrorKind, SqliteStore};

use crate::fixture::{add, job};
use crate::folder::Folder;

/// The variable that tells a process of this program which file to open.
const FILE: &str = "PUNCTUAL_TEST_FILE_WITHOUT_RIGHTS";
/// The variable that tells a process of this program the file to begin in.
const READ_ONLY_FILE: &str = "PUNCTUAL_TEST_FILE_THAT_IS_READ_ONLY";
const TOLD: &str = "told: ";
/// The user `nobody` on most systems. `root` may write everywhere, so it has to become another
/// user.
const NOBODY: u32 = 65_534;

/// The part of the other processes. They do nothing unless the variable is set.
#[tokio::test]
async fn child_without_rights() {
    if let Ok(file) = std::env::var(FILE) {
        match SqliteStore::open(file).await {
            Ok(_) => println!("{TOLD}nothing, it was opened"),
            Err(error) => println!("{TOLD}{:?} {error}", error.kind()),
        }
    }
}

/// The part of the other processes. They do nothing unless the variable is set. Their first writing
/// connection finds a read-only file.
#[tokio::test]
async fn child_that_may_only_read_for_a_while() {
    let Ok(path) = std::env::var(READ_ONLY_FILE) else {
        return;
    };
    let open = async || {
        let options = SqliteStore::open(format!("sqlite://{path}"));
        options.await.unwrap()
    };
    let all = |mode| {
        set(Path::new(&path), mode);
        set(Path::new(&format!("{path}-wal")), mode);
    };
    let others = open().await;
    add(&others, job("keeps the log open")).await.unwrap();
    let store = open().await;
    all(0o444);
    let refused = add(&store, job("a"))
        .await
        .map_err(|error| error.to_string());
    all(0o644);
    let added = add(&store, job("a"))
        .await
        .map_err(|error| error.to_string());
    println!("{TOLD}{:?} then {:?}", refused.err(), added.map(drop));
}

/// Returns the answer of a process without the rights of this one that opens a file.
fn open_without_rights(folder: &Folder, file: &str) -> String {
    told_by(folder, "child_without_rights", FILE, &folder.url(file))
}

/// Returns the answer of a process without the rights of this one.
fn told_by(folder: &Folder, test: &str, variable: &str, value: &str) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    if is_root() {
        // Other users may not read the folder of this program.
        let copy = folder.path("program");
        // Another process writes the copy. A file cannot be executed while a process that another
        // test starts has inherited it open for writing.
        let mut copying = Command::new("cp");
        copying.arg(std::env::current_exe().unwrap()).arg(&copy);
        assert!(copying.status().unwrap().success());
        command = Command::new(copy);
        command.uid(NOBODY).current_dir("/");
    }
    let output = command
        .args(["--exact", &format!("rights::{test}"), "--nocapture"])
        .env(variable, value)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = text.split_once(TOLD).map(|(_, told)| told.lines().next());
    told.flatten().unwrap_or(&text).to_owned()
}

/// Returns true if files of this process belong to `root`.
fn is_root() -> bool {
    let own = Folder::new();
    fs::metadata(own.path("")).unwrap().uid() == 0
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
        // The first file is read-only. The second may not even be read. The third may be written,
        // but its folder takes no journal.
        (0o755, 0o444, ErrorKind::Denied, "rights"),
        (0o755, 0o000, ErrorKind::Denied, "permission"),
        (0o555, 0o666, ErrorKind::Denied, "folder"),
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

/// SQLite opens a write-protected file for reading, and the connection stays read-only.
#[test]
fn a_file_that_may_be_written_again_is_written_again() {
    let folder = Folder::new();
    let base = folder.path("");
    set(&base, 0o755);
    if is_root() {
        chown(&base, Some(NOBODY), None).unwrap();
    }
    let file = folder.path("jobs.db");
    let test = "child_that_may_only_read_for_a_while";
    let told = told_by(&folder, test, READ_ONLY_FILE, file.to_str().unwrap());
    if is_root() {
        chown(&base, Some(0), None).unwrap();
    }
    assert!(told.contains("check the rights"), "{told}");
    assert!(told.ends_with("then Ok(())"), "{told}");
}
