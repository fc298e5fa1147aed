use super::Zone;
use crate::error::Error;
use crate::sealed;

/// A time zone, as a setter takes it. It is a [`Zone`], or the IANA name as text.
///
/// With the feature `with-chrono-tz-0_10` it may be a `Tz` of chrono-tz, and with `with-jiff-0_2` a
/// `TimeZone` of jiff that has a name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a time zone",
    label = "expected a time zone",
    note = "write an IANA name such as `\"Europe/Paris\"`, or give a `Zone`"
)]
pub trait IntoZone: sealed::Zone {
    /// Looks the zone up.
    #[doc(hidden)]
    fn into_zone(self) -> Result<Zone, Error>;
}

macro_rules! zones {
    ($($kind:ty => |$value:ident| $zone:expr;)*) => {$(
        impl sealed::Zone for $kind {}

        impl IntoZone for $kind {
            fn into_zone(self) -> Result<Zone, Error> {
                let $value = self;
                $zone
            }
        }
    )*};
}

zones! {
    Zone => |zone| Ok(zone);
    &str => |name| Zone::new(name);
    &String => |name| Zone::new(name);
    String => |name| Zone::new(&name);
}
