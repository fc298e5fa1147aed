//! The bounds `start` and `end`, between which a trigger fires. Both are inclusive.

use std::fmt::Display;

use chrono::{DateTime, Utc};

use super::when::When;
use crate::error::{Error, ErrorKind};
use crate::instant::{self, MAX_MICROS, MIN_MICROS};
use crate::zone::Zone;

/// The bounds that a builder was given.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BoundsDraft {
    pub(crate) start: Option<When>,
    pub(crate) end: Option<When>,
}

/// Returns the error for a rule whose end is before its start.
pub(crate) fn ends_before(
    end_field: &'static str,
    end: impl Display,
    start_field: &str,
    start: impl Display,
) -> Error {
    Error::new(
        ErrorKind::NeverFires,
        end_field,
        format!("is before the {start_field} `{start}`"),
    )
    .with_value(end)
    .with_hint("swap them, or leave one of them out")
}

/// The bounds as they were written, and as instants in microseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bounds {
    pub(crate) start: Option<When>,
    pub(crate) end: Option<When>,
    from: i64,
    through: i64,
}

impl Bounds {
    /// Returns the bounds that a builder was given, or `None` if there are none.
    pub(crate) fn given(
        draft: BoundsDraft,
        zone: Option<Zone>,
    ) -> Result<Option<Box<Self>>, Error> {
        let bounds = Self::new(draft.start, draft.end, zone);
        if let Some(bounds) = &bounds {
            bounds.check(zone)?;
        }
        Ok(bounds.map(Box::new))
    }

    /// Refuses an end that is before the start, in the zone of the trigger.
    pub(crate) fn check(&self, zone: Option<Zone>) -> Result<(), Error> {
        let (Some(start), Some(end)) = (self.start, self.end) else {
            return Ok(());
        };
        if self.through >= self.from || (zone.is_none() && self.is_mixed()) {
            return Ok(());
        }
        Err(ends_before("end", end, "start", start))
    }

    /// Returns whether exactly one of the bounds is local. Only a time zone can then tell which is
    /// first.
    fn is_mixed(&self) -> bool {
        matches!(
            (self.start, self.end),
            (Some(When::Local(_)), Some(When::Instant(_)))
                | (Some(When::Instant(_)), Some(When::Local(_)))
        )
    }

    /// Creates bounds, or returns `None` if both are absent. Local bounds are read in `zone`, or in
    /// UTC without one. Bounds beyond the years 1 to 9999 limit nothing.
    pub(crate) fn new(start: Option<When>, end: Option<When>, zone: Option<Zone>) -> Option<Self> {
        if start.is_none() && end.is_none() {
            return None;
        }
        let (start, end) = (start.map(When::cut), end.map(When::cut));
        let bounds = Self {
            start,
            end,
            from: MIN_MICROS,
            through: MAX_MICROS,
        };
        Some(bounds.in_zone(zone.unwrap_or(Zone::UTC)))
    }

    /// The start as an instant.
    pub(crate) fn first(&self) -> Option<DateTime<Utc>> {
        self.start.and_then(|_| instant::from_micros(self.from))
    }

    /// The end as an instant.
    pub(crate) fn last(&self) -> Option<DateTime<Utc>> {
        self.end.and_then(|_| instant::from_micros(self.through))
    }

    /// Returns the first and the last microsecond.
    pub(crate) fn micros(bounds: Option<&Self>) -> (i64, i64) {
        bounds.map_or((MIN_MICROS, MAX_MICROS), |bounds| {
            (bounds.from, bounds.through)
        })
    }

