//! Whether the clocks of the nodes that share a store agree. Nothing is decided by it: it is told.

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
use crate::health::Health;

/// A node whose clock differs from the clock of this one. See
/// [`StoreHealth::clock`](crate::StoreHealth::clock).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClockOffset {
    /// The node whose clock differs most.
    pub node: String,
    /// How far its clock is ahead of this node's, give or take some seconds. Negative if it is
    /// behind.
    pub ahead: TimeDelta,
    /// How many nodes have a clock that differs.
    pub differing: usize,
    /// How many other nodes tell their time. If most of them differ, this node's clock is likely to
    /// be the wrong one.
    pub others: usize,
}

/// Compares the clocks of peers with the own one, each time that a renewal tells of their beats.
#[derive(Debug, Default)]
pub(crate) struct Clocks {
    /// When the renewal before began.
    looked: Option<Moment>,
    /// By name and epoch: those of the renewal before.
    peers: BTreeMap<(Arc<str>, u64), Seen>,
    told: Told,
}

/// The last beat of a peer, and what is thought of its clock.
#[derive(Debug)]
struct Seen {
    count: u64,
    verdict: Verdict,
}

impl Clocks {
    /// Takes in what a renewal has told that went from the one moment to the other. Tells the log
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
        // A beat that was not there then was written since.
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
