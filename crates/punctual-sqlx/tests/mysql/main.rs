//! The MariaDB and MySQL store, on the server of `SERVER_TESTS_MYSQL` or the one of this machine.
//!
//! Where there is none, the tests print that they do not run.

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
mod opening;
mod reads;
mod told;

// The same tests as of the PostgreSQL store.
#[path = "../postgres/network.rs"]
mod network;
#[path = "../postgres/round_trips.rs"]
mod round_trips;
#[path = "../postgres/silent.rs"]
mod silent;
#[path = "../postgres/together.rs"]
mod together;

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
