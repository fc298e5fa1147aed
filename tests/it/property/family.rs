//! Runs the cases of one family, counts exclusions, and reports failures in full.

use std::env;
use std::fmt::Display;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::random::Random;

const DEFAULT_SEED: u64 = 0x5EED_2026_1121;
const DEFAULT_CASES: u64 = 100_000;
const MOST_FAILURES_SHOWN: usize = 8;

/// What became of one case.
pub(crate) enum Verdict {
    Held,
    /// The model could not decide all of it cheaply.
    Excluded,
}

pub(crate) type Checked = Result<Verdict, String>;

/// One family of cases: its name and its share, in thousandths of all cases.
pub(crate) struct Family {
    pub(crate) name: &'static str,
    pub(crate) share: u64,
}

impl Family {
    /// Runs every case; fails with up to eight counterexamples, or if over 5 % were excluded.
    pub(crate) fn run(&self, case: impl Fn(&mut Random) -> Checked) {
        let seed = from_env("PUNCTUAL_SEED").unwrap_or(DEFAULT_SEED);
        let cases = from_env("PUNCTUAL_CASES").unwrap_or(DEFAULT_CASES) * self.share / 1_000;
        let numbers = match from_env("PUNCTUAL_CASE") {
            Some(only) => only..only + 1,
            None => 0..cases.max(1),
        };
        let (mut excluded, mut failures) = (0, Vec::new());
        let total = numbers.end - numbers.start;
        for number in numbers {
            let mut random = Random::of_case(seed, self.name, number);
            let checked = catch_unwind(AssertUnwindSafe(|| case(&mut random)));
            match checked.unwrap_or_else(|_| Err("panicked, see the message above".to_owned())) {
                Ok(Verdict::Held) => {}
                Ok(Verdict::Excluded) => excluded += 1,
                Err(failure) => failures.push(format!(
                    "PUNCTUAL_SEED={seed} PUNCTUAL_CASE={number} family {}:\n  {failure}",
                    self.name
                )),
            }
        }
        say(format_args!(
            "property {}: seed {seed}, {total} cases, {excluded} excluded, {} failed",
            self.name,
            failures.len()
        ));
        let shown = &failures[..failures.len().min(MOST_FAILURES_SHOWN)];
        assert!(
            failures.is_empty(),
            "{} failed, the first:\n{}",
            failures.len(),
            shown.join("\n")
        );
        assert!(
            excluded * 20 <= total,
            "{excluded} of {total} cases were excluded: over 5 %"
        );
    }
}

/// A decimal or `0x` number of the environment.
fn from_env(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    Some(parsed.unwrap_or_else(|error| panic!("{name}={text}: {error}")))
}

/// A line that also shows when the test passes.
pub(crate) fn say(line: impl Display) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").expect("standard output takes a line");
}
