//! Traits without items, which keep other crates from implementing the traits that setters take.
#![expect(
    unnameable_types,
    reason = "a trait that other crates could name would not be sealed"
)]

pub trait Span {}
pub trait Limit<T> {}
pub trait When {}
pub trait Zone {}
pub trait Trigger {}
pub trait Triggers {}
pub trait Policies {}
pub trait Retry {}
pub trait Field {}
