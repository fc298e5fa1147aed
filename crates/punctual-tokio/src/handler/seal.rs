//! Keeps other crates from implementing the traits that say what a task is.

/// A value that only this crate can name. A method that takes it is implemented and called here
/// only.
#[expect(unnameable_types, reason = "it seals public traits")]
#[derive(Debug, Clone, Copy)]
pub struct Seal;
