//! `after`, `last_at_or_before`, `count` and `upcoming` against the members the model finds.

use chrono::TimeDelta;
use punctual_core::{Count, Undecided};

use super::family::{Checked, Verdict};
use super::subject::{Subject, micros, shown, utc};
use super::window::Window;
use crate::generate::Pivot;
use crate::model::time_text::written;
use crate::model::{EARLIEST, Effort, LATEST, Micros, Rule, SECOND};
use crate::random::Random;

const POINTS: usize = 10;
const STEPS: usize = 12;

pub(crate) fn hold(subject: &Subject, random: &mut Random, pivot: &Pivot) -> Checked {
    let Some(window) = Window::around(&subject.model, pivot.at) else {
        return Ok(Verdict::Excluded);
    };
    let points: Vec<Micros> = (0..POINTS)
        .map(|_| point(random, &window, pivot.at))
        .collect();
    let mut decided = true;
    for &at in &points {
        decided &= after_agrees(subject, &window, at)?;
        decided &= last_agrees(subject, &window, at)?;
    }
    for pair in points.windows(2) {
        let (from, through) = (pair[0].min(pair[1]), pair[0].max(pair[1]));
        decided &= count_agrees(subject, &window, from, through)?;
    }
    walk_is_right(subject, &window, pivot.at)?;
    Ok(if decided {
        Verdict::Held
    } else {
        Verdict::Excluded
    })
}

/// The pivot, a member, or the neighbourhood of either.
fn point(random: &mut Random, window: &Window, pivot: Micros) -> Micros {
    let base = match random.range(0, 3) {
        0 => pivot,
        1 => random.range(window.from, window.through),
        _ if window.members.is_empty() => random.range(window.from, window.through),
        _ => *random.pick(&window.members),
    };
    let distance = *random.pick(&[0, 0, 1, -1, SECOND, -SECOND, 3_600 * SECOND, 500_000]);
    (base + distance).clamp(window.from, window.through)
}

fn after_agrees(subject: &Subject, window: &Window, at: Micros) -> Result<bool, String> {
    let got = match subject.trigger.try_after(utc(at)) {
        Ok(got) => got.map(micros),
        Err(undecided) => return excusable(subject, &undecided),
    };
    let expected = window.after(at);
    if expected.is_none() {
        return beyond(subject, (window.through + 1).max(at + 1), got, LATEST);
    }
    if got == expected {
        return Ok(true);
    }
    Err(subject.wrong(
        &format!("after({})", written(at)),
        &shown(got),
        &shown(expected),
    ))
}

fn last_agrees(subject: &Subject, window: &Window, at: Micros) -> Result<bool, String> {
    let got = match subject.trigger.try_last_at_or_before(utc(at)) {
        Ok(got) => got.map(micros),
        Err(undecided) => return excusable(subject, &undecided),
    };
    let expected = window.last_at_or_before(at);
    let call = format!("last_at_or_before({})", written(at));
    if expected.is_some() || got.is_some_and(|got| got >= window.from) {
        return if got == expected {
            Ok(true)
        } else {
            Err(subject.wrong(&call, &shown(got), &shown(expected)))
        };
    }
    let earliest = got.unwrap_or(EARLIEST);
    let mut effort = Effort::new(20_000, 2_000);
    match subject
        .model
        .members(earliest, window.from - 1, &mut effort)
    {
        None => Ok(false),
        Some(members) if members.last().copied() == got => Ok(true),
        Some(members) => Err(subject.wrong(&call, &shown(got), &shown(members.last().copied()))),
    }
}

/// Holds an answer outside the window against a search up to it.
fn beyond(
    subject: &Subject,
    from: Micros,
    got: Option<Micros>,
    latest: Micros,
) -> Result<bool, String> {
    let through = got.unwrap_or(latest);
    let mut effort = Effort::new(20_000, 2_000);
    match subject.model.members(from, through, &mut effort) {
        None => Ok(false),
        Some(members) if members.first().copied() == got => Ok(true),
        Some(members) => Err(subject.wrong(
            &format!("after({}) or later in the window", written(from - 1)),
            &shown(got),
            &shown(members.first().copied()),
        )),
    }
}

fn count_agrees(
    subject: &Subject,
    window: &Window,
    from: Micros,
    through: Micros,
) -> Result<bool, String> {
    let expected = window.count(from, through) as u64;
    let combined = matches!(subject.model.rule, Rule::And(_) | Rule::Or(_));
    match subject.trigger.count(utc(from), utc(through)) {
        Count::Exact(got) if got == expected => Ok(true),
        Count::AtLeast(got) if combined && got <= expected => Ok(false),
        got => {
            let call = format!("count({}, {})", written(from), written(through));
            Err(subject.wrong(&call, &format!("{got:?}"), &format!("Exact({expected})")))
        }
    }
}

/// Repeated `after` rises strictly through all members, and `upcoming` lists the same.
fn walk_is_right(subject: &Subject, window: &Window, from: Micros) -> Result<(), String> {
    let mut at = from;
    for _ in 0..STEPS {
        let next = subject.trigger.after(utc(at)).map(micros);
        let expected = window.after(at);
        let beyond = expected.is_none() && next.is_none_or(|next| next > window.through);
        if next != expected && !beyond {
            let call = format!("after({}), reached from {}", written(at), written(from));
            return Err(subject.wrong(&call, &shown(next), &shown(expected)));
        }
        let Some(next) = next.filter(|&next| next <= window.through) else {
            break;
        };
        at = next;
    }
    let finer = utc(from) + TimeDelta::nanoseconds(1);
    if subject
        .trigger
        .after(finer)
        .is_some_and(|next| next <= finer)
    {
        return Err(subject.wrong(&format!("after({finer:?})"), "not later", "later"));
    }
    upcoming_agrees(subject, from)
}

/// `upcoming` lists the members from `from` on.
fn upcoming_agrees(subject: &Subject, from: Micros) -> Result<(), String> {
    let mut expected: Vec<Micros> = Vec::new();
    let mut next = subject.trigger.after(utc(from - 1));
    while let Some(member) = next.filter(|_| expected.len() < STEPS) {
        expected.push(micros(member));
        next = subject.trigger.after(member);
    }
    let listed: Vec<Micros> = subject
        .trigger
        .upcoming(utc(from))
        .take(STEPS)
        .map(micros)
        .collect();
    if listed == expected {
        return Ok(());
    }
    let texts = |times: &[Micros]| {
        times
            .iter()
            .copied()
            .map(written)
            .collect::<Vec<_>>()
            .join(" ")
    };
    let call = format!("upcoming({})", written(from));
    Err(subject.wrong(&call, &texts(&listed), &texts(&expected)))
}

/// Only a combination may leave a question open.
fn excusable(subject: &Subject, undecided: &Undecided) -> Result<bool, String> {
    if matches!(subject.model.rule, Rule::And(_)) && matches!(undecided, Undecided::SearchLimit) {
        return Ok(false);
    }
    Err(subject.wrong(
        "try_after or try_last_at_or_before",
        &format!("{undecided:?}"),
        "an answer",
    ))
}
