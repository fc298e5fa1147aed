//! `trigger`: run by a program of its own, so that the allocator that counts slows no other measurement.

use std::env;
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

/// The program beside this one, if somebody built both. `cargo run` has built this one only, so cargo is asked again.
fn command() -> Outcome<Command> {
    let beside = env::current_exe()?.with_file_name(PROGRAM);
    let cargo = env::var_os("CARGO");
    if cargo.is_none() && beside.exists() {
        return Ok(Command::new(beside));
    }
    let mut command = Command::new(cargo.unwrap_or_else(|| "cargo".into()));
    command
        .args(["run", "--quiet", "--release", "--bin", PROGRAM])
        .arg("--manifest-path")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    Ok(command)
}
