//! Shuts the scheduler down.

use std::time::Duration;

use punctual_core::{CANCEL_GRACE, IntoSpan};
use punctual_machine::ShutdownTimes;
use tokio::sync::watch;

use super::Scheduler;
use super::call::awaited;
use crate::command::{Answer, AskedToEnd, Command};
use crate::error::{Error, ErrorKind};
use crate::report::ShutdownReport;

/// The time that a shutdown takes at most, unless its caller says otherwise.
const WITHIN: Duration = Duration::from_secs(25);

/// The longest time for runs that were aborted to be dropped, and once more for the stores to
/// record the last ends.
const LAST: Duration = Duration::from_secs(2);

/// The shortest time that a shutdown can be given.
const SHORTEST: Duration = Duration::from_millis(1);

/// The longest time for leaving the stores.
const LEAVING: Duration = Duration::from_secs(1);

/// # Stopping
impl Scheduler {
    /// Shuts the scheduler down, in 25 seconds at most. No new runs begin from now on. Runs under
    /// way have 15 seconds to end. The scheduler then cancels their cancellation tokens, and aborts
    /// them 5 seconds later. Returns what did not end by itself. By then this node has left the
    /// stores that it shares. A scheduler that does not run is left alone.
    ///
    /// ```text
    /// 0 s              15 s        20 s       24 s  25 s
    /// |  runs may end  |  cancelled |  aborted |     |
    ///                                 ends are  stores
    ///                                 recorded  are left
    /// ```
    ///
    /// [`within`](Shutdown::within) sets another time, and
    /// [`immediately`](Shutdown::immediately) leaves the first part out.
    ///
    /// A plain function gets the cancelled token only, since its thread cannot be taken away. Time
    /// goes by the scheduler's clock or by tokio's clock, whichever is faster, so a clock that a
    /// test moves may stand still.
    ///
    /// During a shutdown, another call can only shorten it, and both callers get the same report. A
    /// job that awaits this call waits for itself, and is told to end after the 15 seconds. Let the
    /// job spawn the shutdown instead:
    ///
    /// ```
    /// # use punctual_tokio::Scheduler;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), punctual_tokio::Error> {
    /// # let scheduler = Scheduler::builder().build()?;
    /// tokio::spawn(scheduler.shutdown().within("10s").into_future());
    /// # Ok(()) }
    /// ```
    pub fn shutdown(&self) -> Shutdown {
        self.keep();
        Shutdown {
            scheduler: self.clone(),
            ending: Ok(Ending::Within(WITHIN)),
        }
    }
}

/// A scheduler that is about to be shut down. See [`Scheduler::shutdown`].
///
/// # Errors
///
/// Awaiting it returns an error if the whole time is zero, or text that is not a length of time. The
/// scheduler then goes on.
///
/// # Cancel safety
///
/// Awaiting it is cancel safe. A shutdown that was begun goes on if the future is dropped.
#[derive(Debug)]
#[must_use = "a scheduler is shut down only when this is awaited"]
pub struct Shutdown {
    scheduler: Scheduler,
    ending: Result<Ending, Error>,
}

/// What a caller wants of a shutdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// The whole shutdown takes this time at most.
    Within(Duration),
    /// Runs under way are told to end without delay.
    Immediately,
}

impl Shutdown {
    /// Sets the longest time that the whole shutdown takes. The default is 25 seconds.
    ///
    /// Of a time below 25 seconds, three fifths are left for runs under way, and the other parts
    /// become shorter too. Of a longer time, all that is beyond 10 seconds is left for runs under
    /// way.
    pub fn within(mut self, time: impl IntoSpan) -> Self {
        self.ending = time.into_span("within").map(Ending::Within);
        self
    }

    /// Tells runs under way to end without delay. The shutdown then takes 10 seconds at most, and
    /// mostly as long as the runs take to heed their tokens.
    pub fn immediately(mut self) -> Self {
        self.ending = Ok(Ending::Immediately);
        self
    }

    async fn perform(self) -> Result<ShutdownReport, Error> {
        let ending = self.ending?;
        if matches!(ending, Ending::Within(time) if time < SHORTEST) {
            let message = "within: a shutdown in no time cannot record the ends of runs; call `immediately()` instead, or leave some seconds";
            return Err(Error::of(ErrorKind::Invalid, message));
        }
        let ended = self.scheduler.end_of_life();
        let report = self
            .scheduler
            .ask_if_running(|answer| Command::Shutdown(ending.request(answer)))
            .await?;
        Ok(match (report, ended) {
            (Some(report), _) => report,
            // A shutdown that is nearly over takes no commands.
            (None, Some(ended)) => report_of(ended).await,
            (None, None) => ShutdownReport::default(),
        })
    }
}

awaited!(Shutdown -> ShutdownReport);

/// Returns what a shutdown left behind, once it is over.
async fn report_of(mut ended: watch::Receiver<Option<ShutdownReport>>) -> ShutdownReport {
    let report = ended.wait_for(Option::is_some).await;
    report
        .ok()
        .and_then(|report| report.clone())
        .unwrap_or_default()
}

/// Returns the request for a shutdown whose caller has said nothing else.
pub(super) fn plain_request(answer: Answer<ShutdownReport>) -> AskedToEnd {
    Ending::Within(WITHIN).request(answer)
}

impl Ending {
    fn request(self, answer: Answer<ShutdownReport>) -> AskedToEnd {
        let (whole, is_immediate) = match self {
            Self::Within(time) => (time, false),
            Self::Immediately => (WITHIN, true),
        };
        // Below the default, all parts keep their share.
        let share = |longest: Duration| {
            let micros = whole.min(WITHIN).as_micros() * longest.as_micros() / WITHIN.as_micros();
            Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
        };
        let (grace, last, leaving) = (share(CANCEL_GRACE), share(LAST), share(LEAVING));
        let end = grace + last + last + leaving;
        let wait = if is_immediate {
            Duration::ZERO
        } else {
            whole.saturating_sub(end)
        };
        AskedToEnd {
            times: ShutdownTimes { wait, grace, last },
            leaving,
            answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    fn millis(ending: Ending) -> [u128; 4] {
        let asked = ending.request(oneshot::channel().0);
        let times = asked.times;
        [times.wait, times.grace, times.last, asked.leaving].map(|time| time.as_millis())
    }

    #[test]
    fn the_parts_of_a_shutdown_fill_the_whole_time_and_no_more() {
        let within = |seconds| Ending::Within(Duration::from_secs(seconds));
        assert_eq!(millis(within(25)), [15_000, 5_000, 2_000, 1_000]);
        assert_eq!(millis(within(5)), [3_000, 1_000, 400, 200]);
        assert_eq!(millis(within(60)), [50_000, 5_000, 2_000, 1_000]);
        assert_eq!(millis(Ending::Immediately), [0, 5_000, 2_000, 1_000]);
        for seconds in 1..100 {
            let [wait, grace, last, leaving] = millis(within(seconds));
            let whole = u128::from(seconds) * 1_000;
            assert_eq!(wait + grace + 2 * last + leaving, whole, "{seconds}");
        }
        assert_eq!(
            millis(Ending::Within(Duration::MAX))[1..],
            [5_000, 2_000, 1_000]
        );
    }
}
