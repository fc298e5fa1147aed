//! Notices that the system's wall clock was set by hand, by NTP or by resuming from suspend.
//!
//! On Linux one thread of the process sleeps in the kernel until that happens, at no idle cost. On
//! other systems, and where that thread cannot work, the timer never sleeps longer than
//! [`LONGEST_SLEEP`], and the clocks are compared then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use super::watchers::Watchers;

/// The longest time that the timer may sleep before the clocks are compared, where the system does
/// not tell.
pub(crate) const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// True if the system tells when the wall clock is set.
static IS_TOLD: AtomicBool = AtomicBool::new(cfg!(target_os = "linux"));

static WATCHERS: Watchers = Watchers::new();

/// Returns the longest time that the timer may sleep. There is no limit where the system tells.
pub(crate) fn longest_sleep() -> Option<Duration> {
    (!IS_TOLD.load(Ordering::SeqCst)).then_some(LONGEST_SLEEP)
}

/// Wakes `alarm` whenever the wall clock was set, if the system tells.
pub(crate) fn watch(alarm: &Arc<Notify>) {
    WATCHERS.add(alarm);
    #[cfg(target_os = "linux")]
    linux::begin();
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::os::fd::OwnedFd;
    use std::sync::Once;
    use std::sync::atomic::Ordering;

    use rustix::io::Errno;
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };

    use super::{IS_TOLD, WATCHERS};

    static THREAD: Once = Once::new();

    /// Starts the thread of the process, once. Without the thread (a sandbox may forbid the call)
    /// the timer sleeps for short times only.
    pub(super) fn begin() {
        THREAD.call_once(|| {
            if let Err(error) = start() {
                is_not_told(&error);
            }
        });
    }

    fn start() -> io::Result<()> {
        let timer = timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::CLOEXEC)?;
        arm(&timer)?;
        let thread = std::thread::Builder::new().name("punctual-clock".into());
        let listening = move || {
            if let Err(error) = listen(&timer) {
                is_not_told(&error.into());
                // Timers that sleep for a long time sleep for short times from now on.
                WATCHERS.wake();
            }
        };
        thread.spawn(listening).map(drop)
    }

    fn is_not_told(error: &io::Error) {
        IS_TOLD.store(false, Ordering::SeqCst);
        tracing::warn!(
            %error,
            "the system does not tell of jumps of the wall clock: they are noticed within {} seconds",
            super::LONGEST_SLEEP.as_secs()
        );
    }

    fn listen(timer: &OwnedFd) -> Result<(), Errno> {
        loop {
            match rustix::io::read(timer, &mut [0_u8; 8]) {
                Ok(_) | Err(Errno::CANCELED) => {
                    WATCHERS.wake();
                    arm(timer)?;
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Arms the system's timer for a time that never comes, so that only the setting of the clock
    /// ends the read.
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
}
