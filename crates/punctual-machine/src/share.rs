//! The order in which the nodes of a store claim a job.
//!
//! Every node finds the same order by itself. The weights of rendezvous hashing (Thaler and
//! Ravishankar, 1998) order the nodes that know the task of a job. A node that comes or goes moves
//! only its own share.
//!
//! ```text
//! due          P/2            2P/3             P = min(2/3 s, a sixth of the grace time)
//!  |------------|---------------|--- - - - -----|
//!  the owner    the next one    the one after   all
//! ```
//!
//! Each node looks every P/2, and has other work to do in between. So a job whose owner does not
//! claim it begins within a second, or within a quarter of its grace time.
//!
//! A node that is wrong about other nodes loses nothing, since the store gives each fire time to
//! one node.

use std::num::NonZeroU64;
use std::sync::Arc;

use hashbrown::HashSet;
use punctual_core::Policies;
use punctual_store::{Lease, Peer};

/// The longest time that a job is left to its owner, in microseconds.
pub(crate) const LONGEST_PATIENCE: i64 = 666_666;
/// The shortest such time. With a shorter one, nodes would do nothing but look.
const SHORTEST_PATIENCE: i64 = 20_000;
/// The time after which a node counts as one that does not claim.
///
/// In that time this node had to claim the other's jobs, and the other claimed none of them first.
const IDLE_AFTER: i64 = 5_000_000;
/// The time for which a node that does not claim gets no share, as this node sees it.
const LEFT_OUT: i64 = 60_000_000;

/// The shares of the nodes in the jobs of a store, as one node sees them.
#[derive(Debug)]
pub(crate) struct Share {
    own: u64,
    /// The number of consecutive births that go to one node.
    together: NonZeroU64,
    others: Vec<Other>,
}

impl Default for Share {
    fn default() -> Self {
        Self {
            own: 0,
            together: NonZeroU64::MIN,
            others: Vec::new(),
        }
    }
}

/// Another node of the store.
#[derive(Debug)]
pub(crate) struct Other {
    name: Arc<str>,
    weight: u64,
    tasks: HashSet<Arc<str>>,
    /// The time since which this node has claimed its jobs and it has not come first.
    helped_since: Option<i64>,
    left_out_until: i64,
}

/// Returns the time for which a job may be left to its owner, in microseconds.
pub(crate) fn patience(policies: &Policies) -> i64 {
    let grace = policies.misfire_grace_time();
    let sixth = grace.and_then(|grace| i64::try_from(grace.as_micros() / 6).ok());
    sixth
        .unwrap_or(LONGEST_PATIENCE)
        .clamp(SHORTEST_PATIENCE, LONGEST_PATIENCE)
}

impl Share {
    /// Deals the jobs among the nodes that a store lists. Facts about nodes that stay are kept.
    pub(crate) fn deal(&mut self, own: &Lease, nodes: Vec<Peer>, together: NonZeroU64) {
        self.together = together;
        self.own = weight_of(&own.node, own.epoch);
        let mut before = std::mem::take(&mut self.others);
        for Peer { info, epoch, .. } in nodes {
            if info.name == own.node {
                continue;
            }
            let known = before.iter().position(|other| other.name == info.name);
            let known = known.map(|at| before.swap_remove(at));
            self.others.push(Other {
                weight: weight_of(&info.name, epoch),
                tasks: info.tasks.into_iter().collect(),
                helped_since: known.as_ref().and_then(|known| known.helped_since),
                left_out_until: known.map_or(i64::MIN, |known| known.left_out_until),
                name: info.name,
            });
        }
    }

    pub(crate) fn is_alone(&self) -> bool {
        self.others.is_empty()
    }

    /// Returns the time after its fire time at which this node claims a job, in microseconds. It is
    /// 0 for a job in its own share.
    pub(crate) fn wait(&self, task: &str, birth: u64, patience: i64, now: i64) -> i64 {
        let birth = birth / self.together;
        let own = mixed(self.own, birth);
        let before = self.knowing(task, now);
        let before = before.filter(|other| mixed(other.weight, birth) > own);
        let place = i64::try_from(before.count()).unwrap_or(i64::MAX - 1);
        patience - patience / (place + 1)
    }

