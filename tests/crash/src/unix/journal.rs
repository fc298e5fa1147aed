//! What job bodies and callers write down themselves: a file that all processes append to, a line
//! an event.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use punctual_core::{JobId, RunId};
use punctual_store::checker::{Between, Ending, Execution, Target};
use punctual_tokio::JobContext;
use serde::{Deserialize, Serialize};

use crate::unix::clock::now;

#[derive(Serialize, Deserialize)]
enum Line {
    Began {
        attempt: Attempt,
        job: JobId,
        fire_time: DateTime<Utc>,
        node: String,
        at: DateTime<Utc>,
    },
    Ended {
        attempt: Attempt,
        at: DateTime<Utc>,
        told: Option<DateTime<Utc>>,
        how: How,
    },
    /// A caller is about to cancel a run.
    Cancels { run: u64, at: DateTime<Utc> },
}

/// How a body was left, as its process saw it.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) enum How {
    Succeeded,
    Failed,
    Panicked,
    Dropped,
}

/// One attempt of one run in one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Attempt {
    /// The number of the process.
    pub(crate) life: usize,
    pub(crate) run: u64,
    pub(crate) attempt: u32,
}

/// The pen of one process.
#[derive(Clone)]
pub(crate) struct Journal {
    file: Arc<File>,
    life: usize,
    node: Arc<str>,
}

impl Journal {
    pub(crate) fn open(path: &Path, life: usize, node: &str) -> Self {
        let file = File::options().create(true).append(true).open(path);
        Self {
            file: Arc::new(file.unwrap()),
            life,
            node: node.into(),
        }
    }

    /// A body was entered.
    pub(crate) fn begin(&self, context: &JobContext) -> UnderWay {
        let attempt = Attempt {
            life: self.life,
            run: context.run_id().0,
            attempt: context.attempt(),
        };
        self.write(&Line::Began {
            attempt,
            job: context.job_id().clone(),
            fire_time: context.fire_time(),
            node: self.node.to_string(),
            at: now(),
        });
        UnderWay {
            journal: self.clone(),
            attempt,
            told: OnceLock::new(),
            returned: OnceLock::new(),
        }
    }

    /// Notes that a caller is about to cancel a run, whatever becomes of that.
    pub(crate) fn cancels(&self, run: RunId) {
        let at = now();
        self.write(&Line::Cancels { run: run.0, at });
    }

    fn write(&self, line: &Line) {
        // Between line ends, so that a line that was torn spoils no other.
        let text = format!("\n{}\n", serde_json::to_string(line).unwrap());
        (&*self.file).write_all(text.as_bytes()).unwrap();
    }
}

/// Held by a body as long as it is under way, however it ends.
pub(crate) struct UnderWay {
    journal: Journal,
    attempt: Attempt,
    told: OnceLock<DateTime<Utc>>,
    returned: OnceLock<How>,
}

impl UnderWay {
    /// The token of the body is cancelled.
    pub(crate) fn told(&self) {
        self.told.get_or_init(now);
    }

    pub(crate) fn returned(&self, how: How) {
        self.returned.get_or_init(|| how);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let how = match self.returned.get() {
            Some(how) => *how,
            None if std::thread::panicking() => How::Panicked,
            None => How::Dropped,
        };
        self.journal.write(&Line::Ended {
            attempt: self.attempt,
            at: now(),
            told: self.told.get().copied(),
            how,
        });
    }
}

/// All that was written down.
#[derive(Default)]
pub(crate) struct Written {
    pub(crate) attempts: BTreeMap<Attempt, Execution>,
    pub(crate) cancels: Vec<(Target, Between)>,
    /// How many lines were torn because their process died meanwhile.
    pub(crate) torn: usize,
}

pub(crate) fn read(path: &Path) -> Written {
    // No process may have come so far.
    let text = std::fs::read(path).unwrap_or_default();
    let mut written = Written::default();
    for line in text.split(|byte| *byte == b'\n') {
        match serde_json::from_slice(line) {
            Ok(Line::Cancels { run, at }) => {
                let cancel = (RunId(run).into(), Between::perhaps(at, at));
                written.cancels.push(cancel);
            }
            Ok(line) => take(&mut written.attempts, line),
            Err(_) if line.is_empty() => {}
            Err(_) => written.torn += 1,
        }
    }
    written
}

fn take(executions: &mut BTreeMap<Attempt, Execution>, line: Line) {
    match line {
        Line::Began {
            attempt,
            job,
            fire_time,
            node,
            at,
        } => {
            let began = Execution {
                job,
                run: RunId(attempt.run),
                fire_time,
                attempt: attempt.attempt,
                node,
                began: at,
                told: None,
                ended: None,
                ending: Ending::Unknown,
                forsaken: None,
            };
            let before = executions.insert(attempt, began);
            assert!(before.is_none(), "{attempt:?} began twice in one process");
        }
        Line::Ended {
            attempt,
            at,
            told,
            how,
        } => {
            // Its process was not killed: the line of its begin is whole.
            let began = executions.get_mut(&attempt).unwrap();
            (began.ended, began.told) = (Some(at), told);
            began.ending = match how {
                How::Succeeded => Ending::Succeeded,
                How::Failed => Ending::Failed,
                How::Panicked => Ending::Panicked,
                How::Dropped => Ending::Dropped,
            };
        }
        Line::Cancels { .. } => {}
    }
}
