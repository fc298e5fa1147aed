//! The wall clock, which all processes of a machine share.

use std::time::SystemTime;

use chrono::{DateTime, Utc};

pub(crate) fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}
