//! The same walk through the `cron` crate and through croner.
//!
//! Both offer two ways to go on from a fire time: a fresh question, and an iterator that is kept.
//! Both ways are measured, and the faster one is compared with ours.

use chrono::DateTime;
use chrono_tz::Tz;
use punctual_benches::rounds::Figure;
use punctual_benches::walk::ns_per_next;

/// A fresh question for each fire time, and an iterator that is kept.
pub(super) struct Ways<'a>(pub(super) [Figure<'a>; 2]);

impl Ways<'_> {
    /// The faster way: its name and its nanoseconds.
    pub(super) fn best(&self) -> (&'static str, f64) {
        let [asked, iterated] = &self.0;
        if asked.median() <= iterated.median() {
            ("asked", asked.median())
        } else {
            ("iterated", iterated.median())
        }
    }
}

pub(super) fn cron(schedule: &cron::Schedule, start: DateTime<Tz>) -> Ways<'_> {
    Ways([
        asked(start, |at| schedule.after(at).next()),
        iterated(move || schedule.after(&start)),
    ])
}

pub(super) fn croner(pattern: &croner::Cron, start: DateTime<Tz>) -> Ways<'_> {
    Ways([
        // An error is how croner says that there is none before its search limit.
        asked(start, |at| pattern.find_next_occurrence(at, false).ok()),
        iterated(move || pattern.iter_after(start)),
    ])
}

fn asked<'a>(
    start: DateTime<Tz>,
    next: impl Fn(&DateTime<Tz>) -> Option<DateTime<Tz>> + 'a,
) -> Figure<'a> {
    uncounted(move || {
        let mut at = start;
        ns_per_next(|| {
            let answer = next(&at);
            at = answer.unwrap_or(start);
            answer
        })
    })
}

fn iterated<'a, I>(begin: impl Fn() -> I + 'a) -> Figure<'a>
where
    I: Iterator<Item = DateTime<Tz>>,
{
    uncounted(move || {
        let mut times = begin();
        ns_per_next(|| {
            let answer = times.next();
            if answer.is_none() {
                times = begin();
            }
            answer
        })
    })
}

/// The allocation counter costs time where a crate allocates; peers are spared it.
fn uncounted<'a>(mut measure: impl FnMut() -> f64 + 'a) -> Figure<'a> {
    Figure::new(move || {
        let mut ns = f64::NAN;
        allocation_counter::opt_out(|| ns = measure());
        ns
    })
}
