//! Warns of policies that limit each other, or that the trigger limits.

use std::time::Duration;

use super::Policies;
use crate::error::Error;
use crate::{Trigger, Warning, WarningKind};

impl Policies {
    /// Returns a warning for each policy that the trigger or another policy cuts short.
    pub(crate) fn cuts(&self, trigger: &Trigger) -> impl Iterator<Item = Warning> {
        [self.jitter_cut(trigger), self.backoff_cut()]
            .into_iter()
            .flatten()
    }

    /// The planner cuts a jitter so that a run starts before the next fire time.
    fn jitter_cut(&self, trigger: &Trigger) -> Option<Warning> {
        let Trigger::Interval(interval) = trigger else {
            return None;
        };
        let length = Duration::from_micros(interval.length_micros().unsigned_abs());
        let longest = self.jitter.longest().filter(|longest| *longest >= length)?;
        let length = length.as_secs_f64();
        let problem = format!("is not less than the interval of {length} seconds, which cuts it");
        let error = Error::invalid("jitter", longest.as_secs_f64(), problem)
            .with_hint(format!("write less than `{length}`"));
        Some(Warning::new(WarningKind::JitterCut, error))
    }

    fn backoff_cut(&self) -> Option<Warning> {
        let retry = self.retry;
        if retry.attempts < 2 || retry.backoff <= retry.cap {
            return None;
        }
        let cap = retry.cap.as_secs_f64();
        let problem = format!("is more than the cap of {cap} seconds, which cuts it");
        let error = Error::invalid("retry.backoff", retry.backoff.as_secs_f64(), problem)
            .with_hint("raise retry.cap, or wait less");
        Some(Warning::new(WarningKind::BackoffCut, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Retry;
    use crate::policy::Jitter;

    #[test]
    fn what_is_cut_is_told() {
        let seconds = Duration::from_secs;
        let warnings = |policies: Policies, trigger: &str| -> Vec<_> {
            let trigger: Trigger = trigger.parse().unwrap();
            policies
                .cuts(&trigger)
                .map(|warning| warning.to_string())
                .collect()
        };
        let jitter = |longest| Policies {
            jitter: Jitter::up_to(seconds(longest)),
            ..Policies::default()
        };
        assert_eq!(
            warnings(jitter(60), "interval(minutes=1)"),
            [
                "jitter: `60` is not less than the interval of 60 seconds, which cuts it; write less than `60`"
            ]
        );
        assert!(warnings(jitter(59), "interval(minutes=1)").is_empty());
        assert!(warnings(jitter(60), "* * * * *").is_empty());
        let retry = |retry| Policies {
            retry,
            ..Policies::default()
        };
        let waits = |attempts| {
            let retry = Retry::attempts(attempts).backoff(seconds(7_200));
            retry.cap(seconds(3_600)).build().unwrap()
        };
        assert_eq!(
            warnings(retry(waits(3)), "@daily"),
            [
                "retry.backoff: `7200` is more than the cap of 3600 seconds, which cuts it; raise retry.cap, or wait less"
            ]
        );
        assert!(warnings(retry(waits(1)), "@daily").is_empty());
        assert!(warnings(retry(Retry::attempts(3).build().unwrap()), "@daily").is_empty());
    }
}
