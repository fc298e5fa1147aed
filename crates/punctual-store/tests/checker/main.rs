//! The checker, on correct ledgers and on ledgers that were tampered with.
#![allow(
    clippy::unwrap_used,
    reason = "a failing test says so by panicking, and prints what it did"
)]

mod cases;
mod causes;
#[path = "../../../punctual-tokio/tests/it/random/dice.rs"]
mod dice;
mod life;
mod mutations;
mod turns;

use self::dice::Dice;
use self::life::{Life, Told};
use self::mutations::Mutation;
use punctual_store::checker::Violation;

const SEEDS: u64 = 40;

fn seeds() -> Vec<u64> {
    let chosen = std::env::var("PUNCTUAL_SEED").ok();
    chosen.map_or_else(|| (1..=SEEDS).collect(), |seed| vec![seed.parse().unwrap()])
}

/// Prints the number of cases, as the other random tests do.
#[expect(clippy::print_stdout, reason = "CI counts the cases of random tests")]
fn told(what: &str) {
    println!("checker: {what}");
}

#[test]
fn ledgers_that_are_right_pass() {
    let (mut entries, mut fire_times) = (0, 0);
    for seed in seeds() {
        let life = Life::of(seed);
        entries += life.ledger.len();
        fire_times += life.fire_times();
        for checker in [life.by_ledger(), life.by_bodies()] {
            let violations = checker.check(&life.ledger, life.now);
            assert!(
                violations.is_empty(),
                "PUNCTUAL_SEED={seed}: {}, the first: {}",
                violations.len(),
                violations[0]
            );
        }
    }
    told(&format!(
        "{SEEDS} seeds, {fire_times} fire times in {entries} entries"
    ));
}

#[test]
fn ledgers_that_were_tampered_with_are_caught() {
    let mut caught = vec![0; mutations::all().count()];
    for seed in seeds() {
        let life = Life::of(seed);
        for (mutation, caught) in mutations::all().zip(&mut caught) {
            *caught += u32::from(is_caught(mutation, life.clone(), seed));
        }
    }
    for (mutation, caught) in mutations::all().zip(caught) {
        let has_tried = caught > 0 || seeds().len() == 1;
        assert!(has_tried, "{} was never tried", mutation.name);
        told(&format!("{}: caught {caught} times", mutation.name));
    }
}

/// Returns true if there was something to tamper with. The checker then has to find it.
fn is_caught(mutation: &Mutation, mut told: Told, seed: u64) -> bool {
    let mut dice = Dice::new(seed ^ 0x5EED);
    let Some(target) = (mutation.tamper)(&mut told, &mut dice) else {
        return false;
    };
    let checker = if mutation.by_bodies {
        told.by_bodies()
    } else {
        told.by_ledger()
    };
    let violations = checker.check(&told.ledger, told.now);
    let is_it =
        |violation: &Violation| violation.job == target && mutation.rules.contains(&violation.rule);
    assert!(
        violations.iter().any(is_it),
        "PUNCTUAL_SEED={seed}: {} of {target} was not caught; found: {violations:#?}",
        mutation.name
    );
    true
}

#[test]
fn one_seed_is_always_the_same_life() {
    let (one, two): (Told, Told) = (Life::of(3), Life::of(3));
    assert_eq!(one.ledger, two.ledger);
    assert_eq!(one.executions, two.executions);
}
