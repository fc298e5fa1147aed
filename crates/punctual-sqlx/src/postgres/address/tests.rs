//! Tests addresses, good ones and all kinds of wrong ones.

use super::*;

fn read(url: &str) -> Address {
    Address::read(url).unwrap_or_else(|error| panic!("{url}: {error}"))
}

#[test]
fn an_address_names_its_place_without_the_password() {
    let address = read("postgres://app:s3cret@db.example.com:6543/jobs?sslmode=require");
    assert_eq!(address.place, "postgres://app@db.example.com:6543/jobs");
    assert_eq!((address.schema, address.is_pooled), (None, false));
    let address =
        read("POSTGRESQL:///jobs?user=app&host=/run/postgresql&schema=own&pgbouncer=true");
    assert!(
        address.place.contains("/run/postgresql"),
        "{}",
        address.place
    );
    assert_eq!(
        (address.schema.as_deref(), address.is_pooled),
        (Some("own"), true)
    );
}

#[test]
fn special_characters_are_escaped() {
    let address = read("postgres://a%40b:p%40ss%2F%3Aw%23rd%3F%25@db/my%20jobs");
    assert_eq!(address.options.get_username(), "a@b");
    assert_eq!(address.options.get_database(), Some("my jobs"));
}

#[test]
fn a_wrong_address_is_told_with_its_fix_and_without_its_password() {
    for (url, part) in [
        ("mysql://app:s3cret@db/jobs", "postgres://"),
        ("jobs", "postgres://"),
        ("postgres://app:s3cret/with@db/jobs", "%2F"),
        ("postgres://app:s3cret#with@db/jobs", "%23"),
        ("postgres://app:s3cret@db:port/jobs", "port"),
        ("postgres://app:s3cret@db/jobs?sslmode=maybe", "verify-full"),
        (
            "postgres://app:s3cret@db/jobs?pool_size=3",
            "leave out `pool_size`",
        ),
        (
            "postgres://app:s3cret@db/jobs?statement_timeout=3",
            "OpenPostgres::statement_timeout",
        ),
        (
            "postgres://app:s3cret@db/jobs?schema=a-b",
            "letters, digits",
        ),
        (
            "postgres://app:s3cret@db/jobs?pgbouncer=1",
            "pgbouncer=true",
        ),
        ("postgres://app:s3cret@db/jobs\n", "\\n"),
    ] {
        let error = Address::read(url).expect_err(url);
        assert_eq!(error.kind(), ErrorKind::Invalid, "{url}");
        let text = format!("{error} {error:?}");
        assert!(text.contains(part), "{url}: {text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
}
