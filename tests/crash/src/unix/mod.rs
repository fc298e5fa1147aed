//! Systems with signals.
#![allow(
    clippy::unwrap_used,
    reason = "a failing test says so by panicking, and prints what it did"
)]

mod body;
mod cancelled;
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
mod network;
mod node;
mod opened;
mod place;
mod power;
mod proxy;
mod recording_store;
mod server;
mod shared;
mod stopped;
mod story;
mod trace;
mod trials;
mod wait;
mod writer;

/// A node or a writer, if this process was told to be one; else the tests.
pub(crate) fn main() {
    if let Some((manner, file)) = writer::Manner::of_arguments() {
        return writer::run(manner, &file);
    }
    match node::Birth::of_arguments() {
        Some(birth) => node::run(&birth),
        None => trials::run(),
    }
}
