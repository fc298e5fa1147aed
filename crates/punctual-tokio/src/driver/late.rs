//! Notices that the driver is woken too late, since some code keeps its runtime busy.

use std::time::Duration;

use tokio::time::Instant;

/// The longest delay after its alarm with which the driver is not late. A loaded machine delays it
/// by tenths of that.
const LATE: Duration = Duration::from_secs(1);

/// The time without lateness that ends a stretch.
const QUIET: Duration = Duration::from_secs(60);

/// The time after which a stretch that goes on is told again.
const AGAIN: Duration = Duration::from_secs(3_600);

/// Remembers the stretch in which the driver was late.
#[derive(Debug, Default)]
pub(crate) struct Lateness(Option<Stretch>);

#[derive(Debug)]
struct Stretch {
    told: Instant,
    last: Instant,
}

impl Lateness {
    /// Notes that the driver waited from `since` for an alarm that was due at `due`, and goes on
    /// `now`. Returns the delay if the driver is late, once for each stretch. The time before
    /// `since` does not count, since the driver itself was at work then.
    pub(crate) fn woke(&mut self, due: Instant, since: Instant, now: Instant) -> Option<Duration> {
        let late = now.saturating_duration_since(due.max(since));
        if late <= LATE {
            return None;
        }
        let told = self.0.as_ref();
        let told = told.filter(|stretch| now.saturating_duration_since(stretch.last) < QUIET);
        let told = told.filter(|stretch| now.saturating_duration_since(stretch.told) < AGAIN);
        let is_told = told.is_some();
        self.0 = Some(Stretch {
            told: told.map_or(now, |stretch| stretch.told),
            last: now,
        });
        (!is_told).then_some(late)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn it_is_told_once_a_stretch() {
        let start = Instant::now();
        let mut lateness = Lateness::default();
        let mut told = Vec::new();
        // The runtime is blocked for three seconds every ten seconds of the first two minutes, and
        // once later.
        for at in (0..120).step_by(10).chain([300]) {
            let due = start + seconds(at);
            if let Some(late) = lateness.woke(due, start, due + seconds(3)) {
                told.push((at, late));
            }
        }
        assert_eq!(told, [(0, seconds(3)), (300, seconds(3))]);
    }

    #[test]
    fn a_stretch_that_does_not_end_is_told_once_an_hour() {
        let start = Instant::now();
        let mut lateness = Lateness::default();
        let times = (0..7_200).step_by(10).filter(|at| {
            let due = start + seconds(*at);
            lateness.woke(due, start, due + seconds(3)).is_some()
        });
        assert_eq!(times.count(), 2);
    }

    #[test]
    fn a_second_is_not_late_and_its_own_work_is_not_counted() {
        let start = Instant::now();
        let mut lateness = Lateness::default();
        assert_eq!(lateness.woke(start, start, start + seconds(1)), None);
        let busy = start + seconds(20);
        assert_eq!(lateness.woke(start, busy, busy), None);
        let woken = busy + seconds(2);
        assert_eq!(lateness.woke(start, busy, woken), Some(seconds(2)));
    }
}
