//! The fuzz corpus, replayed: whatever a fuzzer found once stays found. Each seed is also shaken,
//! which finds nearly as much where no fuzzer is at hand.

#[allow(unreachable_pub, reason = "it is also the library of the fuzz targets")]
#[path = "../../crates/punctual-core/fuzz/fuzz_targets/exercise.rs"]
mod exercise;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::property::family::{Checked, Family, Verdict};
use crate::random::Random;

/// Longest time that one text may take.
const QUICK: Duration = Duration::from_secs(2);

/// Pieces that matter to one of the notations.
const PIECES: [&str; 40] = [
    "*", "/", "-", ",", "#", "L", "W", "?", " ", "0", "1", "5", "7", "31", "59", "60", "9999", "{",
    "}", "[", "]", ":", "\"", "\\", "(", ")", "=", "mon", "last", "1st", "jan", "T", "Z", "+", ".",
    "e9", "null", "or", "é", "\u{0}",
];

fn seeds(target: &str, least: usize) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../crates/punctual-core/fuzz/corpus")
        .join(target);
    let entries = fs::read_dir(&folder).expect("the corpus is part of the repository");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("a seed").path()).collect();
    files.sort();
    assert!(
        files.len() >= least,
        "only {} seeds in {}",
        files.len(),
        folder.display()
    );
    let read = |file| String::from_utf8_lossy(&fs::read(file).expect("a seed")).into_owned();
    files.into_iter().map(read).collect()
}

fn survives(text: &str, run: fn(&str)) -> Checked {
    let began = Instant::now();
    let panicked = catch_unwind(AssertUnwindSafe(|| run(text))).is_err();
    match began.elapsed() {
        _ if panicked => Err(format!("{text:?} breaks it, see above")),
        took if took > QUICK => Err(format!("{text:?} took {took:?}")),
        _ => Ok(Verdict::Held),
    }
}

fn replay(target: &str, run: fn(&str)) {
    let seeds = seeds(target, 50);
    let broken: Vec<String> = seeds
        .iter()
        .filter_map(|text| survives(text, run).err())
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn shake(target: &'static str, run: fn(&str)) {
    let seeds = seeds(target, 50);
    Family {
        name: target,
        share: 400,
    }
    .run(|random| {
        let mut text = random.pick(&seeds).clone();
        for _ in 0..random.range(1, 4) {
            edit(random, &mut text);
        }
        survives(&text, run)
    });
}

/// Inserts, removes, repeats or replaces a piece.
fn edit(random: &mut Random, text: &mut String) {
    let boundaries: Vec<usize> = text
        .char_indices()
        .map(|(at, _)| at)
        .chain([text.len()])
        .collect();
    let (a, b) = (*random.pick(&boundaries), *random.pick(&boundaries));
    let (from, until) = (a.min(b), a.max(b).min(a.min(b) + 12));
    let piece = *random.pick(&PIECES);
    let until = boundaries
        .iter()
        .copied()
        .rfind(|&at| at <= until)
        .unwrap_or(from);
    match random.range(0, 3) {
        0 => text.insert_str(from, piece),
        1 => text.replace_range(from..until, ""),
        2 => {
            let again = text[from..until].to_owned();
            text.insert_str(from, &again);
        }
        _ => text.replace_range(from..until, piece),
    }
}

#[test]
fn crontab_seeds_are_survived() {
    replay("crontab", exercise::crontab);
}

#[test]
fn trigger_json_seeds_are_survived() {
    replay("trigger_json", exercise::trigger_json);
}

#[test]
fn shaken_crontab_seeds_are_survived() {
    shake("crontab", exercise::crontab);
}

#[test]
fn shaken_trigger_json_seeds_are_survived() {
    shake("trigger_json", exercise::trigger_json);
}
