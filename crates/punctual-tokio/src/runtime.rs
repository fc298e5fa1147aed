//! The parts that the runtime needs. They are timers in every case, and I/O for signals and
//! processes.
//!
//! A runtime cannot be asked for its parts. A call that needs a missing part panics. So this module
//! tries such a call, and neither prints the panic nor passes it on.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Arc;
use std::time::Duration;

use punctual_store::lock::Mutex;
use tokio::runtime::Handle;

use crate::error::{Error, ErrorKind};

thread_local! {
    /// `true` while this thread tries a call that may panic.
    static IS_TRYING: Cell<bool> = const { Cell::new(false) };
}

/// Held by the one thread that puts the hook of the program aside.
static ASIDE: Mutex<()> = Mutex::new(());

/// Refuses a runtime without timers, on which the scheduler could not wait.
pub(crate) fn require_timers(runtime: &Handle) -> Result<(), Error> {
    let has_timers = works(runtime, || drop(tokio::time::sleep(Duration::ZERO)));
    has_timers.then_some(()).ok_or_else(|| {
        let message = "the tokio runtime has no timers, and a scheduler lives by them: call `enable_all()` on the runtime's builder";
        Error::of(ErrorKind::NoRuntime, message)
    })
}

/// Refuses a runtime without I/O. `what` names what needs I/O.
pub(crate) fn require_io(runtime: &Handle, what: &str) -> Result<(), Error> {
    works(runtime, use_io).then_some(()).ok_or_else(|| {
        let message = format!(
            "the tokio runtime has no I/O, and {what} it: call `enable_all()` on the runtime's builder"
        );
        Error::of(ErrorKind::NoRuntime, message)
    })
}

/// Receives signals of processes that end, as the start of a process does.
#[cfg(unix)]
fn use_io() {
    drop(tokio::signal::unix::signal(
        tokio::signal::unix::SignalKind::child(),
    ));
}

/// On other systems signals and processes do not need the I/O of the runtime.
#[cfg(not(unix))]
fn use_io() {}

/// Returns `true` if the attempt succeeds on the runtime. Where a panic ends the process, nothing
/// is tried. The panic of the code that needs the part then says what is missing.
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
    // This call waits for threads that panic just now.
    drop(take_hook());
    if let Ok(before) = Arc::try_unwrap(before) {
        set_hook(before);
    }
    tried.is_ok()
}
