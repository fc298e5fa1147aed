//! Why a store cannot be opened, as the one error of Punctual.

pub use punctual_core::{Error, ErrorKind};
