//! Several schedulers on one store in simulated time, with every fault there is: processes that are
//! killed, stopped or suspended, a store that is slow, away, or leaves it open whether it did what
//! it was asked, clocks that are wrong, edits from outside, deploys. Afterwards the checker of
//! `punctual-store` judges the ledger and what the job bodies wrote down.
//!
//! Each node is a real scheduler in a current-thread runtime of its own whose time stands still
//! unless the simulation lets it pass. All happens on one thread and by one seed, so a seed is
//! always the same story:
//!
//! ```sh
//! PUNCTUAL_SEED=7 PUNCTUAL_MINUTES=30 cargo test -p punctual-simulation-tests --test sim
//! cargo test --release -p punctual-simulation-tests --test sim -- --ignored
//! ```
#![allow(
    clippy::unwrap_used,
    reason = "a failing test says so by panicking, and prints what it did"
)]

mod abandoned;
mod bodies;
#[path = "../../../crates/punctual-tokio/tests/it/random/counts.rs"]
mod counts;
mod database;
mod deeds;
#[path = "../../../crates/punctual-tokio/tests/it/random/dice.rs"]
mod dice;
#[path = "../../../crates/punctual-tokio/tests/it/random/held.rs"]
mod held;
mod invariants;
mod jobs;
mod judge;
mod line;
mod node;
mod place;
mod presence;
mod remote_store;
mod simulation;
mod trouble;
mod world;

use self::judge::Verdict;
use self::simulation::Simulation;

const SEEDS: std::ops::RangeInclusive<u64> = 1..=8;
const MINUTES: u64 = 20;
/// What the long form goes through.
const FIRE_TIMES: u64 = 1_000_000;

fn of_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap())
}

/// Prints what was tried, as the other random tests do.
#[expect(clippy::print_stdout, reason = "CI counts the cases of random tests")]
fn told(seed: u64, verdict: &Verdict) {
    println!("simulation: seed {seed}: {verdict}");
}

#[test]
fn every_fire_time_has_one_outcome_whatever_befalls_the_nodes() {
    let seeds = of_environment("PUNCTUAL_SEED").map_or(SEEDS, |seed| seed..=seed);
    let minutes = of_environment("PUNCTUAL_MINUTES").unwrap_or(MINUTES);
    let mut wrong = Vec::new();
    for seed in seeds {
        let verdict = Simulation::of(seed, minutes);
        told(seed, &verdict);
        wrong.extend(verdict.complaint(seed));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn one_seed_is_always_the_same_story() {
    let seed = of_environment("PUNCTUAL_SEED").unwrap_or(11);
    let (one, two) = (Simulation::of(seed, 5), Simulation::of(seed, 5));
    let pairs = one.ledger.iter().zip(&two.ledger);
    for (one, two) in pairs {
        assert_eq!(one, two);
    }
    assert_eq!(one.ledger.len(), two.ledger.len());
}

#[test]
#[ignore = "takes many minutes; run it optimised"]
fn a_million_fire_times_have_one_outcome_each() {
    let mut seed = of_environment("PUNCTUAL_SEED").unwrap_or(1_000);
    let minutes = of_environment("PUNCTUAL_MINUTES").unwrap_or(240);
    let (mut fire_times, mut wrong) = (0, Vec::new());
    while fire_times < FIRE_TIMES {
        let verdict = Simulation::of(seed, minutes);
        told(seed, &verdict);
        wrong.extend(verdict.complaint(seed));
        fire_times += verdict.fire_times;
        seed += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
