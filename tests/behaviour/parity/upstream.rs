//! Which cases the upstream suites have: every one of them has a case here.

use std::collections::BTreeSet;

use crate::SUITES;
use crate::case::{Case, Suite, Verdict};

/// Names of all upstream tests of the files that are replayed, one in a line.
const NAMES: [(&str, &str); 2] = [
    ("3.11", include_str!("upstream/3.11.3.txt")),
    ("4.0", include_str!("upstream/4.0.0a6.txt")),
];

/// The name without the parameters of a case that upstream runs several times.
fn plain(name: &str) -> &str {
    name.split_once('[').map_or(name, |(name, _)| name)
}

pub(crate) fn cases_and_upstream_tests_are_the_same() {
    let upstream: BTreeSet<String> = NAMES
        .iter()
        .flat_map(|(version, names)| names.lines().map(move |name| format!("{version} {name}")))
        .collect();
    let own: BTreeSet<String> = SUITES
        .iter()
        .filter(|suite| suite.file.starts_with("test_") || suite.file.starts_with("triggers/"))
        .flat_map(|suite| {
            let named = move |case: &Case| {
                format!("{} {}::{}", suite.version, suite.file, plain(case.name))
            };
            suite.cases().map(named)
        })
        .collect();
    let lacking: Vec<_> = upstream.difference(&own).collect();
    let invented: Vec<_> = own.difference(&upstream).collect();
    assert!(lacking.is_empty(), "without a case here: {lacking:#?}");
    assert!(invented.is_empty(), "not an upstream test: {invented:#?}");
}

pub(crate) fn names_are_unique_and_reasons_are_given() {
    for suite in SUITES {
        let mut seen = BTreeSet::new();
        for case in suite.cases() {
            assert!(
                seen.insert(case.name),
                "{}: {} is there twice",
                suite.file,
                case.name
            );
            if let Verdict::Different(reason) = case.verdict {
                assert!(
                    reason.len() > 10,
                    "{}: {} needs a reason",
                    suite.file,
                    case.name
                );
            }
        }
    }
}

pub(crate) fn no_case_got_lost() {
    let count = SUITES.iter().flat_map(Suite::cases).count();
    assert!(count > 400, "the suites have shrunk to {count} cases");
}

/// How many cases there are, and how many of them are the same here.
pub(crate) fn counts() -> String {
    let cases = || SUITES.iter().flat_map(Suite::cases);
    let count = cases().count();
    let same = cases()
        .filter(|case| matches!(case.verdict, Verdict::Same))
        .count();
    let different = count - same;
    format!("{count} cases, {same} same, {different} different on purpose")
}
