//! The SQLite store.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bounds;
mod bytes;
mod conformance;
mod disk;
mod folder;
mod full;
mod instances;
mod keys;
mod opening;
mod pieces;
mod processes;
#[cfg(unix)]
mod rights;
mod rows;
mod scene;
mod unreadable;
mod window;