    /// Returns the owner of a job, if it is another node.
    pub(crate) fn owner(&mut self, task: &str, birth: u64, now: i64) -> Option<&mut Other> {
        let birth = birth / self.together;
        let own = mixed(self.own, birth);
        let others = self.others.iter_mut();
        let knowing = others.filter(|other| other.knows(task, now));
        let first = knowing.max_by_key(|other| mixed(other.weight, birth))?;
        (mixed(first.weight, birth) > own).then_some(first)
    }

    fn knowing(&self, task: &str, now: i64) -> impl Iterator<Item = &Other> {
        self.others
            .iter()
            .filter(move |other| other.knows(task, now))
    }
}

impl Other {
    /// Notes that this node has claimed a job of the other's share, or came too late for it.
    ///
    /// Returns true if the other node is found not to claim, so that its share is dealt anew.
    pub(crate) fn was_helped(&mut self, is_won: bool, now: i64) -> bool {
        if !is_won {
            self.helped_since = None;
            return false;
        }
        let since = *self.helped_since.get_or_insert(now);
        if now.saturating_sub(since) < IDLE_AFTER {
            return false;
        }
        self.helped_since = None;
        self.left_out_until = now.saturating_add(LEFT_OUT);
        true
    }

    pub(crate) fn name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    fn knows(&self, task: &str, now: i64) -> bool {
        self.left_out_until <= now && self.tasks.contains(task)
    }
}

/// Returns the FNV-1a hash of a name, mixed with the epoch. It is the same in every process.
///
/// The random part of a name is left out. It adds nothing to the epoch, and differs when a seed is
/// simulated again.
fn weight_of(name: &str, epoch: u64) -> u64 {
    let known = name.split('~').next().unwrap_or(name);
    let hash = known.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    mixed(hash, epoch)
}

