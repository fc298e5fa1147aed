//! The machine without a runtime. The tests cover its rules one by one, and its invariants over
//! random events.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod apart;
mod arguments;
mod body;
mod by_hand;
mod edits;
mod invariants;
mod ledger;
mod limits;
mod listeners;
mod node;
mod outcomes;
mod pauses;
mod quiet;
mod random;
mod reading;
mod requests;
mod rivals;
mod rules;
mod shares;
mod stopping;
mod timer;
mod world;
