//! Points in time as callers write them.

use chrono::{DateTime, Utc};
use punctual_core::{When, Zone};

use crate::error::{Error, ErrorKind};

/// Returns the instant of a time that a caller wrote for `field`. A local time is one of `zone`.
pub(crate) fn instant(field: &str, when: When, zone: Zone) -> Result<DateTime<Utc>, Error> {
    when.instant(zone).ok_or_else(|| {
        let message = format!("{field}: `{when}` is too far away; expected a year from 1 to 9999");
        Error::of(ErrorKind::Invalid, message)
    })
}
