//! Outcomes as labels. They are a closed list, so that every counter is looked up once, when the
//! scheduler is first started.

use punctual_core::Outcome;

/// The reason of an outcome that has none, since every counter of a name has the same labels.
const NONE: &str = "none";

/// Returns the words that the JSON of outcomes has too.
pub(super) fn labels(outcome: Outcome) -> (&'static str, &'static str) {
    let (word, reason) = outcome.words();
    (word, reason.unwrap_or(NONE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_its_own_words() {
        let mut words = std::collections::HashSet::new();
        for outcome in Outcome::ALL {
            assert!(words.insert(labels(outcome)), "{outcome}");
            let json = serde_json::to_string(&outcome).unwrap();
            let (name, reason) = labels(outcome);
            assert!(json.contains(name), "{json}");
            assert!(reason == NONE || json.contains(reason), "{json}");
        }
    }
}
