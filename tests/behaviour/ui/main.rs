//! Programs that must compile and run, and programs that must not compile, with the words of the
//! compiler: `TRYBUILD=overwrite cargo test -p punctual-behaviour-tests --test ui` writes them anew.

use std::process::Command;

/// The compiler whose words are kept: others say the same in other words.
const COMPILER: &str = "rustc 1.95.";

#[test]
fn programs_compile_or_are_refused_as_written() {
    let programs = trybuild::TestCases::new();
    programs.pass("ui/pass/*.rs");
    let version = compiler();
    if version.starts_with(COMPILER) {
        programs.compile_fail("ui/fail/*.rs");
    } else {
        println!("NOT RUN: ui/fail, its messages are those of {COMPILER}x, this is {version}");
    }
}

fn compiler() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output();
    output.map_or_else(
        |error| error.to_string(),
        |output| String::from_utf8_lossy(&output.stdout).into_owned(),
    )
}
