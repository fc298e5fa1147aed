//! What holds everywhere, also where the model does not look: both directions agree with each
//! other, and counts add up, over decades.

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::Count;

use super::subject::{Subject, utc};
use crate::generate::Pivot;
use crate::model::SECOND;
use crate::random::Random;

const DAY: i64 = 86_400;

pub(crate) fn holds(subject: &Subject, random: &mut Random, pivot: &Pivot) -> Result<(), String> {
    let reach = *random.pick(&[DAY, 90 * DAY, 3_000 * DAY, 30_000 * DAY]);
    let mut points: Vec<DateTime<Utc>> = (0..3)
        .map(|_| utc(pivot.at + random.range(-reach, reach) * SECOND))
        .collect();
    points.sort_unstable();
    for &at in &points {
        both_directions_agree(subject, at)?;
    }
    counts_add_up(subject, points[0], points[1], points[2])
}

fn both_directions_agree(subject: &Subject, at: DateTime<Utc>) -> Result<(), String> {
    let trigger = &subject.trigger;
    let (Ok(next), Ok(newest)) = (trigger.try_after(at), trigger.try_last_at_or_before(at)) else {
        return Ok(());
    };
    let before = |at: DateTime<Utc>| at - TimeDelta::microseconds(1);
    if let Some(newest) = newest {
        let after = trigger.try_after(newest);
        if newest > at || after.as_ref().is_ok_and(|after| *after != next) {
            let got = format!("{newest:?}, after which comes {after:?}");
            let expected = format!("before {next:?}");
            return Err(subject.wrong(&format!("last_at_or_before({at:?})"), &got, &expected));
        }
    }
    if let Some(next) = next {
        let last = trigger.try_last_at_or_before(before(next));
        if next <= at || last.as_ref().is_ok_and(|last| *last != newest) {
            let got = format!("{next:?}, before which is {last:?}");
            let expected = format!("after {newest:?}");
            return Err(subject.wrong(&format!("after({at:?})"), &got, &expected));
        }
    }
    Ok(())
}

fn counts_add_up(
    subject: &Subject,
    from: DateTime<Utc>,
    middle: DateTime<Utc>,
    through: DateTime<Utc>,
) -> Result<(), String> {
    let later = middle + TimeDelta::microseconds(1);
    let count = |from, through| subject.trigger.count(from, through);
    let parts = (
        count(from, middle),
        count(later, through),
        count(from, through),
    );
    let (Count::Exact(early), Count::Exact(late), Count::Exact(all)) = parts else {
        return Ok(());
    };
    if early + late == all {
        return Ok(());
    }
    let call = format!("count({from:?}, {through:?}), cut at {middle:?}");
    Err(subject.wrong(&call, &all.to_string(), &format!("{early} + {late}")))
}
