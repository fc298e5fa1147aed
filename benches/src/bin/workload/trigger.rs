//! `trigger`: run by a program of its own, so that the allocator that counts slows no other measurement.

use std::env;
use std::path::Path;
use std::process::Command;

use crate::Outcome;

const PROGRAM: &str = "trigger";

pub(crate) fn run() -> Outcome<()> {
    let status = command()?.status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("the program `{PROGRAM}` failed: {status}").into())
    }
}

/// The program beside this one. Where `cargo run` has started this one it has built no other, so it is asked again.
fn command() -> Outcome<Command> {
    let started_by = env::var_os("CARGO").zip(env::var_os("CARGO_MANIFEST_DIR"));
    let Some((cargo, package)) = started_by else {
        return Ok(Command::new(env::current_exe()?.with_file_name(PROGRAM)));
    };
    let mut command = Command::new(cargo);
    command
        .args([
            "run",
            "--quiet",
            "--release",
            "--bin",
            PROGRAM,
            "--manifest-path",
        ])
        .arg(Path::new(&package).join("Cargo.toml"));
    Ok(command)
}
