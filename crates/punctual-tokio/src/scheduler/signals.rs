//! The signals that end a service, as a future.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
#[cfg(not(unix))]
use tokio::signal::windows::{CtrlC, ctrl_c};

use crate::error::{Error, ErrorKind};
use crate::runtime::require_io;

/// Listens to ctrl-c and SIGTERM from now on. The returned future ends with the first of them, even
/// one that comes before its first poll.
///
/// It is for programs that end more than the scheduler, such as a web server. From this call on,
/// the signals no longer end the process by themselves.
///
/// ```
/// # use punctual_tokio::{Scheduler, shutdown_signal};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), punctual_tokio::Error> {
/// # let scheduler = Scheduler::builder().build()?;
/// let signal = shutdown_signal()?;
/// # let server = async {};
/// tokio::select! {
///     () = signal => {}
///     () = server => {}
/// }
/// scheduler.shutdown().await?;
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// Returns an error if the caller is not on a tokio runtime with I/O, or if the system refuses.
pub fn shutdown_signal() -> Result<ShutdownSignal, Error> {
    let runtime = Handle::try_current().map_err(|_| {
        let message = "to wait for signals needs a tokio runtime; call this from async code";
        Error::of(ErrorKind::NoRuntime, message)
    })?;
    require_io(&runtime, "to wait for signals needs")?;
    ShutdownSignal::listen().map_err(|error| {
        let message = format!("signals cannot be received: {error}");
        Error::of(ErrorKind::Io, message).telling(error)
    })
}

/// The next ctrl-c or SIGTERM, as a future. See [`shutdown_signal`].
///
/// A future that has ended may be awaited once more, by reference, for one more signal.
#[must_use = "a future does nothing until it is awaited"]
pub struct ShutdownSignal {
    #[cfg(unix)]
    interrupt: Signal,
    #[cfg(unix)]
    terminate: Signal,
    #[cfg(not(unix))]
    interrupt: CtrlC,
}

impl ShutdownSignal {
    #[cfg(unix)]
    fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    #[cfg(not(unix))]
    fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: ctrl_c()?,
        })
    }
}

impl Future for ShutdownSignal {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        #[cfg(unix)]
        if self.terminate.poll_recv(context).is_ready() {
            return Poll::Ready(());
        }
        self.interrupt.poll_recv(context).map(|_| ())
    }
}

impl fmt::Debug for ShutdownSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShutdownSignal").finish_non_exhaustive()
    }
}
