//! The rooms of each crate: a module at the top of its `src` may use another, but never one that leads
//! back to it.

mod circle;
mod facade;
mod headings;
mod reading;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use self::circle::circles;
use self::reading::{Graph, files, read};

/// `Scheduler::builder()` and `SchedulerBuilder::build` name each other, as a reader expects.
const ALLOWED: [(&str, &[&str]); 1] = [("punctual-tokio", &["builder", "scheduler"])];

fn sources() -> Vec<PathBuf> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut all: Vec<_> = fs::read_dir(crates)
        .unwrap()
        .map(|entry| entry.unwrap().path().join("src"))
        .collect();
    all.sort();
    all
}

fn name_of(source: &Path) -> &str {
    let package = source.parent().and_then(Path::file_name);
    package.and_then(|name| name.to_str()).unwrap()
}

#[test]
fn the_modules_of_a_crate_form_no_circle() {
    let mut wrong = String::new();
    for source in sources() {
        let graph = read(&source);
        let package = name_of(&source);
        for circle in circles(&graph) {
            if !ALLOWED.contains(&(package, &circle)) {
                wrong += &told(package, &circle, &graph);
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "modules that lead back to themselves:\n{wrong}"
    );
}

/// A file that was renamed or split leaves its old name in the map.
#[test]
fn the_files_that_the_architecture_names_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let files: Vec<PathBuf> = sources().iter().flat_map(|source| files(source)).collect();
    let quoted = text.split('`').skip(1).step_by(2);
    let gone: Vec<&str> = quoted
        .filter(|name| name.ends_with(".rs") && !name.contains(' '))
        .filter(|name| !files.iter().any(|file| file.ends_with(name)))
        .filter(|name| !root.join(name).exists() && !root.join("crates").join(name).exists())
        .collect();
    assert!(gone.is_empty(), "ARCHITECTURE.md names {gone:?}");
}

#[test]
fn the_circles_that_are_allowed_are_there() {
    for (package, circle) in ALLOWED {
        let mut sources = sources().into_iter();
        let source = sources.find(|source| name_of(source) == package).unwrap();
        let graph = read(&source);
        let found = circles(&graph);
        assert!(
            found.iter().any(|own| own == circle),
            "{package}: {circle:?} is not a circle any more"
        );
    }
}

fn told(package: &str, circle: &[&str], graph: &Graph) -> String {
    let mut lines = format!("{package}: {circle:?}\n");
    for from in circle {
        let none = BTreeMap::new();
        let uses = graph.get(*from).unwrap_or(&none);
        for (to, file) in uses.iter().filter(|(to, _)| circle.contains(&to.as_str())) {
            lines += &format!("  {from} uses {to}, for example in {}\n", file.display());
        }
    }
    lines
}
