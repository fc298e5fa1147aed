//! Jobs that run often, with policies of every kind.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{
    Coalesce, Crontab, Date, Interval, OnLost, Overlap, Policies, PoliciesBuilder, Retry, Trigger,
};
use punctual_tokio::NewJob;

use crate::unix::body::WORK;
use crate::unix::dice::Dice;

const RECORD: OnLost = OnLost::Record;
const RERUN: OnLost = OnLost::rerun(3);
const ALL: Coalesce = Coalesce::all(5);
const QUEUE: Overlap = Overlap::queue(3);

/// All that the stories begin with.
pub(crate) fn first() -> Vec<NewJob> {
    let plain = Policies::default;
    let of = |coalesce, most, overlap, on_lost| {
        PoliciesBuilder::from(plain())
            .coalesce(coalesce)
            .max_instances(most)
            .overlap(overlap)
            .on_lost(on_lost)
            .build()
            .expect("the policies of the suite are valid")
    };
    let earliest = of(Coalesce::Earliest, 2, Overlap::Skip, RECORD);
    let soon = Duration::from_millis(50);
    let retry = PoliciesBuilder::from(plain())
        .retry(
            Retry::attempts(3)
                .backoff(soon)
                .cap(soon * 8)
                .build()
                .unwrap(),
        )
        .on_lost(RERUN)
        .build()
        .expect("the policies of the suite are valid");
    [
        ("swift", every(150), plain(), 60),
        ("all queued", every(300), of(ALL, 1, QUEUE, RECORD), 400),
        ("earliest", every(500), earliest, 900),
        (
            "two queued",
            every(700),
            of(Coalesce::Latest, 2, QUEUE, RERUN),
            1_200,
        ),
        (
            "rerun",
            every(1_000),
            of(Coalesce::Latest, 1, Overlap::Skip, RERUN),
            800,
        ),
        (
            "all rerun",
            every(2_000),
            of(ALL, 2, Overlap::Skip, RERUN),
            2_500,
        ),
        (
            "replaced",
            every(1_500),
            of(Coalesce::Latest, 1, Overlap::CancelRunning, RECORD),
            2_000,
        ),
        ("each second", seconds(1), plain(), 500),
        ("retried", seconds(2), retry, 300),
    ]
    .map(|(id, trigger, policies, longest)| job(id, trigger, policies, longest))
    .into()
}

/// Jobs that are under way nearly always: some are lost with their node, some are begun anew.
pub(crate) fn long() -> Vec<NewJob> {
    let of = |(kind, on_lost)| {
        let policies = Policies::new()
            .on_lost(on_lost)
            .build()
            .expect("the policies of the suite are valid");
        let long = move |number| job(&format!("{kind} {number}"), every(500), policies, 3_000);
        (1..=8).map(long)
    };
    let kinds = [("long", RECORD), ("long rerun", RERUN)];
    kinds.into_iter().flat_map(of).collect()
}

/// A job whose body takes so many milliseconds at most.
pub(crate) fn job(id: &str, trigger: Trigger, policies: Policies, longest: u64) -> NewJob {
    NewJob::new(WORK, trigger)
        .id(id)
        .policies(policies)
        .args(longest)
}

pub(crate) fn every(millis: u64) -> Trigger {
    Interval::every(Duration::from_millis(millis))
        .build()
        .unwrap()
}

fn seconds(step: u64) -> Trigger {
    Crontab::new(format!("*/{step} * * * * *")).build().unwrap()
}

pub(crate) fn trigger(dice: &mut Dice) -> Trigger {
    if dice.chance(70) {
        every(dice.range(150, 2_000))
    } else {
        seconds(dice.range(1, 3))
    }
}

/// A trigger that fires once, soon.
pub(crate) fn once(dice: &mut Dice, now: DateTime<Utc>) -> Trigger {
    let soon = TimeDelta::milliseconds(dice.range(0, 3_000).cast_signed());
    Date::at(now + soon).build().unwrap()
}

pub(crate) fn policies(dice: &mut Dice) -> Policies {
    Policies::new()
        .coalesce(dice.pick(&[Coalesce::Latest, Coalesce::Earliest, ALL]))
        .max_instances(dice.pick(&[1, 2]))
        .overlap(dice.pick(&[Overlap::Skip, QUEUE, Overlap::CancelRunning]))
        .on_lost(dice.pick(&[RECORD, RERUN]))
        .build()
        .expect("the policies of the suite are valid")
}
