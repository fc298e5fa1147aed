//! What names a job, an instance and an attempt that the machine holds.

/// Where a job is kept here. A key of a job that was forgotten finds nothing, also when its slot
/// is used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobKey {
    /// Its store.
    pub store: u32,
    pub(crate) slot: u32,
    /// Its incarnation.
    pub incarnation: u64,
}

/// Names an instance that is under way. The generation tells it from others that had the slot before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActiveKey {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

impl ActiveKey {
    /// What names the first instance of a table, for a process that has only one.
    pub const FIRST: Self = Self {
        slot: 0,
        generation: 0,
    };
}

/// Names one attempt of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttemptKey {
    /// The instance.
    pub run: ActiveKey,
    /// Which of its attempts.
    pub turn: u32,
}
