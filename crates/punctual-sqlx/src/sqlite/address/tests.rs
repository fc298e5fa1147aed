use super::*;

fn read(url: &str) -> (String, bool) {
    let Address { path, creates } = Address::read(url).unwrap_or_else(|error| panic!("{error}"));
    (path.to_str().unwrap().to_owned(), creates)
}

#[test]
fn an_address_means_what_it_says() {
    for (url, path) in [
        ("sqlite:jobs.db", "jobs.db"),
        ("sqlite://jobs.db", "jobs.db"),
        ("SQLite:jobs.db", "jobs.db"),
        ("sqlite:./jobs.db", "./jobs.db"),
        ("sqlite:../data/jobs.db", "../data/jobs.db"),
        ("sqlite:/var/jobs.db", "/var/jobs.db"),
        ("sqlite:///var/jobs.db", "/var/jobs.db"),
        ("sqlite:////var/jobs.db", "//var/jobs.db"),
        ("sqlite:my jobs.db", "my jobs.db"),
        ("sqlite:my%20jobs.db", "my jobs.db"),
        ("sqlite:%20jobs.db%0A", " jobs.db\n"),
        ("sqlite:100%25.db", "100%.db"),
        ("sqlite:what%3f.db", "what?.db"),
        ("sqlite:jobs#1.db", "jobs#1.db"),
        ("sqlite:jobs%231.db", "jobs#1.db"),
        ("sqlite:a+b&c=d.db", "a+b&c=d.db"),
        ("sqlite:%F0%9F%A6%80🦀.db", "🦀🦀.db"),
        ("sqlite:sqlite:jobs.db", "sqlite:jobs.db"),
        ("sqlite:%66ile:jobs.db", "./file:jobs.db"),
        ("sqlite:./file:jobs.db", "./file:jobs.db"),
        ("sqlite:./:memory:", "./:memory:"),
        ("sqlite::temp:", "./:temp:"),
    ] {
        assert_eq!(read(url), (path.to_owned(), true), "{url}");
    }
}

#[test]
fn a_parameter_is_taken_where_a_store_is_like_that() {
    for query in [
        "",
        "&",
        "mode=rwc",
        "mode=rwc&",
        "m%6fde=r%77c",
        "cache=private",
        "psow=1",
        "psow=ON",
        "nolock=0",
        "nolock=False",
        "immutable=no",
        "immutable=off&cache=private&mode=rwc",
    ] {
        assert_eq!(
            read(&format!("sqlite:x?{query}")),
            ("x".to_owned(), true),
            "{query}"
        );
    }
    for query in ["mode=rw", "cache=private&mode=rw"] {
        assert_eq!(
            read(&format!("sqlite:x?{query}")),
            ("x".to_owned(), false),
            "{query}"
        );
    }
}

const INVALID: ErrorKind = ErrorKind::Invalid;

