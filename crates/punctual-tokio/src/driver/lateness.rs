//! Tells the user that the driver's runtime is held up.

use tokio::time::Instant;
use tracing::Level;

use super::Driver;

/// The number of jobs under way that are named.
const NAMED: usize = 3;

impl Driver {
    /// Tells that the driver was woken long after its alarm was due, if it has waited from before
    /// that time. The time in which a computer sleeps does not count, since the clock of alarms
    /// stands still then.
    pub(super) fn notice_lateness(&mut self, due: Option<Instant>, since: Instant) {
        let Some(due) = due else { return };
        let Some(late) = self.lateness.woke(due, since, Instant::now()) else {
            return;
        };
        if !self.shared.clock.passes_by_itself() {
            return;
        }
        let under_way = self.machine.active().take(NAMED);
        let under_way: Vec<_> = under_way.map(|(_, run)| run.job.id().as_str()).collect();
        let under_way = under_way.join(", ");
        let seconds = format!("{:.1}", late.as_secs_f64());
        tracing::warn!(
            seconds,
            under_way,
            "the scheduler was woken late: its runtime was blocked, or the process was stopped. A job that blocks is a plain function, which runs on a thread of its own, or uses `spawn_blocking`"
        );
        self.shared.voice.unheard(Level::WARN, ("late", ""), || {
            format!("the scheduler was woken {seconds} s late: its runtime was blocked, or the process was stopped. A job that blocks is a plain function, which runs on a thread of its own, or uses `spawn_blocking`. Under way: {under_way}")
        });
    }
}
