//! What the facade shows: few names at its root, each of the others in the module of its theme.

use std::fs;
use std::path::Path;

const TYPES: [&str; 12] = [
    "Args",
    "Cron",
    "Date",
    "Error",
    "FromContext",
    "Interval",
    "JobContext",
    "JobHandle",
    "Output",
    "Scheduler",
    "State",
    "Trigger",
];
const MACROS: [&str; 3] = ["FromContext", "job", "scheduled_job"];
const FUNCTIONS: [&str; 1] = ["shutdown_signal"];
const MODULES_OF_OTHERS: [&str; 3] = ["__private", "chrono", "testing"];

fn facade() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/punctual/src")
}

/// Returns the names that a file gives to its readers by `pub use`.
fn given(text: &str) -> Vec<String> {
    let uses = text.split("pub use ").skip(1);
    let lists = uses.map(|rest| rest.split(';').next().unwrap());
    let names = lists.flat_map(|list| {
        let list = list.split_once('{').map_or_else(
            || list.rsplit("::").next().unwrap(),
            |(_, names)| names.trim_end_matches('}'),
        );
        list.split(',')
            .map(|name| name.rsplit(" as ").next().unwrap().trim())
    });
    let mut names: Vec<_> = names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    names.sort();
    names
}

#[test]
fn the_root_of_the_facade_fits_on_a_screen() {
    let mut expected: Vec<&str> = [&TYPES[..], &MACROS, &FUNCTIONS, &MODULES_OF_OTHERS].concat();
    expected.sort_unstable();
    assert_eq!(
        given(&fs::read_to_string(facade().join("lib.rs")).unwrap()),
        expected
    );
}

#[test]
fn the_facade_names_all_that_it_shows() {
    for file in fs::read_dir(facade()).unwrap() {
        let file = file.unwrap().path();
        let text = fs::read_to_string(&file).unwrap();
        assert!(
            !text.contains("::*"),
            "{}: a glob shows more than what was chosen",
            file.display()
        );
    }
}