/// The finalizer of `SplitMix64` (Steele, Lea and Flood, 2014).
fn mixed(weight: u64, birth: u64) -> u64 {
    let sum = weight ^ birth.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let sum = (sum ^ (sum >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let sum = (sum ^ (sum >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    sum ^ (sum >> 31)
}

#[cfg(test)]
mod tests {
    use punctual_store::NodeInfo;

    use super::*;

    fn node(name: &str) -> Peer {
        Peer::new(NodeInfo::new(name.into()).tasks(vec!["work".into()]), 1, 0)
    }

    fn lease(name: &str) -> Lease {
        let node = name.into();
        Lease::new(node, 1)
    }

    /// Returns the shares as each node of a fleet of this size sees them.
    fn fleet(count: usize) -> Vec<Share> {
        fleet_of_blocks(count, NonZeroU64::MIN)
    }

    fn fleet_of_blocks(count: usize, together: NonZeroU64) -> Vec<Share> {
        let nodes: Vec<_> = (0..count).map(|number| node(&number.to_string())).collect();
        let shares = nodes.iter().map(|own| {
            let mut share = Share::default();
            share.deal(&lease(&own.info.name), nodes.clone(), together);
            share
        });
        shares.collect()
    }

    fn waits(fleet: &[Share], birth: u64) -> Vec<i64> {
        let waits = fleet.iter().map(|own| own.wait("work", birth, 600, 0));
        waits.collect()
    }

    #[test]
    fn each_job_has_one_owner_and_all_others_follow_one_after_another() {
        let fleet = fleet(4);
        for birth in 0..10_000 {
            let mut waits = waits(&fleet, birth);
            waits.sort_unstable();
            assert_eq!(waits, [0, 300, 400, 450]);
        }
    }

    #[test]
    fn shares_are_even_and_a_node_that_goes_moves_only_its_own() {
        let (eight, seven) = (fleet(8), fleet(7));
        let mut owned = [0; 8];
        for birth in 0..80_000 {
            let owner = |fleet: &[Share]| {
                let waits = waits(fleet, birth);
                waits.iter().position(|wait| *wait == 0).unwrap()
            };
            let (before, after) = (owner(&eight), owner(&seven));
            owned[before] += 1;
            assert!(before == after || before == 7);
        }
        assert!(
            owned.iter().all(|own| (9_500..10_500).contains(own)),
            "{owned:?}"
        );
    }

    #[test]
    fn a_node_that_does_not_know_a_task_has_no_share_of_its_jobs() {
        let mut share = Share::default();
        share.deal(&lease("a"), vec![node("a"), node("b")], NonZeroU64::MIN);
        assert!((0..100).all(|birth| share.wait("other", birth, 600, 0) == 0));
        assert!((0..100).any(|birth| share.wait("work", birth, 600, 0) > 0));
    }

    #[test]
    fn a_node_that_claims_nothing_has_no_share_for_a_minute() {
        let mut share = Share::default();
        share.deal(&lease("a"), vec![node("a"), node("b")], NonZeroU64::MIN);
        let its = (0..100)
            .find(|birth| share.wait("work", *birth, 600, 0) > 0)
            .unwrap();
        let mut wait_at = |now: i64, is_won| {
            if let Some(owner) = share.owner("work", its, now) {
                owner.was_helped(is_won, now);
            }
            share.wait("work", its, 600, now)
        };
        let second = 1_000_000;
        assert_eq!(wait_at(0, true), 300);
        // The node came first once, so it does claim.
        assert_eq!(wait_at(5 * second, false), 300);
        assert_eq!(wait_at(6 * second, true), 300);
        assert_eq!(wait_at(11 * second, true), 0);
        assert_eq!(wait_at(70 * second, true), 0);
        assert_eq!(wait_at(72 * second, true), 300);
    }

    #[test]
    fn a_node_that_is_left_out_stays_so_when_the_shares_are_dealt_again() {
        let mut share = Share::default();
        let deal = |share: &mut Share| {
            share.deal(&lease("a"), vec![node("a"), node("b")], NonZeroU64::MIN);
        };
        deal(&mut share);
        let its = (0..100)
            .find(|birth| share.wait("work", *birth, 600, 0) > 0)
            .unwrap();
        share.owner("work", its, 0).unwrap().was_helped(true, 0);
        deal(&mut share);
        let owner = share.owner("work", its, IDLE_AFTER).unwrap();
        assert!(owner.was_helped(true, IDLE_AFTER));
        deal(&mut share);
        assert_eq!(share.wait("work", its, 600, IDLE_AFTER), 0);
    }

    #[test]
    fn a_node_is_alone_until_another_one_is_listed() {
        let mut share = Share::default();
        share.deal(&lease("a"), vec![node("a")], NonZeroU64::MIN);
        assert!(share.is_alone());
        share.deal(&lease("a"), vec![node("a"), node("b")], NonZeroU64::MIN);
        assert!(!share.is_alone());
    }

    /// The first two numbers of `SplitMix64` with the seed 0. Nodes of other versions have to find the
    /// same order.
    #[test]
    fn the_order_is_that_of_split_mix() {
        assert_eq!(mixed(0, 1), 0xe220_a839_7b1d_cdaf);
        assert_eq!(mixed(0, 2), 0x6e78_9e6a_a1b9_65f4);
    }

    #[test]
    fn patience_is_a_sixth_of_the_grace_time_and_bounded() {
        let of = |grace| patience(&Policies::new().misfire_grace_time(grace).build().unwrap());
        assert_eq!(of("600ms"), 100_000);
        assert_eq!(of("60s"), LONGEST_PATIENCE);
        assert_eq!(of("1ms"), SHORTEST_PATIENCE);
    }

    #[test]
    fn jobs_that_lie_together_go_to_one_node() {
        let together = NonZeroU64::new(64).unwrap();
        let fleet = fleet_of_blocks(8, together);
        let owner = |birth| {
            let waits = fleet.iter().map(|own| own.wait("work", birth, 600, 0));
            waits.enumerate().find(|(_, wait)| *wait == 0).unwrap().0
        };
        let mut blocks = [0; 8];
        for block in 0..800 {
            let its = owner(block * 64);
            assert!((0..64).all(|job| owner(block * 64 + job) == its));
            blocks[its] += 1;
        }
        assert!(
            blocks.iter().all(|own| (70..=130).contains(own)),
            "{blocks:?}"
        );
    }
}
