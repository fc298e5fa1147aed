use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::span::Seconds;
use crate::JobId;

/// Spreads the starts of jobs that share a fire time.
///
/// ```text
/// fire times     |         |         |
/// none           [==]      [==]      [==]
/// up to 5         [==]         [==]    [==]
/// ```
///
/// The delay is a fixed function of the job's id and the fire time, so it is the same on every node
/// and after every restart. Delays never accumulate, since the next fire time is counted from the
/// nominal one. A delay is cut so that a run always starts before the next fire time. The ledger
/// keeps the nominal time.
///
/// In JSON: `null`, or the longest delay in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(into = "Option<Seconds>")]
pub(crate) struct Jitter(Duration);

impl Jitter {
    /// No jitter, the default.
    pub(crate) const NONE: Self = Self(Duration::ZERO);

    /// A delay of at most `longest`.
    #[must_use]
    pub(crate) fn up_to(longest: Duration) -> Self {
        Self(longest)
    }

    /// The longest delay, if there is any.
    #[must_use]
    pub(crate) fn longest(self) -> Option<Duration> {
        (!self.0.is_zero()).then_some(self.0)
    }

    /// Returns the time at which the run of `fire_time` starts. `next` is the fire time after it,
    /// if the trigger has one.
    #[must_use]
    pub(crate) fn start_of(
        self,
        job: &JobId,
        fire_time: DateTime<Utc>,
        next: Option<DateTime<Utc>>,
    ) -> DateTime<Utc> {
        let Some(longest) = self.longest() else {
            return fire_time;
        };
        let room = next.map_or(i64::MAX, |next| {
            (next - fire_time).num_microseconds().unwrap_or(i64::MAX) - 1
        });
        let longest = i64::try_from(longest.as_micros())
            .unwrap_or(i64::MAX)
            .min(room)
            .max(0);
        let delay = scaled(hash(job.as_str(), fire_time.timestamp_micros()), longest);
        fire_time
            .checked_add_signed(TimeDelta::microseconds(delay))
            .unwrap_or(fire_time)
    }
}

/// Scales a hash to 0 ..= `most`, by multiplication instead of division (Lemire 2019).
fn scaled(hash: u64, most: i64) -> i64 {
    let range = u128::from(most.unsigned_abs()) + 1;
    ((u128::from(hash) * range) >> 64) as i64
}

/// Hashes id and instant with FNV-1a, followed by the mixer of `SplitMix64`. The function is part
/// of the behaviour, because another one would move the starts of stored jobs.
fn hash(id: &str, micros: i64) -> u64 {
    let mut state = 0xcbf2_9ce4_8422_2325_u64;
    for byte in id.bytes().chain(micros.to_le_bytes()) {
        state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

impl From<Jitter> for Option<Seconds> {
    fn from(jitter: Jitter) -> Self {
        jitter.longest().map(Seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_start_stays_before_the_next_fire_time() {
        let job = JobId::new("j").unwrap();
        let jitter = Jitter::up_to(Duration::from_secs(3_600));
        for second in 0..1_000 {
            let fire = at("2026-03-01T10:00:00Z") + TimeDelta::seconds(second);
            let next = fire + TimeDelta::seconds(1);
            let start = jitter.start_of(&job, fire, Some(next));
            assert!(fire <= start && start < next);
        }
    }

    #[test]
    fn starts_are_spread_over_the_whole_span() {
        let job = JobId::new("j").unwrap();
        let jitter = Jitter::up_to(Duration::from_secs(100));
        let mean = (0..1_000)
            .map(|day| at("2026-03-01T10:00:00Z") + TimeDelta::days(day))
            .map(|fire| (jitter.start_of(&job, fire, None) - fire).num_milliseconds())
            .sum::<i64>()
            / 1_000;
        assert!((45_000..55_000).contains(&mean), "{mean}");
    }

    #[test]
    fn stored_jobs_keep_their_starts() {
        let job = JobId::new("report").unwrap();
        let start =
            Jitter::up_to(Duration::from_secs(60)).start_of(&job, at("2026-03-01T10:00:00Z"), None);
        assert_eq!(
            start,
            at("2026-03-01T10:00:00Z")
                + TimeDelta::microseconds(scaled(
                    hash("report", 1_772_359_200_000_000),
                    60_000_000
                ))
        );
    }
}
