//! A feed of runs that were opened or have ended.

use punctual_core::Run;
use serde::{Deserialize, Serialize};

/// A position in the feed of a store. Runs that were opened or ended before it have been reported.
///
/// The default is the beginning, and [`END`](Self::END) is the present. Each store chooses what the
/// two parts count, so a position of one store has no meaning in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct RunFeed {
    opened: u64,
    ended: u64,
}

impl RunFeed {
    /// The position after everything in the store. A caller that asks from here gets only the
    /// current position.
    pub const END: Self = Self::new(u64::MAX, u64::MAX);

    /// Returns a position. Only stores make positions.
    #[must_use]
    pub const fn new(opened: u64, ended: u64) -> Self {
        Self { opened, ended }
    }

    /// Returns the position in the opened runs.
    #[must_use]
    pub const fn opened(self) -> u64 {
        self.opened
    }

    /// Returns the position in the ended runs.
    #[must_use]
    pub const fn ended(self) -> u64 {
        self.ended
    }

    /// Returns this position, or `last` where it is beyond that.
    ///
    /// A store that was restored from a copy meets positions that it has not reached again.
    #[must_use]
    pub fn up_to(self, last: Self) -> Self {
        Self::new(self.opened.min(last.opened), self.ended.min(last.ended))
    }
}

/// The changes of runs since a position.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct RunsSince {
    /// The runs and ranges that were opened or have ended, each as it stood when it was read, in
    /// the order of their numbers.
    pub runs: Vec<Run>,
    /// The position from which the next call goes on.
    pub next: RunFeed,
    /// True if there are more changes already.
    pub more: bool,
}

impl RunsSince {
    /// Returns the changes up to the present.
    #[must_use]
    pub fn new(runs: Vec<Run>, next: RunFeed) -> Self {
        Self {
            runs,
            next,
            more: false,
        }
    }

    /// Sets [`more`](#structfield.more).
    #[must_use]
    pub fn more(self, more: bool) -> Self {
        Self { more, ..self }
    }
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