    /// Returns the same bounds with local ones read in another zone.
    pub(crate) fn in_zone(&self, zone: Zone) -> Self {
        let bound = |when: Option<When>, unbounded: i64| {
            when.map_or(unbounded, |when| when.micros_in(zone))
                .clamp(MIN_MICROS, MAX_MICROS)
        };
        Self {
            from: bound(self.start, MIN_MICROS),
            through: bound(self.end, MAX_MICROS),
            ..*self
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{CalendarInterval, Cron, Crontab, Custom, Date, Interval, Trigger};

    const MESSAGE: &str = "end: `2026-01-01T00:00:00Z` is before the start `2026-02-01T00:00:00Z`; \
                           swap them, or leave one of them out";

    fn at(text: &str) -> When {
        text.parse().unwrap()
    }

    fn message_of(json: &Value) -> String {
        match serde_json::from_value::<Trigger>(json.clone()) {
            Ok(trigger) => trigger
                .check()
                .map_or_else(|e| e.to_string(), |()| String::new()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn an_end_before_the_start_is_refused_in_json_and_text() {
        let daily = json!({"type": "cron", "hour": 9});
        for mut json in [
            daily.clone(),
            json!({"type": "date", "run_at": "2026-01-15T00:00:00Z"}),
            json!({"type": "interval", "hours": 1}),
            json!({"type": "crontab", "expr": "0 9 * * *"}),
            json!({"type": "calendar_interval", "days": 1}),
            json!({"type": "custom", "name": "tides"}),
            json!({"type": "or", "triggers": [daily, daily]}),
            json!({"type": "and", "triggers": [daily, daily]}),
        ] {
            json["start"] = json!("2026-02-01T00:00:00Z");
            json["end"] = json!("2026-01-01T00:00:00Z");
            assert_eq!(message_of(&json), MESSAGE, "{json}");
            assert_eq!(
                json.to_string().parse::<Trigger>().unwrap_err().to_string(),
                MESSAGE
            );
            json["end"] = json["start"].clone();
            assert_eq!(message_of(&json), "", "{json}");
        }
        let call = r#"cron(hour=9, start="2026-02-01T00:00:00Z", end="2026-01-01T00:00:00Z")"#;
        assert_eq!(call.parse::<Trigger>().unwrap_err().to_string(), MESSAGE);
        let nested = format!("or(interval(hours=1, start=\"2026-01-01\"), {call})");
        let error = nested.parse::<Trigger>().unwrap_err().to_string();
        assert_eq!(error, format!("triggers[1].{MESSAGE}"));
    }

    #[test]
    fn an_end_before_the_start_is_refused_in_code() {
        let (start, end) = (at("2026-02-01T00:00:00Z"), at("2026-01-01T00:00:00Z"));
        let daily = Cron::new().hour(9).build().unwrap();
        let length = std::time::Duration::from_secs(60);
        for built in [
            Cron::new().hour(9).start(start).end(end).build(),
            Crontab::new("0 9 * * *").start(start).end(end).build(),
            Date::at(end).start(start).end(end).build(),
            Interval::every(length).start(start).end(end).build(),
            CalendarInterval::days(1).start(start).end(end).build(),
            Custom::named("tides").start(start).end(end).build(),
            Trigger::or([daily]).start(start).end(end).build(),
        ] {
            let error = built.unwrap_err();
            assert_eq!(error.to_string(), MESSAGE);
            assert_eq!(error.kind(), ErrorKind::NeverFires);
        }
    }

    #[test]
    fn an_end_date_before_the_start_date_is_refused() {
        let json = json!({"type": "calendar_interval", "days": 1, "start_date": "2026-02-01",
            "end_date": "2026-01-01"});
        assert_eq!(
            message_of(&json),
            "end_date: `2026-01-01` is before the start_date `2026-02-01`; swap them, or leave one \
             of them out"
        );
    }

    #[test]
    fn only_a_zone_tells_which_of_a_local_time_and_an_instant_is_first() {
        let mut json = json!({"type": "cron", "hour": 9, "start": "2026-03-01T10:00:00",
            "end": "2026-03-01T09:30:00Z"});
        let open: Trigger = serde_json::from_value(json.clone()).unwrap();
        open.check().unwrap();
        let in_zone = |name| open.with_default_timezone(Zone::new(name).unwrap());
        in_zone("Europe/Paris").check().unwrap();
        let message = "end: `2026-03-01T09:30:00Z` is before the start `2026-03-01T10:00:00`; swap \
                       them, or leave one of them out";
        assert_eq!(in_zone("UTC").check().unwrap_err().to_string(), message);
        json["timezone"] = json!("UTC");
        assert_eq!(message_of(&json), message);
    }
}
