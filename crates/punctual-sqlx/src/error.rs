//! Errors of opening a store, which are the one error of Punctual.

pub use punctual_core::{Error, ErrorKind};
