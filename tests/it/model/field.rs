//! One field of a cron rule: a list of stepped ranges, looked through one by one.

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
pub(crate) const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

#[derive(Debug, Clone, Copy)]
pub(crate) struct Range {
    first: i16,
    last: i16,
    step: i16,
}

/// The values a field allows.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    ranges: Vec<Range>,
    min: i16,
    max: i16,
    /// An element begins with `*`.
    pub(crate) open: bool,
}

/// What a field may hold, and the words for its values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) min: i16,
    pub(crate) max: i16,
    pub(crate) words: Words,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Words {
    None,
    Months,
    /// Monday is 0.
    Weekdays,
    /// Sunday is 0, and 7 at the end of a range.
    CrontabWeekdays,
}

pub(crate) const YEAR: Kind = Kind {
    min: 1970,
    max: 9999,
    words: Words::None,
};
pub(crate) const MONTH: Kind = Kind {
    min: 1,
    max: 12,
    words: Words::Months,
};
pub(crate) const DAY: Kind = Kind {
    min: 1,
    max: 31,
    words: Words::None,
};
pub(crate) const WEEK: Kind = Kind {
    min: 1,
    max: 53,
    words: Words::None,
};
pub(crate) const WEEKDAY: Kind = Kind {
    min: 0,
    max: 6,
    words: Words::Weekdays,
};
pub(crate) const CRONTAB_WEEKDAY: Kind = Kind {
    min: 0,
    max: 7,
    words: Words::CrontabWeekdays,
};
pub(crate) const HOUR: Kind = Kind {
    min: 0,
    max: 23,
    words: Words::None,
};
pub(crate) const SIXTY: Kind = Kind {
    min: 0,
    max: 59,
    words: Words::None,
};

impl Field {
    pub(crate) fn any(kind: Kind) -> Self {
        Self::read("*", kind).expect("a star is a field")
    }

    pub(crate) fn read(text: &str, kind: Kind) -> Option<Self> {
        let elements: Vec<String> = text
            .split(',')
            .map(|element| element.trim().to_lowercase())
            .collect();
        let ranges = elements
            .iter()
            .map(|element| range(element, kind))
            .collect::<Option<_>>()?;
        let open = elements.iter().any(|element| element.starts_with('*'));
        Some(Self {
            ranges,
            min: kind.min,
            max: kind.max,
            open,
        })
    }

    pub(crate) fn has(&self, value: impl Into<i16>) -> bool {
        let value = value.into();
        self.ranges.iter().any(|range| {
            range.first <= value && value <= range.last && (value - range.first) % range.step == 0
        })
    }

    /// Every value in order, as the small numbers that clocks show.
    pub(crate) fn values(&self) -> Vec<i8> {
        (self.min..=self.max)
            .filter(|&value| self.has(value))
            .filter_map(|value| i8::try_from(value).ok())
            .collect()
    }
}

fn range(element: &str, kind: Kind) -> Option<Range> {
    let (span, step) = match element.split_once('/') {
        Some((span, step)) => (span, Some(number(step)?)),
        None => (element, None),
    };
    if step.is_some_and(|step| step < 1) {
        return None;
    }
    let (first, last) = match (span, span.split_once('-')) {
        ("*", _) => (kind.min, kind.max),
        (_, Some((first, last))) => (value(first, kind, false)?, value(last, kind, true)?),
        (single, None) => {
            let first = value(single, kind, false)?;
            (first, if step.is_some() { kind.max } else { first })
        }
    };
    let inside = kind.min <= first && first <= last && last <= kind.max;
    inside.then_some(Range {
        first,
        last,
        step: step.unwrap_or(1),
    })
}

fn number(text: &str) -> Option<i16> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn value(text: &str, kind: Kind, ends: bool) -> Option<i16> {
    match kind.words {
        Words::Months => place(text, &MONTHS).map(|place| place + 1),
        Words::Weekdays => place(text, &WEEKDAYS),
        Words::CrontabWeekdays => place(text, &WEEKDAYS).map(|place| match place {
            6 if ends => 7,
            place => (place + 1) % 7,
        }),
        Words::None => None,
    }
    .or_else(|| number(text))
}

/// The place of a word or of its first three letters in a list of words.
pub(crate) fn place(text: &str, words: &[&str]) -> Option<i16> {
    let place = words
        .iter()
        .position(|word| *word == text || word[..3] == *text)?;
    i16::try_from(place).ok()
}
