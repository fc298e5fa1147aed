//! The properties of a store that a scheduler adapts to.

use std::num::NonZeroU64;

/// The properties of a store, and how much it takes in one request.
///
/// By default a store lives as long as its process and is used by one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreCapabilities {
    /// True if jobs survive the process. Their tasks then need stable names.
    pub persistent: bool,
    /// True if other nodes may use the store at the same time. Nodes then renew leases. A store may
    /// change this to `true` when a second node registers.
    pub shared: bool,
    /// The most that one request may hold.
    pub limits: BatchLimits,
    /// The number of births in a row that are dealt to the same node.
    ///
    /// A value above 1 helps a store that keeps neighbouring births in one place, where a write of
    /// one node makes the other nodes read that place again. Such a store must give out births in
    /// blocks only if it adds many jobs, since a few jobs would all go to one node. By default each
    /// birth is dealt separately.
    pub dealt_together: NonZeroU64,
    /// True if calls wait for something outside the runtime, such as a thread, a file or a network.
    ///
    /// A test that pauses tokio's time cannot use such a store. Paused time does not wait for
    /// anything outside the runtime and jumps to the next timeout.
    pub does_io: bool,
    /// True if claims are answered by [`StoreFuture::ready`](crate::StoreFuture::ready).
    ///
    /// The scheduler then takes the answers to small claims in place, without a tokio task in
    /// between. Such a claim must not wait for anything, because the scheduler would wait with it.
    pub answers_in_place: bool,
    /// The reason for which a crash of the store's server or machine may lose changes that were
    /// answered, if it may. A scheduler shows it in its health.
    pub may_lose: Option<&'static str>,
}

impl Default for StoreCapabilities {
    fn default() -> Self {
        Self {
            persistent: false,
            shared: false,
            limits: BatchLimits::default(),
            dealt_together: NonZeroU64::MIN,
            does_io: false,
            answers_in_place: false,
            may_lose: None,
        }
    }
}

/// The most that one claim request may hold. The scheduler splits what is larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchLimits {
    /// The number of claims. The default is 512.
    pub claims: usize,
    /// The number of ends of runs. The default is 512.
    pub ends: usize,
    /// The bytes of results and errors. The default is 4 MiB. A single end may hold more.
    pub bytes: usize,
}

impl Default for BatchLimits {
    fn default() -> Self {
        Self {
            claims: 512,
            ends: 512,
            bytes: 4 << 20,
        }
    }
}

impl BatchLimits {
    /// Returns limits for a store that takes smaller or larger requests than the default.
    #[must_use]
    pub fn new(claims: usize, ends: usize, bytes: usize) -> Self {
        Self {
            claims: claims.max(1),
            ends: ends.max(1),
            bytes: bytes.max(1),
        }
    }
}

impl StoreCapabilities {
    /// Sets whether jobs survive the process.
    #[must_use]
    pub fn persistent(self, persistent: bool) -> Self {
        Self { persistent, ..self }
    }

    /// Sets whether other nodes may use the store at the same time.
    #[must_use]
    pub fn shared(self, shared: bool) -> Self {
        Self { shared, ..self }
    }

    /// Sets whether calls wait for something outside the runtime.
    #[must_use]
    pub fn does_io(self, does_io: bool) -> Self {
        Self { does_io, ..self }
    }

    /// Sets whether claims are answered without waiting.
    #[must_use]
    pub fn answers_in_place(self, answers_in_place: bool) -> Self {
        Self {
            answers_in_place,
            ..self
        }
    }

    /// Sets the reason for which a crash may lose changes that were answered.
    #[must_use]
    pub fn may_lose(self, reason: Option<&'static str>) -> Self {
        Self {
            may_lose: reason,
            ..self
        }
    }

    /// Sets the limits of one request.
    #[must_use]
    pub fn limits(self, limits: BatchLimits) -> Self {
        Self { limits, ..self }
    }

    /// Sets the number of births in a row that are dealt to the same node.
    #[must_use]
    pub fn dealt_together(self, jobs: NonZeroU64) -> Self {
        Self {
            dealt_together: jobs,
            ..self
        }
    }
}
