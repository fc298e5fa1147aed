//! Setters that several builders share.

/// Adds `timezone` to a builder with a `zone` reachable through `zoned`.
macro_rules! timezone_setter {
    ($($zone:tt)+) => {
        /// Sets the time zone, given as a [`Zone`](crate::Zone) or an IANA name.
        ///
        /// Without a time zone the scheduler fills in its own. Where there is no scheduler, it is
        /// UTC.
        pub fn timezone(mut self, zone: impl $crate::IntoZone) -> Self {
            match zone.into_zone() {
                Ok(zone) => {
                    self.$($zone)+ = Some(zone);
                    self
                }
                Err(error) => self.failed(error),
            }
        }
    };
}

/// Adds `start` and `end`.
macro_rules! bounds_setters {
    ($($bounds:tt)+) => {
        /// Sets the time before which the trigger does not fire. It is an instant, or a local time
        /// in the trigger's zone.
        pub fn start(mut self, start: impl IntoWhen) -> Self {
            match start.into_when("start") {
                Ok(start) => {
                    self.$($bounds)+.start = Some(start);
                    self
                }
                Err(error) => self.failed(error),
            }
        }

        /// Sets the time after which the trigger does not fire. A member at exactly this time
        /// fires.
        pub fn end(mut self, end: impl IntoWhen) -> Self {
            match end.into_when("end") {
                Ok(end) => {
                    self.$($bounds)+.end = Some(end);
                    self
                }
                Err(error) => self.failed(error),
            }
        }
    };
}

/// Adds `gap` and `fold`.
macro_rules! daylight_setters {
    () => {
        /// Sets the rule for local times that do not exist.
        pub fn gap(mut self, gap: Gap) -> Self {
            self.zoned.daylight.gap = Some(gap);
            self
        }

        /// Sets the rule for local times that exist twice.
        pub fn fold(mut self, fold: Fold) -> Self {
            self.zoned.daylight.fold = Some(fold);
            self
        }
    };
}

/// Adds all of these setters, for cron and crontab.
macro_rules! zoned_setters {
    ($builder:ident) => {
        impl $builder {
            $crate::trigger::builder::timezone_setter!(zoned.zone);
            $crate::trigger::builder::bounds_setters!(zoned.bounds);
            $crate::trigger::builder::daylight_setters!();
        }
    };
}

/// Keeps the first error of a builder's setters.
macro_rules! keeps_first_error {
    ($builder:ident) => {
        impl $builder {
            fn failed(mut self, error: Error) -> Self {
                self.error.get_or_insert(error);
                self
            }
        }
    };
}

/// Converts a builder into a trigger, so that the builder is accepted wherever a trigger is.
macro_rules! builds_trigger {
    ($builder:ident) => {
        impl TryFrom<$builder> for Trigger {
            type Error = Error;

            fn try_from(builder: $builder) -> Result<Self, Error> {
                builder.build()
            }
        }
    };
}

pub(crate) use {
    bounds_setters, builds_trigger, daylight_setters, keeps_first_error, timezone_setter,
    zoned_setters,
};
