//! The files that addresses name, and the errors for files that cannot be opened.

use std::fs;
use std::process::Command;

use punctual_sqlx::{ErrorKind, SqliteStore};
use punctual_store::JobStore;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use crate::fixture::{add, at, due, job};
use crate::folder::Folder;
use crate::opening::{refused, says};

#[tokio::test]
async fn the_file_that_is_named_is_the_one_that_is_made() {
    let folder = Folder::new();
    for (address, name) in [
        ("plain.db", "plain.db"),
        ("made.db?mode=rwc", "made.db"),
        ("with blank.db?cache=private&psow=1", "with blank.db"),
        ("with%20blank%20too.db", "with blank too.db"),
        ("100%25.db", "100%.db"),
        ("what%3F.db", "what?.db"),
        ("part#1.db", "part#1.db"),
        ("new%0Aline.db", "new\nline.db"),
        ("%66ile:jobs.db?nolock=0&immutable=0", "file:jobs.db"),
        ("crab🦀.db", "crab🦀.db"),
    ] {
        let store = SqliteStore::open(folder.url(address)).await;
        let store = store.unwrap_or_else(|error| panic!("{address}: {error}"));
        add(&store, job("a")).await.unwrap();
        assert!(folder.path(name).is_file(), "{name}");
        store.close().await;
        // The file exists now.
        let again = SqliteStore::open_file(folder.path(name)).await.unwrap();
        assert_eq!(due(&again, at(10)).await.jobs.len(), 1, "{name}");
        again.close().await;
    }
    let left = fs::read_dir(folder.path("")).unwrap().count();
    assert_eq!(left, 10, "nothing else is made");
}

#[tokio::test]
async fn a_path_with_special_characters_is_a_file_name() {
    let folder = Folder::new();
    for name in [
        "a b?mode=ro",
        "50%41.db",
        "c#d",
        ":memory:",
        "file:x?vfs=none",
    ] {
        let options = SqliteStore::open_file(folder.path(name));
        let store = options.await.unwrap();
        add(&store, job("a")).await.unwrap();
        assert!(folder.path(name).is_file(), "{name}");
    }
}

#[tokio::test]
async fn a_file_that_has_to_be_there_is_opened_if_it_is() {
    let folder = Folder::new();
    let there = SqliteStore::open(format!("{}?mode=rw", folder.url("jobs.db")));
    let error = refused(there.clone()).await;
    let parts = ["jobs.db` does not exist", "`mode=rw`"];
    says(&error, ErrorKind::Io, &parts);
    assert!(!error.is_temporary());
    assert!(!folder.path("jobs.db").exists(), "nothing is made");
    folder.open("jobs.db").await.close().await;
    let store = there.await.unwrap();
    add(&store, job("a")).await.unwrap();
}

#[tokio::test]
async fn a_store_that_could_not_write_is_refused_though_the_file_is_there() {
    let folder = Folder::new();
    folder.open("jobs.db").await.close().await;
    for query in ["mode=ro", "immutable=1"] {
        let url = format!("{}?{query}", folder.url("jobs.db"));
        let error = refused(SqliteStore::open(url)).await;
        says(&error, ErrorKind::Invalid, &["jobs.db", "a store writes"]);
    }
}

#[tokio::test]
async fn what_is_in_the_way_of_a_file_is_named() {
    let folder = Folder::new();
    fs::create_dir(folder.path("folder")).unwrap();
    fs::write(folder.path("file"), "").unwrap();
    for (address, kind, part) in [
        ("folder", ErrorKind::Invalid, "this is a folder"),
        ("folder/", ErrorKind::Invalid, "this is a folder"),
        ("", ErrorKind::Invalid, "this is a folder"),
        (
            "nowhere/jobs.db",
            ErrorKind::Io,
            "nowhere` does not exist; create it",
        ),
        (
            "nowhere/jobs.db?mode=rw",
            ErrorKind::Io,
            "nowhere` does not exist",
        ),
        ("file/jobs.db", ErrorKind::Io, "directory"),
        (&"x".repeat(300), ErrorKind::Io, "too long"),
    ] {
        let error = refused(folder.options(address)).await;
        says(&error, kind, &[part]);
        assert!(!error.is_temporary(), "{address}");
    }
    let made = fs::read_dir(folder.path("")).unwrap().count();
    assert_eq!(made, 2, "nothing is made");
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_that_leads_nowhere_is_named_and_others_are_followed() {
    use std::os::unix::fs::symlink;

    let folder = Folder::new();
    symlink(folder.path("nowhere/jobs.db"), folder.path("broken.db")).unwrap();
    let error = refused(folder.options("broken.db")).await;
    let parts = ["broken.db` is a link to", "nowhere/jobs.db`"];
    says(&error, ErrorKind::Io, &parts);
    symlink(folder.path("jobs.db"), folder.path("link.db")).unwrap();
    let store = folder.open("link.db").await;
    add(&store, job("a")).await.unwrap();
    assert!(folder.path("jobs.db").is_file());
}

/// The variable that tells a process of this program the folder to begin in and the next one.
const FOLDERS: &str = "PUNCTUAL_TEST_FOLDERS";

/// The part of the other process. It does nothing unless the variable is set.
#[tokio::test]
async fn child_that_changes_its_folder() {
    let Ok(folders) = std::env::var(FOLDERS) else {
        return;
    };
    let (from, to) = folders.split_once('\n').unwrap();
    std::env::set_current_dir(from).unwrap();
    let store = SqliteStore::open("sqlite:jobs.db").await.unwrap();
    std::env::set_current_dir(to).unwrap();
    SqliteStore::open("sqlite:jobs.db").await.unwrap();
    // These are the first calls that need their connections.
    add(&store, job("a")).await.unwrap();
    assert_eq!(due(&store, at(10)).await.jobs.len(), 1);
    let page = store.list(Default::default()).await.unwrap();
    assert_eq!(page.jobs.len(), 1);
}

#[tokio::test]
async fn a_relative_path_stays_where_it_was_when_the_process_goes_elsewhere() {
    let (from, to) = (Folder::new(), Folder::new());
    let told = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "addresses::child_that_changes_its_folder"])
        .env(
            FOLDERS,
            format!("{}\n{}", from.path("").display(), to.path("").display()),
        )
        .output()
        .unwrap();
    assert!(told.status.success(), "{told:?}");
    let jobs = async |folder: &Folder| due(&folder.open("jobs.db").await, at(10)).await.jobs.len();
    assert_eq!((jobs(&from).await, jobs(&to).await), (1, 0));
}

#[tokio::test]
async fn a_pool_without_its_file_is_told_what_is_missing() {
    let folder = Folder::new();
    for (name, parts) in [
        (
            "jobs.db",
            &["jobs.db` does not exist", "create_if_missing"][..],
        ),
        (
            "nowhere/jobs.db",
            &["nowhere` does not exist; create it"][..],
        ),
    ] {
        let connect = SqliteConnectOptions::new().filename(folder.path(name));
        let pool = SqlitePool::connect_lazy_with(connect);
        let error = SqliteStore::open_in(pool).await.unwrap_err();
        says(&error, ErrorKind::Io, parts);
    }
}
