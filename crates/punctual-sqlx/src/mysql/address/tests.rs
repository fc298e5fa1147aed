//! Tests addresses, good ones and all kinds of wrong ones.

use super::*;

fn read(url: &str) -> Address {
    Address::read(url).unwrap_or_else(|error| panic!("{url}: {error}"))
}

#[test]
fn an_address_names_its_place_without_the_password() {
    let address = read("mysql://app:s3cret@db.example.com:3307/jobs?ssl-mode=REQUIRED");
    assert_eq!(address.place, "mysql://app@db.example.com:3307/jobs");
    let address = read("MariaDB://app@db/jobs?socket=/run/mysqld/mysqld.sock");
    assert_eq!(address.place, "mysql://app@/run/mysqld/mysqld.sock/jobs");
}

#[test]
fn special_characters_are_escaped() {
    let address = read("mysql://a%40b:p%40ss%2F%3Aw%23rd%3F%25@db/my%20jobs");
    assert_eq!(address.options.get_username(), "a@b");
    assert_eq!(address.options.get_database(), Some("my jobs"));
}

#[test]
fn a_wrong_address_is_told_with_its_fix_and_without_its_password() {
    for (url, part) in [
        ("jobs.db", "begin with `mysql://`"),
        ("postgres://app:s3cret@db/jobs", "begin with `mysql://`"),
        ("mysql://app:s3cret#x@db/jobs", "%23"),
        ("mysql://app:s3cret@db", "names no database"),
        ("mysql://app:s3cret@db:port/jobs", "number as its port"),
        ("mysql://app:s3cret@db/jobs?ssl-mode=sometimes", "VERIFY_CA"),
        (
            "mysql://app:s3cret@db/jobs?charset=latin1",
            "leave out `charset`",
        ),
        (
            "mysql://app:s3cret@db/jobs?connect_timeout=3",
            "opening_timeout",
        ),
        ("mysql://app:s3cret@db/jobs\n", "\\n"),
    ] {
        let error = Address::read(url).expect_err(url);
        assert_eq!(error.kind(), ErrorKind::Invalid, "{url}");
        let text = format!("{error} {error:?}");
        assert!(text.contains(part), "{url}: {text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
}
