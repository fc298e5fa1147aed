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

#[test]
fn an_address_that_means_something_else_is_refused_with_what_to_write() {
    let (invalid, read_only) = (ErrorKind::Invalid, ErrorKind::ReadOnly);
    for (url, kind, part) in [
        ("", invalid, "begin with `sqlite:`"),
        ("jobs.db", invalid, "begin with `sqlite:`"),
        (" sqlite:jobs.db", invalid, "begin with `sqlite:`"),
        ("sqlite3:jobs.db", invalid, "begin with `sqlite:`"),
        ("postgres://localhost/jobs", invalid, "begin with `sqlite:`"),
        ("file:jobs.db", invalid, "as in `sqlite:jobs.db`"),
        ("sqlite:file:jobs.db", invalid, "as in `sqlite:jobs.db`"),
        (
            "sqlite:FILE:///a/jobs.db",
            invalid,
            "as in `sqlite:/a/jobs.db`",
        ),
        ("sqlite:", invalid, "name a file"),
        ("sqlite://", invalid, "name a file"),
        ("sqlite:?mode=rwc", invalid, "name a file"),
        ("sqlite:/", invalid, "folder"),
        ("sqlite:.", invalid, "folder"),
        ("sqlite:..", invalid, "folder"),
        ("sqlite:data/", invalid, "folder"),
        ("sqlite::memory:", invalid, "`MemoryStore`"),
        ("sqlite://:memory:", invalid, "`MemoryStore`"),
        ("sqlite:%3Amemory%3A", invalid, "`MemoryStore`"),
        ("sqlite::MEMORY:", invalid, "`MemoryStore`"),
        ("sqlite:x?mode=memory", invalid, "`MemoryStore`"),
        (
            "sqlite:?mode=memory&cache=shared",
            invalid,
            "`cache=shared`",
        ),
        ("sqlite:jobs.db ", invalid, "`%20`"),
        ("sqlite: jobs.db", invalid, "`%20`"),
        ("sqlite:jobs.db\n", invalid, "'\\n'"),
        ("sqlite:jo\0bs.db", invalid, "`SqliteOptions::file`"),
        ("sqlite:jobs%00.db", invalid, "`%00`"),
        ("sqlite:100%.db", invalid, "`%25`"),
        ("sqlite:100%", invalid, "`%25`"),
        ("sqlite:%+1.db", invalid, "`%25`"),
        ("sqlite:%é.db", invalid, "`%25`"),
        ("sqlite:%FF.db", invalid, "UTF-8"),
        (
            "sqlite:x?mode=ro",
            read_only,
            "a store writes: write `mode=rw`",
        ),
        ("sqlite:x?mode=RWC", invalid, "say `mode=rwc`"),
        ("sqlite:x?mode=", invalid, "say `mode=rwc`"),
        ("sqlite:x?mode", invalid, "say `mode=rwc`"),
        ("sqlite:x?mode=rwc#there", invalid, "say `mode=rwc`"),
        ("sqlite:x?mode=rwc&mode=rwc", invalid, "name `mode` once"),
        (
            "sqlite:x?cache=private&mode=rw&cache=private",
            invalid,
            "name `cache` once",
        ),
        ("sqlite:x?MODE=rwc", invalid, "`mode` in lower case"),
        ("sqlite:x?mode=rwc?cache=private", invalid, "say `mode=rwc`"),
        ("sqlite:x?cache=shared", invalid, "leave out `cache=shared`"),
        ("sqlite:x?cache=some", invalid, "say `cache=private`"),
        ("sqlite:x?immutable=1", read_only, "a store writes"),
        ("sqlite:x?immutable=True", read_only, "a store writes"),
        ("sqlite:x?immutable=2", invalid, "say `immutable=0`"),
        ("sqlite:x?nolock=1", invalid, "leave out `nolock`"),
        ("sqlite:x?nolock", invalid, "say `nolock=0`"),
        ("sqlite:x?psow=0", invalid, "`SqliteOptions::open_in`"),
        ("sqlite:x?psow=x", invalid, "say `psow=1`"),
        (
            "sqlite:x?vfs=unix-none",
            invalid,
            "`SqliteOptions::open_in`",
        ),
        ("sqlite:x?modeof=/etc/passwd", invalid, "leave out `modeof`"),
        (
            "sqlite:x?busy_timeout=5",
            invalid,
            "`SqliteOptions::busy_timeout`",
        ),
        ("sqlite:x?colour=red", invalid, "leave out `colour`"),
        ("sqlite:what?.db", invalid, "`%3F`"),
    ] {
        let error = Address::read(url).expect_err(url);
        let text = error.to_string();
        assert_eq!(error.kind(), kind, "{text}");
        assert!(text.contains(part), "`{part}` is not in: {text}");
        let url = url.escape_debug().to_string();
        assert!(text.starts_with(&format!("the address `{url}` ")), "{text}");
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
        assert!(
            told.starts_with("the path ") && told.contains(part),
            "{told}"
        );
    }
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
