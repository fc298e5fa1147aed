//! When a job fires.

pub use punctual_core::{
    And, CalendarInterval, CalendarIntervalBuilder, CombinationBuilder, Count, Cron, CronBuilder,
    Crontab, CrontabBuilder, Custom, CustomBuilder, CustomTrigger, Date, DateBuilder, Explanation,
    FieldReason, FirstRun, Interval, IntervalBuilder, IntoField, IntoTrigger, IntoTriggers, Or,
    Reason, Trigger, TriggerRegistry, Undecided, Warning, WarningKind,
};

/// The fire times of one trigger.
pub use punctual_core::Upcoming as FireTimes;
