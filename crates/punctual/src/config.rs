//! A scheduler from a file or from the environment.

pub use punctual_tokio::{Config, StoreConfig};
