//! Systems with signals.
#![allow(
    clippy::unwrap_used,
    reason = "a failing test says so by panicking, and prints what it did"
)]

mod body;
mod clock;
mod database;
#[path = "../../../../crates/punctual-tokio/tests/it/random/dice.rs"]
mod dice;
mod disk;
mod fleet;
mod full;
mod jobs;
mod journal;
mod judge;
mod kills;
mod locked;
mod node;
mod noted;
mod place;
mod shared;
mod stopped;
mod story;
mod trials;
mod wait;

/// A node, if this process was told to be one; else the tests.
pub(crate) fn main() {
    match node::Birth::of_arguments() {
        Some(birth) => node::run(&birth),
        None => trials::run(),
    }
}
