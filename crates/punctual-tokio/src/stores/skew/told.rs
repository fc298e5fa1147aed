//! Decides when the log tells of clocks that differ, which is once for each store and again after a
//! change.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::ahead::micros;
use super::verdict::SURE_AFTER;

/// The time after which a difference is told again, so that a log of today shows it.
const AGAIN_AFTER: Duration = Duration::from_secs(3_600);

/// The smallest change that is told.
const CHANGE: Duration = Duration::from_secs(5);

/// A node whose clock differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Differing {
    pub(super) node: Arc<str>,
    /// The microseconds by which the clock is ahead.
    pub(super) ahead: i64,
}

/// The news to tell.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    /// The clock of this node differs.
    Differs(Differing),
    /// No clock differs any more.
    Agree,
}

/// The news told last.
#[derive(Debug, Default)]
pub(super) struct Told(Option<(Differing, Instant)>);

impl Told {
    /// Picks the node whose clock differs most. If another node was told of before, and its clock
    /// differs about as much, picks that node. If the clock of this node is wrong, all others
    /// differ by the same.
    pub(super) fn worst<'a>(&self, all: &'a [Differing]) -> Option<&'a Differing> {
        let worst = all.iter().max_by_key(|one| one.ahead.unsigned_abs())?;
        let told = self.0.as_ref().map(|(told, _)| &told.node);
        let told = all.iter().find(|one| Some(&one.node) == told);
        let told = told.filter(|told| !has_changed(told.ahead, worst.ahead));
        Some(told.unwrap_or(worst))
    }

    /// Returns what there is to tell when `worst` differs most.
    pub(super) fn news(&mut self, worst: Option<&Differing>, now: Instant) -> Option<News> {
        let Some(worst) = worst else {
            return self.0.take().map(|_| News::Agree);
        };
        if let Some((told, at)) = &self.0 {
            let since = now.saturating_duration_since(*at);
            let is_other = told.node != worst.node || has_changed(told.ahead, worst.ahead);
            if since < SURE_AFTER || !is_other && since < AGAIN_AFTER {
                return None;
            }
        }
        self.0 = Some((worst.clone(), now));
        Some(News::Differs(worst.clone()))
    }
}

/// Returns true if two differences differ by half of the smaller one, and by no less than five
/// seconds.
fn has_changed(one: i64, other: i64) -> bool {
    let smaller = one.unsigned_abs().min(other.unsigned_abs());
    let least = micros(CHANGE).unsigned_abs().max(smaller / 2);
    one.abs_diff(other) >= least
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differing(node: &str, seconds: i64) -> Differing {
        Differing {
            node: node.into(),
            ahead: seconds * 1_000_000,
        }
    }

    /// Returns the seconds at which news is told, and of which node, if each look shows these
    /// differences.
    fn told(looks: &[(u64, &[(&str, i64)])]) -> Vec<(u64, String)> {
        let (start, mut told) = (Instant::now(), Told::default());
        let mut lines = Vec::new();
        for (second, all) in looks {
            let all: Vec<_> = all.iter().map(|(node, by)| differing(node, *by)).collect();
            let worst = told.worst(&all);
            match told.news(worst, start + Duration::from_secs(*second)) {
                Some(News::Differs(one)) => lines.push((*second, one.node.to_string())),
                Some(News::Agree) => lines.push((*second, "agree".into())),
                None => {}
            }
        }
        lines
    }

    fn lines<const N: usize>(lines: [(u64, &str); N]) -> Vec<(u64, String)> {
        lines.map(|(second, line)| (second, line.to_owned())).into()
    }

    #[test]
    fn the_begin_and_the_end_are_told_once() {
        let looks = [
            (0, &[][..]),
            (2, &[("a", 60)]),
            (4, &[("a", 62)]),
            (90, &[("a", 58)]),
            (92, &[]),
            (94, &[]),
        ];
        assert_eq!(told(&looks), lines([(2, "a"), (92, "agree")]));
    }

    #[test]
    fn a_great_change_is_told_but_not_soon() {
        let looks = [
            (0, &[("a", 60)][..]),
            (2, &[("a", 600)]),
            (39, &[("a", 600)]),
            (40, &[("a", 600)]),
            (90, &[("a", 890)]),
            (92, &[("a", 900)]),
            (150, &[("a", -900)]),
        ];
        assert_eq!(
            told(&looks),
            lines([(0, "a"), (40, "a"), (92, "a"), (150, "a")])
        );
        let small = [(0, &[("a", 4)][..]), (50, &[("a", 8)]), (100, &[("a", 9)])];
        assert_eq!(told(&small), lines([(0, "a"), (100, "a")]));
    }

    #[test]
    fn it_is_told_again_every_hour() {
        let looks = [0, 3_598, 3_600, 7_198, 7_200].map(|second| (second, &[("a", 60)][..]));
        assert_eq!(told(&looks), lines([(0, "a"), (3_600, "a"), (7_200, "a")]));
    }

    #[test]
    fn nodes_that_differ_alike_are_not_told_in_turn() {
        let looks = [
            (0, &[("a", 60), ("b", 61), ("c", 60)][..]),
            (50, &[("a", 62), ("b", 59), ("c", 61)]),
            (100, &[("a", 62), ("c", 61)]),
            (150, &[("a", 62), ("c", -600)]),
        ];
        assert_eq!(told(&looks), lines([(0, "b"), (100, "a"), (150, "c")]));
    }
}
