//! The SQLite store.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod addresses;
mod blocks;
mod bounds;
mod bytes;
mod conformance;
mod copies;
mod disk;
mod fixture;
mod folder;
mod full;
mod instances;
mod keys;
mod ledger;
mod numbers;
mod opening;
mod pieces;
mod processes;
#[cfg(unix)]
mod replaced;
mod retention;
#[cfg(unix)]
mod rights;
mod rows;
mod together;
mod unreadable;
mod window;
mod work;
