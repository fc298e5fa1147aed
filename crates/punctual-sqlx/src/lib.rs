//! Stores of the Punctual job scheduler on SQL databases.
//!
//! [`SqliteStore`] keeps jobs in a file, with nothing to install: several processes may share it.
//!
//! What is stored can be read by people: instants are microseconds since 1970, triggers, policies
//! and arguments are JSON text, outcomes are words.

mod error;
pub mod limits;
mod prefix;
mod row;
mod rows;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use error::{Error, ErrorKind};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteOptions, SqliteStore};
