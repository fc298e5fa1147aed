//! Time zones of chrono-tz, as setters take them.

use chrono_tz::Tz;

use crate::error::Error;
use crate::sealed;
use crate::zone::{IntoZone, Zone};

#[cfg_attr(docsrs, doc(cfg(feature = "with-chrono-tz-0_10")))]
impl sealed::Zone for Tz {}

/// ```
/// use chrono_tz::Tz;
/// use punctual_core::Crontab;
///
/// let zone = Crontab::new("30 2 * * *").timezone(Tz::Europe__Paris).build()?;
/// assert_eq!(zone, Crontab::new("30 2 * * *").timezone("Europe/Paris").build()?);
/// # Ok::<(), punctual_core::Error>(())
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "with-chrono-tz-0_10")))]
impl IntoZone for Tz {
    fn into_zone(self) -> Result<Zone, Error> {
        Zone::new(self.name())
    }
}

#[cfg_attr(docsrs, doc(cfg(feature = "with-chrono-tz-0_10")))]
impl TryFrom<Tz> for Zone {
    type Error = Error;

    fn try_from(zone: Tz) -> Result<Self, Error> {
        Self::new(zone.name())
    }
}
