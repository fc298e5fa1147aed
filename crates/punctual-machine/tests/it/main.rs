//! The machine without a runtime. The tests cover its rules one by one, and its invariants over
//! random events.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod body;
mod edits;
mod invariants;
mod node;
mod outcomes;
mod random;
mod rules;
mod timer;
mod world;
