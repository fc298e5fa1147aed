//! One run of a program.

use std::future::pending;
use std::io;
use std::num::NonZeroU64;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures::future::join;
use serde::Serialize;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::group::Group;
use super::tail::Tail;
use super::{KEEP, Program};
use crate::error::BoxError;
use crate::handler::{Args, Handler, JobContext, Seal, Task};

/// The name of the task that runs all programs. Every scheduler knows it.
pub(crate) const TASK: &str = "punctual.program";

pub(crate) fn task() -> Task {
    run.into_task(Seal)
}

/// The longest time that the output of a program may stay open after its end.
const LINGER: Duration = Duration::from_secs(1);

/// The result that is kept of a run.
#[derive(Debug, Serialize)]
struct Report {
    status: i32,
    stdout: String,
    stderr: String,
    /// The number of bytes that came before those that are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    dropped: Option<NonZeroU64>,
}

async fn run(Args((program,)): Args<(Program,)>, context: JobContext) -> Result<Report, BoxError> {
    let mut child = start(&program)?;
    let group = Group::of(&child);
    let keep = program.keep.unwrap_or(KEEP);
    let (mut out, mut err) = (Tail::new(keep), Tail::new(keep));
    let reading = join(out.read(child.stdout.take()), err.read(child.stderr.take()));
    let status = tokio::select! {
        status = end_of(&mut child, reading) => status?,
        () = ask_to_end(&context, &group) => return Err("the program was told to end".into()),
    };
    group.is_done();
    judged(&program, status, out, err)
}

/// Waits for the end of a program and of its output. Processes that it left running may hold its
/// output open, and the function does not wait for that.
async fn end_of(child: &mut Child, reading: impl Future + Send) -> io::Result<ExitStatus> {
    let mut reading = pin!(reading);
    let mut is_read = false;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status?,
            _ = &mut reading, if !is_read => is_read = true,
        }
    };
    if !is_read {
        let _ = timeout(LINGER, reading).await;
    }
    Ok(status)
}

/// Asks the program to end when the run is to end. The program then has the grace time of a run,
/// and this future never ends by itself.
async fn ask_to_end(context: &JobContext, group: &Group) {
    context.cancelled().await;
    group.ask_to_end();
    pending::<()>().await;
}

fn start(program: &Program) -> Result<Child, BoxError> {
    let mut command = Command::new(&program.program);
    command
        .args(&program.args)
        .envs(&program.env)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    if let Some(dir) = &program.dir {
        command.current_dir(dir);
    }
    // The processes that the program starts belong to it, and end with it.
    #[cfg(unix)]
    command.process_group(0);
    command
        .spawn()
        .map_err(|error| format!("`{}` cannot be started: {error}", program.program).into())
}

fn judged(program: &Program, status: ExitStatus, out: Tail, err: Tail) -> Result<Report, BoxError> {
    if status.success() {
        return Ok(Report {
            status: 0,
            dropped: NonZeroU64::new(out.dropped + err.dropped),
            stdout: out.text(),
            stderr: err.text(),
        });
    }
    // This is the program's account of its failure. Some programs complain on standard output.
    let said = match err.text() {
        empty if empty.trim().is_empty() => out.text(),
        said => said,
    };
    let said = said.trim_end();
    let gap = if said.is_empty() { "" } else { ": " };
    Err(format!("`{}` ended with {status}{gap}{said}", program.program).into())
}
