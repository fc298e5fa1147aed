//! Finds out which of the other nodes are alive, by this node's own clock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use punctual_store::Beat;
use tokio::time::Instant;

use crate::store_link::lease::RENEW;
use crate::stores::pulse::DEAD_AFTER;

/// The longest time that a renewal of this node takes, or comes after the one before, without a
/// gap. This node has not seen what peers did in a gap.
const GAP: Duration = Duration::from_secs(2 * RENEW.as_secs());

/// The times at which the beats of each peer were last seen to change.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    /// The peers that were seen, by name and epoch.
    seen: BTreeMap<(Arc<str>, u64), Seen>,
    looked: Option<Instant>,
}

#[derive(Debug)]
struct Seen {
    beats: u64,
    since: Instant,
}

impl Peers {
    /// Takes in what a successful renewal has told, and returns the dead peers. A peer that was
    /// told dead and is still listed is told again after the same time.
    pub(crate) fn observe(&mut self, peers: Vec<Beat>, now: Instant) -> Vec<Beat> {
        let was_gap = self
            .looked
            .replace(now)
            .is_none_or(|before| now.duration_since(before) > GAP);
        let mut before = std::mem::take(&mut self.seen);
        let mut dead = Vec::new();
        for peer in peers {
            let key = (Arc::clone(&peer.node.node), peer.node.epoch);
            let stands_still = before
                .remove(&key)
                .filter(|seen| !was_gap && seen.beats == peer.count);
            let mut seen = Seen {
                beats: peer.count,
                since: stands_still.map_or(now, |seen| seen.since),
            };
            if now.duration_since(seen.since) >= DEAD_AFTER {
                seen.since = now;
                dead.push(peer);
            }
            self.seen.insert(key, seen);
        }
        dead
    }
}

#[cfg(test)]
mod tests {
    use punctual_store::Lease;

    use super::*;

    fn peer(name: &str, epoch: u64, count: u64) -> Beat {
        let node = Lease::new(name.into(), epoch);
        Beat::new(node, count)
    }

    /// Returns the seconds at which a peer is told dead, if each look shows these beats and this
    /// epoch.
    fn deaths(looks: &[(u64, u64, u64)]) -> Vec<u64> {
        let (start, mut peers) = (Instant::now(), Peers::default());
        let mut deaths = Vec::new();
        for (second, epoch, beats) in looks {
            let now = start + Duration::from_secs(*second);
            if !peers
                .observe(vec![peer("a", *epoch, *beats)], now)
                .is_empty()
            {
                deaths.push(*second);
            }
        }
        deaths
    }

    #[test]
    fn a_peer_whose_beats_stand_still_for_eight_seconds_is_dead() {
        let looks = [0, 2, 4, 6, 8, 10, 12, 14, 16].map(|second| (second, 1, 7));
        assert_eq!(deaths(&looks), [8, 16]);
    }

    #[test]
    fn beats_and_new_epochs_are_signs_of_life() {
        let beating = [0, 2, 4, 6, 8, 10, 12].map(|second| (second, 1, second / 4));
        assert_eq!(deaths(&beating), [] as [u64; 0]);
        let renewed = [
            (0, 1, 0),
            (2, 1, 0),
            (4, 1, 0),
            (6, 2, 0),
            (8, 2, 0),
            (10, 2, 0),
        ];
        assert_eq!(deaths(&renewed), [] as [u64; 0]);
    }

    #[test]
    fn after_a_gap_of_its_own_a_node_counts_anew() {
        let looks = [0, 2, 4, 30, 32, 34, 36].map(|second| (second, 1, 7));
        assert_eq!(deaths(&looks), [] as [u64; 0]);
        let looks = [0, 2, 30, 32, 34, 36, 38].map(|second| (second, 1, 7));
        assert_eq!(deaths(&looks), [38]);
    }
}
