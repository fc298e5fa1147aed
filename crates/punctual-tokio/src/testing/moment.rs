use chrono::{DateTime, Utc};

/// An instant in a test: a [`DateTime`], or text such as `2026-03-28T22:00:00Z`.
pub trait Moment {
    /// The instant.
    ///
    /// # Panics
    ///
    /// If the text is no instant in RFC 3339.
    #[track_caller]
    fn instant(self) -> DateTime<Utc>;
}

impl Moment for DateTime<Utc> {
    fn instant(self) -> DateTime<Utc> {
        self
    }
}

impl Moment for &str {
    fn instant(self) -> DateTime<Utc> {
        match self.parse() {
            Ok(instant) => instant,
            Err(error) => panic!("`{self}` is no instant such as 2026-03-28T22:00:00Z: {error}"),
        }
    }
}
