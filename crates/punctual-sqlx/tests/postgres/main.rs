//! The PostgreSQL store, on the server at the address in `SERVER_TESTS_POSTGRES`, or else on the one at
//! port 5432 of this machine.
//!
//! Without a server this program ends at its first test and says so. Where `SERVER_TESTS` is `required`,
//! the test fails.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(
    clippy::large_futures,
    reason = "the stack of a test has room for them"
)]

mod conformance;
mod crowd;
mod fake;
mod feed;
mod folder;
mod network;
mod opening;
mod round_trips;
mod silent;
mod together;
mod told;

// The same tests as of the SQLite store.
#[path = "../it/fixture.rs"]
mod fixture;
#[path = "../it/instances.rs"]
mod instances;
#[path = "../it/keys.rs"]
mod keys;
#[path = "../it/numbers.rs"]
mod numbers;
#[path = "../it/rows.rs"]
mod rows;
#[path = "../it/window.rs"]
mod window;
