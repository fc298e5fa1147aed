//! Refuses lengths of time that no policy can have.

use std::fmt::Display;
use std::time::Duration;

use super::Policies;
use crate::error::{Error, ErrorKind};
use crate::span::Shown;

/// The longest duration that a policy accepts, a hundred years.
pub(super) const LONGEST: Duration = Duration::from_secs(100 * 366 * 86_400);

impl Policies {
    /// Checks that no length of time is above a hundred years, which JSON could not keep.
    pub(super) fn check_lengths(&self) -> Result<(), Error> {
        let spans = [
            ("misfire_grace_time", self.misfire_grace_time.limit()),
            ("jitter", self.jitter.longest()),
            ("timeout", self.timeout.limit()),
            ("retry.backoff", Some(self.retry.backoff)),
            ("retry.cap", Some(self.retry.cap)),
        ];
        let is_long = |(_, span): &(_, Option<Duration>)| span.is_some_and(|span| span > LONGEST);
        match spans.into_iter().find(is_long) {
            Some((field, span)) => Err(too_long(field, Shown(span.unwrap_or_default()))),
            None => Ok(()),
        }
    }
}

/// Returns the error for a length of time above a hundred years.
pub(super) fn too_long(field: &'static str, value: impl Display) -> Error {
    let hint = match field {
        "misfire_grace_time" | "timeout" => "leave it out for no limit",
        _ => "write a shorter one, such as `1h`",
    };
    let error = Error::new(ErrorKind::TooLarge, field, "is longer than 100 years");
    error.with_value(value).with_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Policies, PoliciesBuilder, Retry};

    #[test]
    fn a_length_above_a_hundred_years_is_refused_however_it_is_given() {
        let message = |builder: PoliciesBuilder| builder.build().unwrap_err().to_string();
        let above = LONGEST + Duration::from_micros(1);
        let long = |field: &str, hint: &str| {
            format!("{field}: `36600d 1us` is longer than 100 years; {hint}")
        };
        let (limit, wait) = (
            "leave it out for no limit",
            "write a shorter one, such as `1h`",
        );
        assert_eq!(
            message(Policies::new().timeout(above)),
            long("timeout", limit)
        );
        assert_eq!(
            message(Policies::new().misfire_grace_time(above)),
            long("misfire_grace_time", limit)
        );
        assert_eq!(message(Policies::new().jitter(above)), long("jitter", wait));
        let retry = Retry::attempts(3);
        assert_eq!(
            message(Policies::new().retry(retry.clone().backoff(above))),
            long("retry.backoff", wait)
        );
        assert_eq!(
            message(Policies::new().retry(retry.cap(above))),
            long("retry.cap", wait)
        );
        Policies::new()
            .timeout(LONGEST)
            .jitter(LONGEST)
            .build()
            .unwrap();
    }
}
