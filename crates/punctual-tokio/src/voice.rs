//! Failures on standard error, for programs that have set up no logs.
//!
//! The caller of [`Voice::unheard`] tells tracing first. A program without a subscriber would hear
//! nothing of that, so a line goes to standard error then. This is the only module that writes
//! there.

use std::collections::HashMap;
#[cfg(not(test))]
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use punctual_core::legible;
use punctual_store::lock::Mutex;
use tokio::time::Instant;

/// The least time between two lines of one kind about one job.
const APART: Duration = Duration::from_secs(60);

/// The number of kinds of lines that are told apart. All further ones count as one kind.
const KINDS: usize = 100;

/// `true` after a line in this process has said why such lines are written.
static IS_EXPLAINED: AtomicBool = AtomicBool::new(false);

/// The lines of a scheduler on standard error.
#[derive(Debug)]
pub(crate) struct Voice {
    is_on: bool,
    told: Mutex<Told>,
    /// The lines that were written.
    #[cfg(test)]
    pub(crate) lines: Mutex<Vec<String>>,
}

#[derive(Debug, Default)]
struct Told {
    kinds: HashMap<(&'static str, String), Kind>,
}

#[derive(Debug)]
struct Kind {
    /// The time at which its last line was written.
    at: Instant,
    /// The number of lines that have been left out since.
    left_out: u64,
}

impl Voice {
    pub(crate) fn new(is_on: bool) -> Self {
        Self {
            is_on,
            told: Mutex::default(),
            #[cfg(test)]
            lines: Mutex::default(),
        }
    }

    /// Writes a line to standard error.
    ///
    /// No line is written if a subscriber or logger was set up, which hears of the failure anyway.
    /// Nor is one written if a line of this kind about the same subject was written less than a
    /// minute ago.
    pub(crate) fn unheard(
        &self,
        level: tracing::Level,
        (kind, about): (&'static str, &str),
        text: impl FnOnce() -> String,
    ) {
        if !self.is_on || is_heard() {
            return;
        }
        if let Some(left_out) = self.takes(kind, about) {
            let is_first = !IS_EXPLAINED.swap(true, Ordering::Relaxed);
            self.write(&line(level, &text(), left_out, is_first));
        }
    }

    /// Returns the number of lines that were left out before this one, or `None` if the line is to
    /// be left out too.
    fn takes(&self, kind: &'static str, about: &str) -> Option<u64> {
        let now = Instant::now();
        let mut told = self.told.lock();
        if told.kinds.len() >= KINDS {
            told.kinds
                .retain(|_, kind| now.saturating_duration_since(kind.at) < APART);
        }
        let mut key = (kind, about.to_owned());
        if told.kinds.len() >= KINDS && !told.kinds.contains_key(&key) {
            key = ("", String::new());
        }
        let mut left_out = 0;
        if let Some(kind) = told.kinds.get_mut(&key) {
            if now.saturating_duration_since(kind.at) < APART {
                kind.left_out += 1;
                return None;
            }
            left_out = kind.left_out;
        }
        let kind = Kind {
            at: now,
            left_out: 0,
        };
        told.kinds.insert(key, kind);
        Some(left_out)
    }

    /// Writes a line. A standard error that is broken must not end anything, so errors are ignored.
    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "tests keep the lines")]
    fn write(&self, line: &str) {
        let _ = std::io::stderr().write_all(line.as_bytes());
    }

    #[cfg(test)]
    fn write(&self, line: &str) {
        let mut lines = self.lines.lock();
        lines.push(line.to_owned());
    }
}

/// Returns `true` if the program listens to tracing, or to the logs that tracing writes for `log`.
pub(crate) fn is_heard() -> bool {
    tracing::dispatcher::has_been_set() || log::max_level() != log::LevelFilter::Off
}

fn line(level: tracing::Level, text: &str, left_out: u64, is_first: bool) -> String {
    let mut line = format!("punctual {level}: {}", legible(text));
    if left_out > 0 {
        line.push_str(&format!(" ({left_out} more like this since the last line)"));
    }
    if is_first {
        line.push_str(
            "\npunctual: such lines come here as no tracing subscriber was set up; `SchedulerBuilder::stderr(false)` turns them off",
        );
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn lines(voice: &Voice) -> Vec<String> {
        std::mem::take(&mut voice.lines.lock())
    }

    fn fails(voice: &Voice, job: &str) {
        voice.unheard(tracing::Level::ERROR, ("ended", job), || {
            format!("{job} failed")
        });
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_that_fails_each_second_is_one_line_a_minute_with_a_count() {
        let voice = Voice::new(true);
        for _ in 0..120 {
            fails(&voice, "a");
            advance(Duration::from_secs(1)).await;
        }
        let lines = lines(&voice);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with("punctual ERROR: a failed\n"));
        assert_eq!(
            lines[1],
            "punctual ERROR: a failed (59 more like this since the last line)\n"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_of_several_lines_is_one() {
        let voice = Voice::new(true);
        fails(&voice, "a\npunctual ERROR: forged");
        let lines = lines(&voice);
        assert!(lines[0].starts_with("punctual ERROR: a\\npunctual ERROR: forged failed\n"));
    }

    #[tokio::test(start_paused = true)]
    async fn jobs_have_lines_of_their_own_up_to_a_bound() {
        let voice = Voice::new(true);
        for number in 0..KINDS * 2 {
            fails(&voice, &number.to_string());
        }
        assert_eq!(lines(&voice).len(), KINDS + 1);
        advance(APART).await;
        fails(&voice, "new");
        assert_eq!(lines(&voice).len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn it_can_be_turned_off() {
        let voice = Voice::new(false);
        fails(&voice, "a");
        assert!(lines(&voice).is_empty());
    }
}
