//! Stores of the Punctual job scheduler on SQL databases.
//!
//! [`SqliteStore`] keeps jobs in a file, which several processes may share. SQLite is built in, so
//! there is nothing to install.
//!
//! People can read the stored values. Times are microseconds since 1970. Triggers, policies and
//! arguments are JSON text. Outcomes are words.

#![warn(
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    clippy::partial_pub_fields
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod error;
pub mod limits;
mod prefix;
mod row;
mod rows;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use error::{Error, ErrorKind};
#[cfg(feature = "sqlite")]
pub use sqlite::{OpenSqlite, SqliteStore};

/// The version of `sqlx` whose pools a store takes.
#[cfg(feature = "with-sqlx-0_9")]
#[cfg_attr(docsrs, doc(cfg(feature = "with-sqlx-0_9")))]
pub use sqlx;
