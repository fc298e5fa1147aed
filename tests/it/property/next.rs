//! `next` against the model, and against `after`.

use super::subject::{Subject, micros, shown, utc};
use crate::generate::Pivot;
use crate::model::time_text::written;
use crate::model::{Effort, Micros, Rule, SECOND};
use crate::random::Random;

pub(crate) fn holds(subject: &Subject, random: &mut Random, pivot: &Pivot) -> Result<(), String> {
    first_is_right(subject, pivot.at)?;
    let Some(member) = subject.trigger.after(utc(pivot.at)) else {
        return Ok(());
    };
    let following = subject.trigger.after(member);
    let now = utc(pivot.at + random.range(-5_000, 5_000) * SECOND);
    let got = subject.trigger.next(Some(member), now);
    if got == following {
        return Ok(());
    }
    let call = format!(
        "next(Some({}), {})",
        written(micros(member)),
        written(micros(now))
    );
    Err(subject.wrong(
        &call,
        &shown(got.map(micros)),
        &shown(following.map(micros)),
    ))
}

/// The first fire time is the first member at or after now; a date is itself, even if past.
fn first_is_right(subject: &Subject, now: Micros) -> Result<(), String> {
    if matches!(subject.model.rule, Rule::And(_) | Rule::Or(_)) {
        return Ok(());
    }
    let got = subject.trigger.next(None, utc(now)).map(micros);
    let call = format!("next(None, {})", written(now));
    let Some(through) = got else {
        let soon = now + 86_400 * SECOND;
        let missed = subject
            .model
            .members(now, soon, &mut Effort::new(10, 1_000));
        return match missed.and_then(|members| members.first().copied()) {
            Some(first) => Err(subject.wrong(&call, "none", &written(first))),
            None => Ok(()),
        };
    };
    let from = if matches!(subject.model.rule, Rule::Date(_)) {
        through
    } else {
        now
    };
    match subject
        .model
        .members(from, through, &mut Effort::new(4_000, 1_500))
    {
        Some(members) if members.first() != Some(&through) => {
            Err(subject.wrong(&call, &written(through), &shown(members.first().copied())))
        }
        _ => Ok(()),
    }
}
