//! Local times that do not exist, or exist twice.

use serde::{Deserialize, Serialize};

/// Decides what becomes of a local time that a time zone leaves out when clocks are set forward.
///
/// ```text
/// local      01:00      [02:00 ... does not exist ... 03:00)      04:00
/// 02:30                            x
/// After                                               run                 at 03:00, once
/// Skip                                                                    not that day
/// Shift                                                    run            at 03:30
/// ```
///
/// Triggers whose hour, minute or second is a `*` or `*/n` are *wild*. They follow real time and
/// skip local times that do not exist. All other triggers are *fixed*. They run at the first
/// instant after the gap, so that no day's run is lost. A trigger can override either default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "the rules for a time that does not exist are these"
)]
pub enum Gap {
    /// The trigger fires once, at the first instant after the gap, for all times in the gap
    /// together. The default of fixed triggers.
    After,
    /// The trigger does not fire. The default of wild triggers.
    Skip,
    /// The trigger fires as long after the end of the gap as the time is after its beginning.
    Shift,
}

/// Decides what becomes of a local time that exists twice when clocks are set back.
///
/// ```text
/// real time   01:00   01:30   01:00'  01:30'  02:00
/// 01:30               ?               ?
/// First               run
/// Second                              run
/// Both                run             run
/// ```
///
/// Wild triggers run in both passes, since real time continues. Fixed triggers run in the first
/// pass only, so that no day's run is repeated. A trigger can override either default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "the rules for a time that exists twice are these"
)]
pub enum Fold {
    /// The trigger fires in the first pass. The default of fixed triggers.
    First,
    /// The trigger fires in the second pass.
    Second,
    /// The trigger fires in both passes. The default of wild triggers.
    Both,
}

/// The gap and fold policies that a trigger was given, and whether the trigger is wild.
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
