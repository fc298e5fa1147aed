//! A feed of runs, for those who follow what happens.

use punctual_core::Run;
use serde::{Deserialize, Serialize};

/// A position in the feed of a store: what was opened and what has ended through here was told.
///
/// The default is the beginning, and [`END`](Self::END) the present. What the two parts count is the
/// store's own business, so a position of one store means nothing to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct RunFeed {
    opened: u64,
    ended: u64,
}

impl RunFeed {
    /// Behind all that is in the store. Who asks from here is told of nothing but the present
    /// position.
    pub const END: Self = Self::new(u64::MAX, u64::MAX);

    /// A position, made by a store.
    #[must_use]
    pub const fn new(opened: u64, ended: u64) -> Self {
        Self { opened, ended }
    }

    /// Through where opened runs were told.
    #[must_use]
    pub const fn opened(self) -> u64 {
        self.opened
    }

    /// Through where ends were told.
    #[must_use]
    pub const fn ended(self) -> u64 {
        self.ended
    }

    /// The position itself, or the last one where it is beyond that. A store that was restored from
    /// a copy meets positions that it has not reached again.
    #[must_use]
    pub fn up_to(self, last: Self) -> Self {
        Self::new(self.opened.min(last.opened), self.ended.min(last.ended))
    }
}

/// What has happened to runs since a position.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunsSince {
    /// Runs and ranges that were opened or have ended, each as it stood when it was read, in the
    /// order of their numbers.
    pub runs: Vec<Run>,
    /// Where to go on from.
    pub next: RunFeed,
    /// Whether there is more by now.
    pub more: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_never_beyond_the_last() {
        let last = RunFeed::new(7, 3);
        assert_eq!(RunFeed::END.up_to(last), last);
        assert_eq!(RunFeed::default().up_to(last), RunFeed::default());
        assert_eq!(RunFeed::new(9, 2).up_to(last), RunFeed::new(7, 2));
    }

    #[test]
    fn a_position_comes_back_as_it_went() {
        let text = serde_json::to_string(&RunFeed::END).unwrap();
        assert_eq!(
            serde_json::from_str::<RunFeed>(&text).unwrap(),
            RunFeed::END
        );
    }
}
