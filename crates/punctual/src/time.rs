//! Times, time zones and what happens where clocks are put forward or back.

/// What the program knows of the time zones of the world.
pub use punctual_core::DatabaseInfo as ZoneDatabaseInfo;
pub use punctual_core::{Fold, Gap, IntoSpan, IntoWhen, IntoZone, When, Zone, ZoneDatabase};
pub use punctual_tokio::{AnyClock, ManualClock};
