//! The one error of all crates.

pub use punctual_tokio::{Error, ErrorKind};
