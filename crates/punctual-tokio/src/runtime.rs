//! What the runtime has to have: timers always, I/O for signals and processes.
//!
//! A runtime cannot be asked. What needs a part that is not there panics, so that is tried, and the
//! panic is neither printed nor passed on.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Arc;
use std::time::Duration;

use punctual_store::lock::Mutex;
use tokio::runtime::Handle;

use crate::error::{Error, ErrorKind};

thread_local! {
    /// Whether this thread tries something that may panic.
    static IS_TRYING: Cell<bool> = const { Cell::new(false) };
}

/// The hook of the program is put aside by one thread at a time.
static ASIDE: Mutex<()> = Mutex::new(());

/// Refuses a runtime on which the scheduler could not wait for anything.
pub(crate) fn require_timers(runtime: &Handle) -> Result<(), Error> {
    let has_timers = works(runtime, || drop(tokio::time::sleep(Duration::ZERO)));
    has_timers.then_some(()).ok_or_else(|| {
        let message = "the tokio runtime has no timers, and a scheduler lives by them: call `enable_all()` on the runtime's builder";
        Error::of(ErrorKind::NoRuntime, message)
    })
}

/// Refuses a runtime on which what is named cannot be done, as that needs I/O.
pub(crate) fn require_io(runtime: &Handle, what: &str) -> Result<(), Error> {
    works(runtime, use_io).then_some(()).ok_or_else(|| {
        let message = format!(
            "the tokio runtime has no I/O, and {what} it: call `enable_all()` on the runtime's builder"
        );
        Error::of(ErrorKind::NoRuntime, message)
    })
}

/// Receives what processes that end send, as starting one does.
#[cfg(unix)]
fn use_io() {
    drop(tokio::signal::unix::signal(
        tokio::signal::unix::SignalKind::child(),
    ));
}

/// Signals and processes go by other ways there.
#[cfg(not(unix))]
fn use_io() {}

/// Whether something can be done on a runtime. Where a panic ends the process it is not tried: the
/// panic of what needs it then says what is missing.
fn works(runtime: &Handle, attempt: impl FnOnce()) -> bool {
    if cfg!(panic = "abort") || std::thread::panicking() {
        return true;
    }
    let _entered = runtime.enter();
    let _aside = ASIDE.lock();
    let before = Arc::new(take_hook());
    let of_others = Arc::clone(&before);
    set_hook(Box::new(move |panic: &PanicHookInfo<'_>| {
        if !IS_TRYING.get() {
            of_others(panic);
        }
    }));
    IS_TRYING.set(true);
    let tried = catch_unwind(AssertUnwindSafe(attempt));
    IS_TRYING.set(false);
    // Waits for threads that panic just now.
    drop(take_hook());
    if let Ok(before) = Arc::try_unwrap(before) {
        set_hook(before);
    }
    tried.is_ok()
}
