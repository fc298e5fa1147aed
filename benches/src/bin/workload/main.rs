//! What Punctual costs: one command per measurement, each ending with one JSON object on a line of its own.

mod trigger;

use std::error::Error;
use std::io;

const USAGE: &str = "usage: workload trigger";

fn main() -> Result<(), Box<dyn Error>> {
    let command: Vec<String> = std::env::args().skip(1).collect();
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    match command[..] {
        ["trigger"] => trigger::run(&mut io::stdout().lock()),
        _ => Err(USAGE.into()),
    }
}
