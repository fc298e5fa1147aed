//! Weeks of simulated time in which everything happens at random: jobs are added, edited, paused,
//! run by hand and removed, the clock jumps, the task is held up, the node rests and restarts.
//! Afterwards the ledger has to hold every fire time of every job exactly once.
//!
//! `PUNCTUAL_SEED=7` repeats one seed. Nothing here depends on real time or threads, so a seed
//! is always the same life.

mod bodies;
mod checks;
mod counts;
mod dice;
mod held;
mod jobs;
mod life;
mod quiet;
mod turns;
mod world;

use std::time::Duration;

use self::life::Life;

const SEEDS: std::ops::RangeInclusive<u64> = 1..=8;
const WEEKS: u64 = 3;
const SPAN: Duration = Duration::from_secs(WEEKS * 7 * 86_400);

#[test]
fn every_fire_time_of_weeks_of_chaos_has_exactly_one_outcome() {
    let chosen = std::env::var("PUNCTUAL_SEED")
        .ok()
        .map(|seed| seed.parse().unwrap());
    let seeds: Vec<u64> = chosen.map_or_else(|| SEEDS.collect(), |seed| vec![seed]);
    for pair in seeds.chunks(2) {
        std::thread::scope(|scope| {
            for seed in pair {
                scope.spawn(|| simulate(*seed));
            }
        });
    }
}

#[expect(clippy::print_stdout, reason = "CI counts the cases of random tests")]
fn simulate(seed: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut life = Life::begin(seed).await;
        while life.world.elapsed() < SPAN {
            life.turn().await;
        }
        let sum = life.end().await;
        println!("random: seed {seed}, {WEEKS} weeks: {sum}");
    });
}
