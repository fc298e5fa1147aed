//! The stores of a scheduler, each under its alias. This module gives each call a deadline, and
//! keeps what is known of a store's health and of the differences between the clocks of its nodes.

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
    /// The store itself, without deadlines of calls.
    pub(crate) bare: Arc<dyn JobStore>,
    pub(crate) health: Arc<Health>,
}
