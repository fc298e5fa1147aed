//! The keys of jobs, instances and attempts that the machine holds.

/// The key of a job on this node. The key of a forgotten job finds nothing, even if its slot is
/// used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobKey {
    /// The store of the job.
    pub store: u32,
    pub(crate) slot: u32,
    /// The incarnation of the job.
    pub incarnation: u64,
}

/// The key of an instance that is under way. The generation tells it from earlier instances in the
/// same slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActiveKey {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

impl ActiveKey {
    /// The key of the first instance of a table, for a process that has only one.
    pub const FIRST: Self = Self {
        slot: 0,
        generation: 0,
    };
}

/// The key of one attempt of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttemptKey {
    /// The key of the instance.
    pub run: ActiveKey,
    /// The number of the attempt within the instance.
    pub turn: u32,
}
