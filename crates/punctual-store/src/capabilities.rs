//! What a store is like.

use std::num::NonZeroU64;

/// What a store is like, and how much it takes at a time. By default it lives as long as its process,
/// and one node uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreCapabilities {
    /// Whether jobs survive the process; then their tasks need stable names.
    pub persistent: bool,
    /// Whether other nodes may use it at the same time; then nodes renew leases. A store may begin
    /// to say so when a second node registers.
    pub shared: bool,
    /// How much one request may hold.
    pub limits: BatchLimits,
    /// How many births the nodes deal to one of them together. More than one helps a store that keeps
    /// jobs side by side by their births, and whose nodes read anew what another one has written beside
    /// them. Such a store gives jobs births in one block only where there are many: few jobs would all
    /// go to one node. By default each birth is dealt by itself.
    pub dealt_together: NonZeroU64,
    /// Whether its calls wait for something outside the runtime, such as a thread, a file or a network.
    /// A test that pauses tokio's time cannot use such a store, since paused time does not wait for what
    /// it cannot see, and jumps to the next timeout.
    pub does_io: bool,
    /// Whether claims are answered by [`StoreFuture::ready`](crate::StoreFuture::ready). Then a scheduler takes
    /// the answers to small ones in place, without a tokio task between. Such a claim must not wait
    /// for anything: the scheduler would wait with it.
    pub answers_in_place: bool,
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
        }
    }
}

/// How much one claim request may hold. The scheduler splits what is more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchLimits {
    /// Claims; 512 by default.
    pub claims: usize,
    /// Ends of runs; 512 by default.
    pub ends: usize,
    /// Bytes of results and errors; 4 MiB by default. A single end may hold more.
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
    /// The limits of a store that takes less, or more, at a time.
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
    /// Says whether jobs survive the process.
    #[must_use]
    pub fn persistent(self, persistent: bool) -> Self {
        Self { persistent, ..self }
    }

    /// Says whether other nodes may use the store at the same time.
    #[must_use]
    pub fn shared(self, shared: bool) -> Self {
        Self { shared, ..self }
    }

    /// Says whether calls wait for something outside the runtime.
    #[must_use]
    pub fn does_io(self, does_io: bool) -> Self {
        Self { does_io, ..self }
    }

    /// Says whether claims are answered without waiting.
    #[must_use]
    pub fn answers_in_place(self, answers_in_place: bool) -> Self {
        Self {
            answers_in_place,
            ..self
        }
    }

    /// The same with other limits.
    #[must_use]
    pub fn limits(self, limits: BatchLimits) -> Self {
        Self { limits, ..self }
    }

    /// Says how many births are dealt to one node together.
    #[must_use]
    pub fn dealt_together(self, jobs: NonZeroU64) -> Self {
        Self {
            dealt_together: jobs,
            ..self
        }
    }
}
