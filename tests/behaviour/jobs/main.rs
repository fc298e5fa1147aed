//! Functions as jobs, through the crate that users add: attributes, handlers, redeploys, testing.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod arities;
mod attributes;
mod derived;
mod redeploy;
mod refused;
mod tested;

/// What the front page shows is what `cargo run --example macro` runs.
#[test]
fn the_readme_shows_the_example() {
    let readme = include_str!("../../../README.md");
    let example = include_str!("../../../examples/macro/main.rs");
    let program = example.split_once("\n\n").unwrap().1;
    assert!(readme.contains(program), "README.md lacks:\n{program}");
    assert_eq!(program.lines().count(), 15);
}
