//! A worker process, as the scheduler sees it.

use std::io::{self, Write as _};
use std::process::Stdio;
use std::time::Duration;

use futures::StreamExt;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio_util::codec::{AnyDelimiterCodec, FramedRead};

use super::message::{LONGEST_LINE, News, Order, WORKER};
use crate::error::BoxError;

/// The longest time that a new worker process may take to reach `init`.
const STARTING: Duration = Duration::from_secs(30);

/// Returns the command that starts this program again. The worker process has a process group of
/// its own, so that ctrl-c in a terminal reaches the scheduler only, which lets its runs end.
fn command(mark: &str) -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args([WORKER, mark.trim_end()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    Ok(command)
}

fn lines() -> AnyDelimiterCodec {
    AnyDelimiterCodec::new_with_max_length(b"\n".to_vec(), b"\n".to_vec(), LONGEST_LINE)
}

/// A worker process. It is killed when this is dropped.
pub(super) struct WorkerChild {
    process: Child,
    orders: ChildStdin,
    lines: FramedRead<ChildStdout, AnyDelimiterCodec>,
    mark: String,
    /// An empty line is held back, since the worker process puts one before each of its own lines.
    is_after_empty: bool,
}

impl WorkerChild {
    /// Starts a worker process and waits until it is ready.
    pub(super) async fn start() -> Result<Self, BoxError> {
        let mark = format!("@{} ", crate::random_id::made_up_id());
        let mut process = command(&mark)?.spawn()?;
        let (Some(orders), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err("the worker has no pipes".into());
        };
        let mut worker = Self {
            process,
            orders,
            lines: FramedRead::new(output, lines()),
            mark,
            is_after_empty: false,
        };
        let ready = tokio::time::timeout(STARTING, worker.news()).await;
        match ready {
            Ok(Ok(News::Ready)) => Ok(worker),
            Ok(Ok(_)) => Err("the worker spoke before it was ready".into()),
            Ok(Err(error)) => Err(error),
            Err(_) => Err("the worker did not become ready; is anything slow before `punctual::process::init()` in `main`?".into()),
        }
    }

    /// Tells the worker process to run a job, and waits until it is about to.
    pub(super) async fn begin(&mut self, order: &Order, wanted: u64) -> Result<(), BoxError> {
        self.order(order).await?;
        match self.news().await? {
            News::Begins { run } if run == wanted => Ok(()),
            other => Err(format!("the worker process said {other:?}").into()),
        }
    }

    pub(super) async fn order(&mut self, order: &Order) -> Result<(), BoxError> {
        let mut line = serde_json::to_vec(order)?;
        line.push(b'\n');
        self.orders.write_all(&line).await?;
        self.orders.flush().await?;
        Ok(())
    }

    /// Returns the next message of the worker process. Lines that its jobs print go to the standard
    /// output of this process.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. Nothing is lost if the future is dropped.
    pub(super) async fn news(&mut self) -> Result<News, BoxError> {
        loop {
            let Some(line) = self.lines.next().await else {
                return Err(self.how_it_ended().await.into());
            };
            let line = line?;
            // Jobs may print bytes that are not valid UTF-8.
            let line = String::from_utf8_lossy(&line);
            let is_after_empty = std::mem::replace(&mut self.is_after_empty, line.is_empty());
            if let Some(news) = line.strip_prefix(self.mark.as_str()) {
                return Ok(serde_json::from_str(news)?);
            }
            // Standard output may have no reader, so its errors are ignored.
            let mut out = io::stdout().lock();
            if is_after_empty {
                let _ = writeln!(out);
            }
            if !line.is_empty() {
                let _ = writeln!(out, "{line}");
            }
        }
    }

    async fn how_it_ended(&mut self) -> String {
        match tokio::time::timeout(Duration::from_secs(1), self.process.wait()).await {
            Ok(Ok(status)) => format!("the worker process ended ({status})"),
            Ok(Err(error)) => format!("the worker process is lost: {error}"),
            Err(_) => "the worker process closed its output".to_owned(),
        }
    }
}
