//! A program and all that it starts.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::process::Child;

/// The process group of a program. What is left of it is killed when this is dropped.
pub(super) struct Group {
    #[cfg(target_os = "linux")]
    leader: Option<rustix::process::Pid>,
    is_done: AtomicBool,
}

#[cfg(target_os = "linux")]
impl Group {
    pub(super) fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self {
            leader: id.and_then(rustix::process::Pid::from_raw),
            is_done: AtomicBool::new(false),
        }
    }

    /// SIGTERM.
    pub(super) fn ask_to_end(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    fn kill(&self) {
        self.signal(rustix::process::Signal::KILL);
    }

    fn signal(&self, signal: rustix::process::Signal) {
        if let Some(leader) = self.leader {
            // A group that is gone needs no signal.
            let _ = rustix::process::kill_process_group(leader, signal);
        }
    }
}

/// Elsewhere only the program itself is killed, by tokio, when it is dropped.
#[cfg(not(target_os = "linux"))]
impl Group {
    pub(super) fn of(_: &Child) -> Self {
        Self {
            is_done: AtomicBool::new(false),
        }
    }

    pub(super) fn ask_to_end(&self) {}

    fn kill(&self) {}
}

impl Group {
    /// The program has ended by itself: what it left running was meant to run on.
    pub(super) fn is_done(&self) {
        self.is_done.store(true, Ordering::Relaxed);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.is_done.load(Ordering::Relaxed) {
            self.kill();
        }
    }
}
