//! Notices that the system's wall clock was set: by hand, by NTP, by resuming from suspend.
//!
//! On Linux one thread of the process sleeps in the kernel until that happens, at no idle cost.
//! Elsewhere the timer never sleeps longer than [`LONGEST_SLEEP`] and compares the clocks then.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;

/// How long the timer may sleep before the clocks are compared; no limit where the system tells.
pub(crate) const LONGEST_SLEEP: Option<Duration> = if cfg!(target_os = "linux") {
    None
} else {
    Some(Duration::from_secs(30))
};

static WATCHERS: Mutex<Vec<Weak<Notify>>> = Mutex::new(Vec::new());

/// Wakes `alarm` whenever the wall clock was set.
pub(crate) fn watch(alarm: &Arc<Notify>) {
    let mut watchers = WATCHERS.lock().unwrap_or_else(PoisonError::into_inner);
    watchers.retain(|watcher| watcher.strong_count() > 0);
    watchers.push(Arc::downgrade(alarm));
    drop(watchers);
    #[cfg(target_os = "linux")]
    linux::begin();
}

#[cfg(target_os = "linux")]
mod linux {
    use std::os::fd::OwnedFd;
    use std::sync::{Once, PoisonError, Weak};

    use rustix::io::Errno;
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };

    use super::WATCHERS;

    static THREAD: Once = Once::new();

    /// Starts the thread of the process, once. Without it (a sandbox may forbid the call) jumps
    /// are noticed when something is due anyway.
    pub(super) fn begin() {
        THREAD.call_once(|| {
            let thread = std::thread::Builder::new().name("punctual-clock".into());
            let started = thread.spawn(|| {
                if let Err(error) = run() {
                    tracing::warn!(%error, "jumps of the wall clock will be noticed late");
                }
            });
            if let Err(error) = started {
                tracing::warn!(%error, "jumps of the wall clock will be noticed late");
            }
        });
    }

    fn run() -> Result<(), Errno> {
        let timer = timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::CLOEXEC)?;
        arm(&timer)?;
        loop {
            match rustix::io::read(&timer, &mut [0_u8; 8]) {
                Ok(_) | Err(Errno::CANCELED) => {
                    wake();
                    arm(&timer)?;
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Armed for a time that never comes: only the setting of the clock ends the read.
    fn arm(timer: &OwnedFd) -> Result<(), Errno> {
        let never = Itimerspec {
            it_interval: Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            },
            it_value: Timespec {
                tv_sec: i64::MAX / 2_000_000_000,
                tv_nsec: 0,
            },
        };
        let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        timerfd_settime(timer, flags, &never).map(drop)
    }

    fn wake() {
        let watchers = WATCHERS.lock().unwrap_or_else(PoisonError::into_inner);
        for watcher in watchers.iter().filter_map(Weak::upgrade) {
            watcher.notify_one();
        }
    }
}
