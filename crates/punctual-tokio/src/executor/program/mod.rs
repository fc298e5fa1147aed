//! Jobs that are programs.

mod group;
mod reference;
mod run;
mod tail;

pub(crate) use run::TASK;
pub(crate) use run::task;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind};

/// A program that a job runs, with its arguments.
///
/// Exit status 0 is success. Everything else is a failure whose error is the status and the end of
/// what the program wrote.
///
/// What the program wrote is kept as the result of the run. That is the last 16 KiB of its standard
/// output and of its standard error, unless [`keep`](Self::keep) says otherwise. The program has no
/// standard input. A run that is cancelled or takes too long gets SIGTERM, and after the grace time
/// SIGKILL, with all that it has started.
///
/// There is no shell. For a job that needs one, name the shell
/// (`Program::new("sh").args(["-c", "a | b"])`).
///
/// ```
/// use punctual_core::Crontab;
/// use punctual_tokio::{Executor, Program, Scheduler};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), punctual_tokio::Error> {
/// let scheduler = Scheduler::builder().executor("command", Executor::command(4)).build()?;
/// let dump = Program::new("pg_dump").args(["--format=custom", "--file=shop.dump", "shop"]);
/// scheduler.add_job(dump, Crontab::new("@daily")).id("dump").await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct Program {
    program: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    args: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    env: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dir: Option<PathBuf>,
    /// The bytes that are kept of each stream, if not [`KEEP`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keep: Option<usize>,
}

/// The bytes that are kept of each stream by default.
const KEEP: usize = 16 << 10;

impl Program {
    /// Makes a program without arguments. `program` is a path, or a name that is looked up in
    /// `PATH`. A job whose program has an empty name is refused.
    pub fn new(program: impl Into<String>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            env: BTreeMap::new(),
            dir: None,
            keep: None,
        }
    }

    /// Adds one argument.
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable besides those of the scheduler's process. It is stored with the
    /// job, so it is not a place for secrets.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// Sets the directory in which the program runs. By default this is the directory of the
    /// scheduler's process.
    pub fn current_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Sets the number of bytes that are kept of the end of its standard output, and of its
    /// standard error.
    pub fn keep(mut self, bytes: usize) -> Self {
        self.keep = Some(bytes);
        self
    }

    fn checked(self) -> Result<Self, Error> {
        if self.program.trim().is_empty() {
            let message =
                "program: the name is empty; write a path, or a name in `PATH` such as `pg_dump`";
            return Err(Error::of(ErrorKind::Invalid, message));
        }
        Ok(self)
    }
}
