//! The stores of a scheduler, each under its alias: with a deadline for each call, what is known of its
//! health, and how the clocks of its nodes differ.

pub(crate) mod health;
pub(crate) mod pulse;
pub(crate) mod retention_policy;
pub(crate) mod skew;
pub(crate) mod timely;

use std::sync::Arc;

use punctual_store::JobStore;

use self::health::Health;

/// A store under its alias.
#[derive(Clone)]
pub(crate) struct NamedStore {
    pub(crate) id: u32,
    pub(crate) alias: Arc<str>,
    pub(crate) store: Arc<dyn JobStore>,
    /// The store itself, whose answers are waited for without end.
    pub(crate) bare: Arc<dyn JobStore>,
    pub(crate) health: Arc<Health>,
}
