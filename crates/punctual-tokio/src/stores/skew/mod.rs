//! Notices that the clocks of the nodes that share a store differ. The difference is told, and
//! nothing is decided by it.
//! is only told.

mod ahead;
mod told;
mod verdict;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use chrono::TimeDelta;
use punctual_store::{Beat, Lease};

pub(crate) use self::ahead::Moment;
use self::ahead::Stretch;
use self::told::{Differing, News, Told};
use self::verdict::Verdict;
use crate::stores::health::Health;

/// A node whose clock differs from the clock of this one. See
/// [`StoreHealth::clock`](crate::StoreHealth::clock).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClockOffset {
    /// The node whose clock differs most.
    pub node: String,
    /// The time by which the clock is ahead of this node's, give or take some seconds. Negative if
    /// it is behind.
    pub ahead: TimeDelta,
    /// The number of nodes whose clock differs.
    pub differing: usize,
    /// The number of other nodes that tell their time. If most of them differ, this node's clock is
    /// likely to be the wrong one.
    pub others: usize,
}

/// Compares the clocks of peers with the clock of this node, each time that a renewal tells of
/// their beats.
#[derive(Debug, Default)]
pub(crate) struct Clocks {
    /// The moment at which the previous renewal began.
    looked: Option<Moment>,
    /// The peers of the previous renewal, by name and epoch.
    peers: BTreeMap<(Arc<str>, u64), Seen>,
    told: Told,
}

/// The last beat of a peer, and the verdict about its clock.
#[derive(Debug)]
struct Seen {
    count: u64,
    verdict: Verdict,
}

impl Clocks {
    /// Takes in the beats of a renewal that lasted from the one moment to the other. Tells the log
    /// and the health of the store which clocks differ.
    pub(crate) fn compare(
        &mut self,
        beats: &[Beat],
        own: &Lease,
        (began, ended): (Moment, Moment),
        health: &Health,
    ) {
        let others = beats.iter().filter(|beat| beat.node != *own);
        self.look(others.clone(), began, ended);
        let others = others.filter(|beat| beat.clock.is_some()).count();
        let offset = self.tell(others, ended.steady, &health.store);
        health.clocks_differ(offset);
    }

    fn look<'b>(&mut self, others: impl Iterator<Item = &'b Beat>, began: Moment, ended: Moment) {
        // A beat that the previous renewal did not show was written since then.
        let before = self.looked.replace(began);
        let stretch = before.map(|before| Stretch::between(before, ended));
        let mut known = std::mem::take(&mut self.peers);
        for beat in others {
            let key = (Arc::clone(&beat.node.node), beat.node.epoch);
            let mut seen = known.remove(&key).unwrap_or_else(|| Seen {
                count: beat.count,
                verdict: Verdict::default(),
            });
            let is_new = std::mem::replace(&mut seen.count, beat.count) != beat.count;
            if let (true, Some(stretch), Some(clock)) = (is_new, stretch, beat.clock) {
                let ahead = stretch.ahead(clock.timestamp_micros());
                seen.verdict.hear(ahead, ended.steady);
            }
            self.peers.insert(key, seen);
        }
    }

    fn tell(&mut self, others: usize, now: Instant, store: &str) -> Option<ClockOffset> {
        let differing: Vec<_> = self.differing().collect();
        let worst = self.told.worst(&differing);
        let offset = worst.map(|worst| ClockOffset {
            node: worst.node.to_string(),
            ahead: TimeDelta::microseconds(worst.ahead),
            differing: differing.len(),
            others,
        });
        match self.told.news(worst, now) {
            Some(News::Differs(worst)) => warn(&worst, differing.len(), others, store),
            Some(News::Agree) => {
                tracing::info!(%store, "no other node is known any more whose clock differs from this one's");
            }
            None => {}
        }
        offset
    }

    fn differing(&self) -> impl Iterator<Item = Differing> {
        let all = self.peers.iter().map(|((node, _), seen)| Differing {
            node: Arc::clone(node),
            ahead: seen.verdict.ahead(),
        });
        all.filter(|one| one.ahead != 0)
    }
}

fn warn(worst: &Differing, differing: usize, others: usize, store: &str) {
    let side = if worst.ahead > 0 { "ahead" } else { "behind" };
    let tenths = worst.ahead.unsigned_abs() / 100_000;
    let by = format!("{}.{} s {side}", tenths / 10, tenths % 10);
    tracing::warn!(
        %store,
        node = %worst.node,
        clock = %by,
        differ = format_args!("{differing} of {others}"),
        "the clocks of this node and another differ: the one that is ahead begins jobs early, the one that is behind begins them late; synchronise the clocks of both, for example by NTP (if most nodes differ, the clock of this one is wrong)"
    );
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::time::clock::instant;

    /// Returns the number of nodes that differ after a look every two seconds for a minute. At each
    /// look, a peer has these beats, and its clock is an hour behind.
    fn differing(count: impl Fn(u64) -> u64, tells: bool) -> usize {
        let (start, mut clocks) = (Instant::now(), Clocks::default());
        for second in (0..60).step_by(2) {
            let wall = 7_200_000_000 + i64::try_from(second).unwrap() * 1_000_000;
            let now = Moment {
                wall,
                steady: start + Duration::from_secs(second),
            };
            let beat = Beat::new(Lease::new("a".into(), 1), count(second))
                .clock(tells.then(|| instant(wall - 3_600_000_000)));
            clocks.look([&beat].into_iter(), now, now);
        }
        clocks.differing().count()
    }

    #[test]
    fn only_beats_that_move_on_speak_of_clocks() {
        assert_eq!(differing(|second| second, true), 1);
        assert_eq!(differing(|_| 7, true), 0);
        assert_eq!(differing(|second| second, false), 0);
    }

    #[test]
    fn a_beat_is_judged_by_when_the_renewal_before_began() {
        let at = |wall: i64, passed: u64, start: Instant| Moment {
            wall: wall * 1_000_000,
            steady: start + Duration::from_secs(passed),
        };
        let (start, mut clocks) = (Instant::now(), Clocks::default());
        // Each renewal takes eight seconds, and the peer beats just after each renewal begins.
        for turn in 0..20_u32 {
            let second = i64::from(turn) * 10;
            let passed = u64::from(turn) * 10;
            let beat = Beat::new(Lease::new("a".into(), 1), u64::from(turn))
                .clock(Some(instant((second - 9) * 1_000_000)));
            let (began, ended) = (at(second, passed, start), at(second + 8, passed + 8, start));
            clocks.look([&beat].into_iter(), began, ended);
        }
        assert_eq!(clocks.differing().count(), 0);
    }
}
