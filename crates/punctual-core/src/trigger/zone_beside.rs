//! A time zone that stands beside a trigger instead of inside of it.

use super::Trigger;
use crate::error::Error;
use crate::zone::Zone;

impl Trigger {
    /// Returns the trigger read in a zone that its caller names beside it.
    ///
    /// # Errors
    ///
    /// Returns an error if the trigger, or a part of it, names another zone itself.
    #[doc(hidden)]
    pub fn in_zone(&self, zone: Zone) -> Result<Self, Error> {
        match self.other_zone(zone) {
            Some((own, path)) => {
                let problem = if path.is_empty() {
                    format!("stands beside a trigger that names `{own}` itself")
                } else {
                    format!("stands beside a trigger whose part `{path}` names `{own}` itself")
                };
                let error = Error::invalid("timezone", zone, problem);
                Err(error.with_hint("leave one of them out"))
            }
            None => Ok(self.with_default_timezone(zone)),
        }
    }

    /// Returns the zone of the trigger, if it and all its parts have no other one. A trigger that
    /// takes the place of this one keeps it.
    #[doc(hidden)]
    #[must_use]
    pub fn only_zone(&self) -> Option<Zone> {
        let zone = self.first_zone()?;
        self.other_zone(zone).is_none().then_some(zone)
    }

    fn first_zone(&self) -> Option<Zone> {
        let mut children = self.children().iter();
        self.own_zone()
            .or_else(|| children.find_map(Self::first_zone))
    }

    /// Returns the first zone that differs from `zone`, and the path of the part that names it.
    fn other_zone(&self, zone: Zone) -> Option<(Zone, String)> {
        if let Some(own) = self.own_zone().filter(|own| *own != zone) {
            return Some((own, String::new()));
        }
        let mut children = self.children().iter().enumerate();
        children.find_map(|(index, child)| {
            let (own, path) = child.other_zone(zone)?;
            let path = match &*path {
                "" => format!("triggers[{index}]"),
                path => format!("triggers[{index}].{path}"),
            };
            Some((own, path))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cron, Date};

    #[test]
    fn a_zone_beside_a_combination_is_refused_if_a_part_names_another() {
        let paris = Zone::new("Europe/Paris").unwrap();
        let in_berlin = || Cron::new().hour(9).timezone("Europe/Berlin");
        let beside = |trigger: Trigger| trigger.in_zone(paris).map_err(|error| error.to_string());
        let refused = |what: &str| {
            Err(format!(
                "timezone: `Europe/Paris` stands beside a trigger {what} names `Europe/Berlin` \
                 itself; leave one of them out"
            ))
        };
        assert_eq!(beside(in_berlin().build().unwrap()), refused("that"));
        let or = Trigger::or((Cron::new().hour(8), in_berlin())).build();
        assert_eq!(beside(or.unwrap()), refused("whose part `triggers[1]`"));
        let nested = Trigger::or((Trigger::or((in_berlin(), "0 8 * * *")), "0 9 * * *")).build();
        assert_eq!(
            beside(nested.unwrap()),
            refused("whose part `triggers[0].triggers[0]`")
        );
    }

    #[test]
    fn the_only_zone_of_a_combination_is_that_of_all_its_parts() {
        let cron = |zone| Cron::new().hour(9).timezone(zone).build().unwrap();
        let (paris, berlin) = (cron("Europe/Paris"), cron("Europe/Berlin"));
        let only = |trigger: Trigger| trigger.only_zone().map(|zone| zone.to_string());
        let or = |one: &Trigger, other: &Trigger| Trigger::or([one, other]).build().unwrap();
        assert_eq!(only(or(&paris, &paris)).as_deref(), Some("Europe/Paris"));
        assert_eq!(only(or(&paris, &berlin)), None);
        assert_eq!(only("@every 5m".parse().unwrap()), None);
    }

    #[test]
    fn a_zone_beside_a_combination_is_that_of_its_parts() {
        let paris = Zone::new("Europe/Paris").unwrap();
        let in_paris = Cron::new().hour(9).timezone("Europe/Paris");
        let or = Trigger::or((in_paris, Date::at("2026-03-01T10:00:00")))
            .build()
            .unwrap();
        let zone = r#"timezone="Europe/Paris""#;
        assert_eq!(
            or.in_zone(paris).unwrap().to_string(),
            format!(r#"or(cron(hour="9", {zone}), date(run_at="2026-03-01T10:00:00", {zone}))"#)
        );
    }
}
