//! The families: which triggers are drawn, and how many of each.

use serde_json::Value;

use super::family::{Checked, Family, Verdict};
use super::subject::{Subject, Twins};
use super::{default_zone, duality, members, next, round_trip, unanchored};
use crate::generate::{Pivot, calendar, combine, cron, crontab, interval};
use crate::random::Random;

type Draw = fn(&mut Random, &Pivot) -> Value;

/// Every property of one drawn trigger.
fn check(random: &mut Random, draw: Draw) -> Checked {
    let pivot = Pivot::random(random);
    let json = draw(random, &pivot);
    let subject = match Subject::build(&json)? {
        Twins::Agree(subject) => *subject,
        Twins::NeverFires => return Ok(Verdict::Held),
        Twins::TooRare => return Ok(Verdict::Excluded),
    };
    round_trip::holds(&subject, &pivot)?;
    next::holds(&subject, random, &pivot)?;
    duality::holds(&subject, random, &pivot)?;
    members::hold(&subject, random, &pivot)
}

macro_rules! families {
    ($($name:ident: $share:literal thousandths of $draw:expr;)*) => {$(
        #[test]
        fn $name() {
            let family = Family { name: stringify!($name), share: $share };
            family.run(|random| check(random, $draw));
        }
    )*};
}

families! {
    cron_1: 110 thousandths of cron::trigger;
    cron_2: 110 thousandths of cron::trigger;
    cron_3: 110 thousandths of cron::trigger;
    crontab_1: 110 thousandths of crontab::trigger;
    crontab_2: 110 thousandths of crontab::trigger;
    calendar_1: 90 thousandths of calendar::trigger;
    calendar_2: 90 thousandths of calendar::trigger;
    interval: 60 thousandths of interval::trigger;
    date: 20 thousandths of interval::date;
    or: 60 thousandths of combine::or;
    and: 60 thousandths of combine::and;
}

#[test]
fn default_zones() {
    let family = Family {
        name: "default_zone",
        share: 30,
    };
    family.run(default_zone::holds);
}

#[test]
fn unanchored_triggers() {
    let family = Family {
        name: "unanchored",
        share: 40,
    };
    family.run(unanchored::holds);
}
