//! Jobs that differ in everything and are not due for weeks.

use chrono::Datelike;
use punctual::Args;
use punctual::scheduler::NewJob;
use punctual::trigger::Crontab;
use punctual_benches::clock;

/// Patterns of one month, one for each minute of the days that all months have.
const IN_A_MONTH: u32 = 60 * 24 * 28;
/// Months that are far enough away and not yet last year's.
const MONTHS: u32 = 9;

/// What makes a job different from others.
pub(crate) struct Distinct {
    pub(crate) pattern: String,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) args: (u32, &'static str),
}

/// The `i`-th of 360,000 patterns that fire once a year, and of as many again that fire twice.
pub(crate) fn distinct(i: u32) -> Distinct {
    let this_month = clock::second_after(std::time::Duration::ZERO).month0();
    let month = (this_month + 2 + i / IN_A_MONTH % MONTHS) % 12 + 1;
    let (minute, hour, day) = (i % 60, i / 60 % 24, i / 1_440 % 28 + 1);
    let again = match i / (IN_A_MONTH * MONTHS) {
        0 => String::new(),
        times => format!(",{}", (minute + times) % 60),
    };
    Distinct {
        pattern: format!("{minute}{again} {hour} {day} {month} *"),
        id: format!("job-{i:07}"),
        name: format!("report {i}"),
        args: (i, "weekly"),
    }
}

/// What these jobs would do.
pub(crate) async fn work(Args((number, kind)): Args<(u32, String)>) {
    drop((number, kind));
}

impl From<Distinct> for NewJob {
    fn from(job: Distinct) -> Self {
        Self::new(work, Crontab::new(job.pattern))
            .id(job.id)
            .name(job.name)
            .args(job.args)
    }
}
