//! Local times that do not exist, or exist twice.

use serde::{Deserialize, Serialize};

/// What becomes of a local time that a time zone leaves out, when clocks are set forward.
///
/// ```text
/// local      01:00      [02:00 ... does not exist ... 03:00)      04:00
/// 02:30                            x
/// After                                               run                 at 03:00, once
/// Skip                                                                    not that day
/// Shift                                                    run            at 03:30
/// ```
///
/// Triggers whose hour, minute or second is a `*` or `*/n` are *wild*: they follow real time and
/// skip what does not exist. All others are *fixed* and run at the first instant after the gap, so
/// that no day's run is lost. Either can be told otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gap {
    /// Once, at the first instant after the gap, for all times in it together. The default of
    /// fixed triggers.
    After,
    /// Not at all. The default of wild triggers.
    Skip,
    /// As long after the gap's end as the time is after the gap's begin.
    Shift,
}

/// What becomes of a local time that exists twice, when clocks are set back.
///
/// ```text
/// real time   01:00   01:30   01:00'  01:30'  02:00
/// 01:30               ?               ?
/// First               run
/// Second                              run
/// Both                run             run
/// ```
///
/// Wild triggers run in both passes, since real time goes on; fixed ones the first time only, so
/// that no day's run is repeated. Either can be told otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fold {
    /// The first time. The default of fixed triggers.
    First,
    /// The second time.
    Second,
    /// Both times. The default of wild triggers.
    Both,
}

/// What a trigger says about both: what was given, and whether it is wild.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Daylight {
    pub(crate) gap: Option<Gap>,
    pub(crate) fold: Option<Fold>,
    pub(crate) wild: bool,
}

impl Daylight {
    pub(crate) fn gap(self) -> Gap {
        self.gap
            .unwrap_or(if self.wild { Gap::Skip } else { Gap::After })
    }

    pub(crate) fn fold(self) -> Fold {
        self.fold
            .unwrap_or(if self.wild { Fold::Both } else { Fold::First })
    }
}