/// Addresses, each with the kind of its error and a part of the message.
const REFUSED: &[(&str, ErrorKind, &str)] = &[
    ("", INVALID, "begin with `sqlite:`"),
    ("jobs.db", INVALID, "begin with `sqlite:`"),
    (" sqlite:jobs.db", INVALID, "begin with `sqlite:`"),
    ("sqlite3:jobs.db", INVALID, "begin with `sqlite:`"),
    ("postgres://localhost/jobs", INVALID, "begin with `sqlite:`"),
    ("file:jobs.db", INVALID, "as in `sqlite:jobs.db`"),
    ("sqlite:file:jobs.db", INVALID, "as in `sqlite:jobs.db`"),
    (
        "sqlite:FILE:///a/jobs.db",
        INVALID,
        "as in `sqlite:/a/jobs.db`",
    ),
    ("sqlite:", INVALID, "name a file"),
    ("sqlite://", INVALID, "name a file"),
    ("sqlite:?mode=rwc", INVALID, "name a file"),
    ("sqlite:/", INVALID, "folder"),
    ("sqlite:.", INVALID, "folder"),
    ("sqlite:..", INVALID, "folder"),
    ("sqlite:data/", INVALID, "folder"),
    ("sqlite::memory:", INVALID, "`MemoryStore`"),
    ("sqlite://:memory:", INVALID, "`MemoryStore`"),
    ("sqlite:%3Amemory%3A", INVALID, "`MemoryStore`"),
    ("sqlite::MEMORY:", INVALID, "`MemoryStore`"),
    ("sqlite:x?mode=memory", INVALID, "`MemoryStore`"),
    (
        "sqlite:?mode=memory&cache=shared",
        INVALID,
        "`cache=shared`",
    ),
    ("sqlite:jobs.db ", INVALID, "`%20`"),
    ("sqlite: jobs.db", INVALID, "`%20`"),
    ("sqlite:jobs.db\n", INVALID, "'\\n'"),
    ("sqlite:jo\0bs.db", INVALID, "`SqliteStore::open_file`"),
    ("sqlite:jobs%00.db", INVALID, "`%00`"),
    ("sqlite:100%.db", INVALID, "`%25`"),
    ("sqlite:100%", INVALID, "`%25`"),
    ("sqlite:%+1.db", INVALID, "`%25`"),
    ("sqlite:%é.db", INVALID, "`%25`"),
    ("sqlite:%FF.db", INVALID, "UTF-8"),
    ("sqlite:x?mode=ro", INVALID, "since a store writes"),
    ("sqlite:x?mode=RWC", INVALID, "say `mode=rwc`"),
    ("sqlite:x?mode=", INVALID, "say `mode=rwc`"),
    ("sqlite:x?mode", INVALID, "say `mode=rwc`"),
    ("sqlite:x?mode=rwc#there", INVALID, "say `mode=rwc`"),
    ("sqlite:x?mode=rwc&mode=rwc", INVALID, "name `mode` once"),
    (
        "sqlite:x?cache=private&mode=rw&cache=private",
        INVALID,
        "name `cache` once",
    ),
    ("sqlite:x?MODE=rwc", INVALID, "`mode` in lower case"),
    ("sqlite:x?mode=rwc?cache=private", INVALID, "say `mode=rwc`"),
    ("sqlite:x?cache=shared", INVALID, "leave out `cache=shared`"),
    ("sqlite:x?cache=some", INVALID, "say `cache=private`"),
    ("sqlite:x?immutable=1", INVALID, "since a store writes"),
    ("sqlite:x?immutable=True", INVALID, "since a store writes"),
    ("sqlite:x?immutable=2", INVALID, "say `immutable=0`"),
    ("sqlite:x?nolock=1", INVALID, "leave out `nolock`"),
    ("sqlite:x?nolock", INVALID, "say `nolock=0`"),
    ("sqlite:x?psow=0", INVALID, "`SqliteStore::open_in`"),
    ("sqlite:x?psow=x", INVALID, "say `psow=1`"),
    ("sqlite:x?vfs=unix-none", INVALID, "`SqliteStore::open_in`"),
    ("sqlite:x?modeof=/etc/passwd", INVALID, "leave out `modeof`"),
    (
        "sqlite:x?busy_timeout=5",
        INVALID,
        "`OpenSqlite::busy_timeout`",
    ),
    ("sqlite:x?colour=red", INVALID, "leave out `colour`"),
    (
        "sqlite:x?colour=red",
        INVALID,
        "`mode=rwc`, `mode=rw`, `cache=private`",
    ),
    ("sqlite:what?.db", INVALID, "`%3F`"),
];

#[test]
fn an_address_that_means_something_else_is_refused_with_what_to_write() {
    for &(url, kind, part) in REFUSED {
        let error = Address::read(url).expect_err(url);
        let text = error.to_string();
        assert_eq!(error.kind(), kind, "{text}");
        assert!(text.contains(part), "`{part}` is not in: {text}");
        assert!(text.starts_with("url: `"), "{text}");
        assert_eq!(error.field(), Some("url"));
    }
}

#[test]
fn a_path_is_taken_as_it_is() {
    for (given, path) in [
        ("jobs.db", "jobs.db"),
        (" 100% jobs?mode=ro#1\n", " 100% jobs?mode=ro#1\n"),
        ("file:jobs.db?mode=ro", "./file:jobs.db?mode=ro"),
        (":memory:", "./:memory:"),
        ("sqlite:jobs.db", "sqlite:jobs.db"),
    ] {
        let address = Address::of(Path::new(given)).unwrap();
        assert_eq!(address.path, Path::new(path));
        assert!(address.creates);
    }
    for (given, part) in [("", "name a file"), ("a/", "folder"), ("a\0b", "NUL")] {
        let told = Address::of(Path::new(given)).unwrap_err().to_string();
        assert!(told.starts_with("path: ") && told.contains(part), "{told}");
    }
}

#[test]
fn a_password_is_not_told() {
    let error = Address::read("postgres://app:s3cret@db/jobs").unwrap_err();
    let told = format!("{error} {error:?} {error:#?}");
    assert!(
        told.contains("app:***@db") && !told.contains("s3cret"),
        "{told}"
    );
}

#[cfg(unix)]
#[test]
fn a_path_that_is_not_unicode_is_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let path = Path::new(OsStr::from_bytes(b"\xff.db"));
    let told = Address::of(path).unwrap_err().to_string();
    assert!(told.contains("Unicode"), "{told}");
}
