//! Keys and numbers that a store looks up or sets aside before it decides.

use punctual_core::{Coalesce, Policies, Unlimited};

use super::world::{World, times};
use crate::ClaimKind;
use crate::batch::{Verdict, keys, numbers};

fn with_all_parts() -> Policies {
    Policies::new()
        .misfire_grace_time(std::time::Duration::from_secs(25))
        .coalesce(Coalesce::all(2))
        .max_instances(Unlimited)
        .build()
        .unwrap()
}

#[test]
fn the_keys_of_a_claim_are_those_that_it_uses() {
    let mut world = World::new(with_all_parts());
    let advance = world.advance(world.plan(60));
    let plan = world.by_hand(&[61, 62]);
    let by_hand = world.manual(plan);
    for (claim, count) in [(advance, 4), (by_hand, 2)] {
        world.keys.clear();
        let incarnation = world.state.incarnation;
        let told = keys(&claim, incarnation);
        assert!(matches!(world.claim(60, &claim), Verdict::Won(..)));
        let unused: Vec<_> = told.iter().filter(|k| !world.keys.contains(k)).collect();
        assert_eq!((told.len(), world.keys.len()), (count, count));
        assert!(unused.is_empty(), "{unused:?}");
    }
    let promote = world.claim_of(ClaimKind::Promote);
    assert_eq!(keys(&promote, world.state.incarnation), []);
}

#[test]
fn a_claim_may_need_a_number_for_each_run_and_each_kind_of_range() {
    let world = World::new(with_all_parts());
    let mut plan = world.by_hand(&[61, 62]);
    plan.queue = times(&[63]);
    let by_hand = world.manual(plan);
    let promote = world.claim_of(ClaimKind::Promote);
    let idle = world.advance(world.plan(0));
    assert_eq!(numbers(&[by_hand.clone(), promote.clone()]), 6);
    assert_eq!(numbers(&[by_hand.clone(), idle, by_hand]), 15);
    assert_eq!(numbers(&[promote]), 0);
}
