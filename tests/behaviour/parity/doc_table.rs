//! `docs/from-apscheduler.md` has a row for everything that people look for.

use crate::case::Suite;

const PAGE: &str = include_str!("../../../docs/from-apscheduler.md");

/// Everything that a program may name of APScheduler 3, and of what is used beside it.
const API: &str = include_str!("upstream/api.txt");

/// The rows of all tables: what people know, and what it is here.
fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    PAGE.lines().filter_map(|line| {
        let row = line.strip_prefix("| ")?.strip_suffix(" |")?;
        row.split_once(" | ")
    })
}

/// There is a row about it, and it says something.
pub(crate) fn has_row(word: &str) {
    let found = rows().find(|(known, _)| is_named(known, word));
    let (_, ours) =
        found.unwrap_or_else(|| panic!("docs/from-apscheduler.md has no row for `{word}`"));
    assert!(ours.len() > 2, "the row for `{word}` says nothing");
}

/// Whether a cell names something as a whole word: `pause` is not in `pause_job`.
fn is_named(cell: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    cell.match_indices(word).any(|(at, _)| {
        let before = cell[..at].chars().next_back().is_some_and(is_part);
        let after = cell[at + word.len()..].chars().next().is_some_and(is_part);
        !before && !after
    })
}

pub(crate) fn everything_of_the_api_has_a_row() {
    let lacking: Vec<_> = API
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter(|name| !rows().any(|(known, _)| is_named(known, name)))
        .collect();
    assert!(
        lacking.is_empty(),
        "docs/from-apscheduler.md lacks {lacking:#?}"
    );
}

/// A row never just says that there is nothing.
pub(crate) fn every_row_has_a_way_out() {
    for (known, ours) in rows() {
        let lowered = ours.to_lowercase();
        for excuse in ["not supported", "unsupported", "n/a", "todo"] {
            assert!(!lowered.contains(excuse), "{known}: {ours}");
        }
    }
}

/// The counts that the page gives are those of this suite.
pub(crate) fn the_page_says_how_many_cases_there_are() {
    let count = crate::SUITES.iter().flat_map(Suite::cases).count();
    assert!(
        PAGE.contains(&format!("{count} cases")),
        "there are {count} cases"
    );
}
