//! A program and all processes that it starts.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::process::Child;

/// The process group of a program. When this is dropped, the processes that are left in the group
/// are killed.
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

    /// Sends SIGTERM.
    pub(super) fn ask_to_end(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    fn kill(&self) {
        self.signal(rustix::process::Signal::KILL);
    }

    fn signal(&self, signal: rustix::process::Signal) {
        if let Some(leader) = self.leader {
            // A group that has ended needs no signal.
            let _ = rustix::process::kill_process_group(leader, signal);
        }
    }
}

/// On other systems tokio kills only the program itself, when it is dropped.
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
    /// Notes that the program has ended by itself. The processes that it left running were meant to
    /// run on.
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
