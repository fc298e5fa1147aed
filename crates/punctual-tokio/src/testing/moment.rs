use chrono::{DateTime, TimeZone, Utc};

/// A value that a test may write for an instant. It is a [`DateTime`] of any time zone, or text
/// such as `2026-03-28T22:00:00Z`.
///
/// ```
/// use chrono::{DateTime, FixedOffset, Utc};
/// use punctual_tokio::testing::Moment;
///
/// let text = String::from("2026-03-28T22:00:00Z");
/// let utc: DateTime<Utc> = text.parse().unwrap();
/// let paris: DateTime<FixedOffset> = "2026-03-28T23:00:00+01:00".parse().unwrap();
/// assert_eq!(text.as_str().instant(), utc);
/// assert_eq!((&text).instant(), utc);
/// assert_eq!(paris.instant(), utc);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read as an instant",
    note = "write text such as \"2026-03-28T22:00:00Z\", or give a `chrono::DateTime` of any time zone"
)]
pub trait Moment {
    /// Returns the instant.
    ///
    /// # Panics
    ///
    /// Panics if the text is not a valid instant in RFC 3339.
    #[track_caller]
    fn instant(self) -> DateTime<Utc>;
}

impl<Tz: TimeZone> Moment for DateTime<Tz> {
    fn instant(self) -> DateTime<Utc> {
        self.to_utc()
    }
}

impl Moment for &str {
    fn instant(self) -> DateTime<Utc> {
        match self.parse() {
            Ok(instant) => instant,
            Err(error) => {
                panic!("`{self}` is not an instant such as 2026-03-28T22:00:00Z: {error}")
            }
        }
    }
}

impl Moment for String {
    fn instant(self) -> DateTime<Utc> {
        self.as_str().instant()
    }
}

/// A `&String`, or an item of a list of instants.
impl<M: Moment + Clone> Moment for &M {
    fn instant(self) -> DateTime<Utc> {
        self.clone().instant()
    }
}
