//! Time zones, with names for users and tables of transitions for the search.

mod database;
mod into;
mod table;

pub use database::{DatabaseInfo, ZoneDatabase};
pub use into::IntoZone;
pub(crate) use table::Segment;

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::Error;
use crate::instant;

/// A time zone of the IANA database, by name.
///
/// Users name zones by text. The arithmetic is not that of `chrono-tz`, whose
/// newest release ends in 2099 and is an hour wrong today for Vancouver, Winnipeg, Casablanca and
/// others. All users of a zone share one table of its transitions. A `Zone` is a reference to that
/// table.
///
/// ```
/// use punctual_core::Zone;
///
/// let vancouver = Zone::new("America/Vancouver")?;
/// let local = "2026-11-20T09:00:00".parse()?;
/// assert_eq!(vancouver.instant(local).unwrap().to_rfc3339(), "2026-11-20T16:00:00+00:00");
/// assert!(Zone::new("Europe/Berln").unwrap_err().to_string().ends_with("did you mean Europe/Berlin?"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Zone(&'static table::Table);

impl Zone {
    /// Coordinated Universal Time.
    pub const UTC: Self = Self(&table::UTC);

    /// Looks a zone up by its IANA name, in any case.
    ///
    /// # Errors
    ///
    /// Returns an error if the database does not hold the name. The error suggests the nearest
    /// known name.
    pub fn new(name: &str) -> Result<Self, Error> {
        database::table(name).map(Self)
    }

    /// The name as the database writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// Returns the version and origin of the time zone database in use.
    ///
    /// ```
    /// let database = punctual_core::Zone::database();
    /// assert!(database.version.as_str() >= "2026e");
    /// assert_eq!(database.origin, "bundled");
    /// ```
    #[must_use]
    pub fn database() -> DatabaseInfo {
        database::info()
    }

    /// Replaces the bundled database by another one, for the whole process.
    ///
    /// # Errors
    ///
    /// Returns an error if a zone other than UTC was made before, or if [`Zone::database`] was
    /// called. The answers until then would contradict those after.
    pub fn install_database(database: ZoneDatabase) -> Result<(), Error> {
        database::install(database)
    }

    /// Converts an instant to local time with its offset, for printing.
    #[must_use]
    pub fn local(self, t: DateTime<Utc>) -> DateTime<FixedOffset> {
        let offset = i32::try_from(self.0.offset_at(t.timestamp())).unwrap_or(0);
        match FixedOffset::east_opt(offset) {
            Some(offset) => t.with_timezone(&offset),
            None => t.fixed_offset(),
        }
    }

    /// Converts a local time to an instant, as RFC 5545 reads it. If the local time exists twice,
    /// the first instant counts. If it does not exist, it is read with the offset before the gap.
    /// Returns `None` outside the years 1 to 9999.
    #[must_use]
    pub fn instant(self, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        let micros = i64::from(local.and_utc().timestamp_subsec_micros().min(999_999));
        let seconds = self.0.resolve(instant::wall_of(local));
        instant::from_micros(seconds.checked_mul(instant::SECOND)?.checked_add(micros)?)
    }

    pub(crate) fn index_at(self, t: i64) -> usize {
        self.0.index_at(t)
    }

    pub(crate) fn segment(self, index: usize) -> Option<Segment> {
        self.0.segment(index)
    }

    pub(crate) fn instant_of_wall(self, wall: i64) -> i64 {
        self.0.resolve(wall)
    }

    pub(crate) fn wall_at(self, t: i64) -> i64 {
        t + self.0.offset_at(t)
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Zone {}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Zone {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::new(name)
    }
}

impl TryFrom<&str> for Zone {
    type Error = Error;

    fn try_from(name: &str) -> Result<Self, Error> {
        Self::new(name)
    }
}

impl TryFrom<String> for Zone {
    type Error = Error;

    fn try_from(name: String) -> Result<Self, Error> {
        Self::new(&name)
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::new(&name).map_err(serde::de::Error::custom)
    }
}
