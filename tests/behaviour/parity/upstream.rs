//! Which cases the upstream suites have: every one of them has a case here.

use std::collections::BTreeSet;

use crate::FILES;
use crate::case::Verdict;

/// Names of all upstream tests of the files that are replayed, one in a line.
const NAMES: [(&str, &str); 2] = [
    ("3.11", include_str!("upstream/3.11.3.txt")),
    ("4.0", include_str!("upstream/4.0.0a6.txt")),
];

/// The name without the parameters of a case that upstream runs several times.
fn plain(name: &str) -> &str {
    name.split_once('[').map_or(name, |(name, _)| name)
}

#[test]
fn every_upstream_test_has_a_case_and_every_case_an_upstream_test() {
    let upstream: BTreeSet<String> = NAMES
        .iter()
        .flat_map(|(version, names)| names.lines().map(move |name| format!("{version} {name}")))
        .collect();
    let own: BTreeSet<String> = FILES
        .iter()
        .filter(|suite| suite.file.starts_with("test_") || suite.file.starts_with("triggers/"))
        .flat_map(|suite| {
            let named = move |case: &crate::case::Case| {
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

#[test]
fn names_are_unique_and_reasons_are_given() {
    for suite in FILES {
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

/// Says how many cases there are, also where the output of tests is captured.
#[test]
fn the_counts_are_said() {
    use std::io::Write;

    let all: Vec<_> = FILES.iter().flat_map(crate::case::Suite::cases).collect();
    let same = all
        .iter()
        .filter(|case| matches!(case.verdict, Verdict::Same))
        .count();
    let different = all.len() - same;
    let mut out = std::io::stdout();
    writeln!(
        out,
        "parity: {} cases, {same} same, {different} different on purpose",
        all.len()
    )
    .unwrap();
    assert!(all.len() > 400, "the suite has shrunk");
}
