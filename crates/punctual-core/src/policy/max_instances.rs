use std::num::NonZeroU32;

use serde::Serialize;

/// Limits the runs of one job that are under way at the same time, on all nodes that share the
/// store.
///
/// ```text
/// fire times     |    |    |    |
/// 1              [=======]      [=======]          the two in between meet `Overlap`
/// 2              [=======]
///                     [=======] [=======]
/// Unlimited      [=======]
///                     [=======]
///                          [=======]
/// ```
///
/// In JSON: a positive number, or `null` for unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "Option<NonZeroU32>")]
pub(crate) struct MaxInstances(Option<NonZeroU32>);

impl MaxInstances {
    /// No limit.
    pub(crate) const UNLIMITED: Self = Self(None);

    /// One at a time, the default.
    pub(crate) const ONE: Self = Self(Some(NonZeroU32::MIN));

    /// At most `count` at the same time. A `count` of 0 is read as 1, since a job that may never
    /// run is a paused job.
    #[must_use]
    pub(crate) fn at_most(count: u32) -> Self {
        Self(Some(NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN)))
    }

    /// The limit, if there is one.
    #[must_use]
    pub(crate) fn limit(self) -> Option<u32> {
        self.0.map(NonZeroU32::get)
    }

    /// Returns whether one more run may start while `running` are under way.
    #[must_use]
    pub(crate) fn admits(self, running: u32) -> bool {
        self.limit().is_none_or(|limit| running < limit)
    }
}

impl Default for MaxInstances {
    fn default() -> Self {
        Self::ONE
    }
}

impl From<MaxInstances> for Option<NonZeroU32> {
    fn from(limit: MaxInstances) -> Self {
        limit.0
    }
}
