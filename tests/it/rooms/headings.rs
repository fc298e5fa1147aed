//! The blocks of methods of a scheduler and of its builder, which are many in the documentation.

use std::fs;
use std::path::Path;

use super::reading::files;

/// Returns the blocks that show methods and have no heading, as `type in file`.
fn without_heading(name: &str, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let opens = |line: &str| line == "impl Scheduler {" || line == "impl SchedulerBuilder {";
    let blocks = (0..lines.len()).filter(|at| opens(lines[*at]));
    let shows = |at: usize| {
        let body = lines[at..].iter().take_while(|line| **line != "}");
        let mut methods = body.filter(|line| line.starts_with("    pub fn"));
        methods.next().is_some()
    };
    let has_heading = |at: usize| at > 0 && lines[at - 1].starts_with("/// # ");
    blocks
        .filter(|at| shows(*at) && !has_heading(*at))
        .map(|at| format!("{} in {name}", lines[at]))
        .collect()
}

#[test]
fn each_block_of_methods_of_a_scheduler_has_a_heading() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/punctual-tokio/src");
    let mut without = Vec::new();
    for file in files(&source) {
        let text = fs::read_to_string(source.join(&file)).unwrap();
        without.extend(without_heading(&file.display().to_string(), &text));
    }
    // The main block of the builder comes first and needs none.
    assert_eq!(without, ["impl SchedulerBuilder { in builder/mod.rs"]);
}
