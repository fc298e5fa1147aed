//! Refuses zeros with which a policy would defeat the job.

use std::fmt::Display;
use std::time::Duration;

use super::{Coalesce, OnLost, Overlap, Policies};
use crate::Error;

impl Policies {
    /// Checks that no policy is zero where a zero lets nothing run or stands for another policy, and
    /// that no length of time is above a hundred years.
    ///
    /// # Errors
    ///
    /// Returns an error that names the first such policy and the value to write instead.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use punctual_core::Policies;
    ///
    /// let error = Policies::new().timeout(Duration::ZERO).build().unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "timeout: `0` ends every run as it begins; leave it out for no limit"
    /// );
    /// ```
    pub fn check(&self) -> Result<(), Error> {
        if let Some(grace) = self.misfire_grace_time.limit().filter(is_nothing) {
            let hint = "give it a second, or leave it out for no limit";
            let value = text_of(grace);
            return zero("misfire_grace_time", value, "misses every fire time", hint);
        }
        if let Some(limit) = self.timeout.limit().filter(is_nothing) {
            let hint = "leave it out for no limit";
            let value = text_of(limit);
            return zero("timeout", value, "ends every run as it begins", hint);
        }
        if self.coalesce == (Coalesce::All { at_most: 0 }) {
            let hint = "write `latest` to run one fire time of a backlog";
            return zero("coalesce", "all(0)", "runs nothing", hint);
        }
        if self.overlap == (Overlap::Queue { at_most: 0 }) {
            let hint = "write `skip` instead";
            return zero("overlap", "queue(0)", "lets nothing wait", hint);
        }
        if self.on_lost == (OnLost::Rerun { at_most: 0 }) {
            let hint = "write `record` instead";
            return zero("on_lost", "rerun(0)", "reruns nothing", hint);
        }
        if self.retry.attempts == 0 {
            let hint = "write 1 for no retry";
            return zero("retry.attempts", 0, "allows no attempt", hint);
        }
        self.check_lengths()
    }
}

/// Times are counted in microseconds, so a shorter duration is zero.
fn is_nothing(span: &Duration) -> bool {
    *span < Duration::from_micros(1)
}

fn text_of(span: Duration) -> String {
    if span.is_zero() {
        "0".to_owned()
    } else {
        format!("{span:?}")
    }
}

fn zero(
    field: &'static str,
    value: impl Display,
    problem: &'static str,
    hint: &'static str,
) -> Result<(), Error> {
    Err(Error::invalid(field, value, problem).with_hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Retry;

    #[test]
    fn what_is_shorter_than_a_microsecond_is_refused_as_zero_is() {
        let refused = |span: Duration| {
            let timeout = Policies {
                timeout: span.into(),
                ..Policies::default()
            };
            let grace = Policies {
                misfire_grace_time: span.into(),
                ..Policies::default()
            };
            [timeout, grace].map(|policies| policies.check().err().map(|error| error.to_string()))
        };
        assert_eq!(
            refused(Duration::from_nanos(999)),
            [
                Some("timeout: `999ns` ends every run as it begins; leave it out for no limit".into()),
                Some("misfire_grace_time: `999ns` misses every fire time; give it a second, or leave it out for no limit".into()),
            ]
        );
        assert_eq!(refused(Duration::from_micros(1)), [None, None]);
    }

    #[test]
    fn zeros_are_refused_with_what_to_write_instead() {
        let plain = Policies::default;
        plain().check().unwrap();
        let zeros = [
            Policies {
                misfire_grace_time: Duration::ZERO.into(),
                ..plain()
            },
            Policies {
                timeout: Duration::ZERO.into(),
                ..plain()
            },
            Policies {
                coalesce: Coalesce::All { at_most: 0 },
                ..plain()
            },
            Policies {
                overlap: Overlap::Queue { at_most: 0 },
                ..plain()
            },
            Policies {
                on_lost: OnLost::Rerun { at_most: 0 },
                ..plain()
            },
            Policies {
                retry: Retry {
                    attempts: 0,
                    ..Retry::NONE
                },
                ..plain()
            },
        ];
        let messages = zeros.map(|policies| policies.check().unwrap_err().to_string());
        assert_eq!(
            messages,
            [
                "misfire_grace_time: `0` misses every fire time; give it a second, or leave it out for no limit",
                "timeout: `0` ends every run as it begins; leave it out for no limit",
                "coalesce: `all(0)` runs nothing; write `latest` to run one fire time of a backlog",
                "overlap: `queue(0)` lets nothing wait; write `skip` instead",
                "on_lost: `rerun(0)` reruns nothing; write `record` instead",
                "retry.attempts: `0` allows no attempt; write 1 for no retry",
            ]
        );
    }
}
