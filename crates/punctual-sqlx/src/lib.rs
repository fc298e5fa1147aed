//! Stores of the Punctual job scheduler on SQL databases.
//!
//! `SqliteStore` (feature `sqlite`) keeps jobs in a file, which several processes may share. SQLite is
//! built in, so there is nothing to install.
//!
//! `PostgresStore` (feature `postgres`) keeps jobs in a PostgreSQL database, which processes on many
//! machines may share.
//!
//! `MysqlStore` (feature `mysql`) does so in a MariaDB or MySQL database.
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
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod prefix;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod row;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod rows;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use error::{Error, ErrorKind};
#[cfg(feature = "mysql")]
#[cfg_attr(docsrs, doc(cfg(feature = "mysql")))]
pub use mysql::{MysqlStore, OpenMysql};
#[cfg(feature = "postgres")]
#[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
pub use postgres::{OpenPostgres, PostgresStore};
#[cfg(feature = "sqlite")]
pub use sqlite::{OpenSqlite, SqliteStore};

/// The version of `sqlx` whose pools a store takes.
#[cfg(feature = "with-sqlx-0_9")]
#[cfg_attr(docsrs, doc(cfg(feature = "with-sqlx-0_9")))]
pub use sqlx;
