//! A PostgreSQL server of the story's own, which can be killed and stopped.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command as Blocking, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, geteuid, kill_process};
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::unix::wait::until;

/// The longest time for a server to recover after a kill.
const LONGEST: Duration = Duration::from_secs(60);

/// The folder in which Debian keeps the programs of each major version.
const VERSIONS: &str = "/usr/lib/postgresql";

/// Runs in a folder of its own and listens at a socket there, so it needs no port.
pub(crate) struct Server {
    folder: TempDir,
    programs: PathBuf,
    user: Option<User>,
    process: Child,
}

/// The user that the server runs as, since it refuses to run as root.
#[derive(Clone, Copy)]
struct User {
    uid: u32,
    gid: u32,
}

impl Server {
    /// Makes a database cluster and starts its server. The error says why this machine has no server.
    pub(crate) async fn start() -> Result<Self, String> {
        let programs = programs()?;
        let user = geteuid().is_root().then(User::of_system).transpose()?;
        let folder = TempDir::with_prefix("punctual-server-").unwrap();
        if let Some(User { uid, gid }) = user {
            std::os::unix::fs::chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        initialise(&programs, user, &data(folder.path()));
        let process = spawn(&programs, user, folder.path());
        let mut server = Self {
            folder,
            programs,
            user,
            process,
        };
        server.is_up().await;
        Ok(server)
    }

    pub(crate) fn url(&self) -> String {
        let socket = self.folder.path().display();
        format!("postgres://postgres@localhost/postgres?host={socket}")
    }

    /// The socket at which the server listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join(".s.PGSQL.5432")
    }

    /// Kills the server as `kill -9` does. Its children notice that and end.
    pub(crate) async fn kill(&mut self) {
        self.process.start_kill().unwrap();
        self.process.wait().await.unwrap();
    }

    /// Starts the server again after a kill, and waits until it answers.
    pub(crate) async fn restart(&mut self) {
        self.process = spawn(&self.programs, self.user, self.folder.path());
        self.is_up().await;
    }

    /// Waits until the server answers, and starts it once more if it has ended. It ends while a child of
    /// the killed server is still there.
    async fn is_up(&mut self) {
        let url = self.url();
        until("the server answers", LONGEST, async || {
            if self.process.try_wait().unwrap().is_some() {
                self.process = spawn(&self.programs, self.user, self.folder.path());
            }
            let connection = Box::pin(PgConnection::connect(&url)).await.ok()?;
            connection.close().await.ok()
        })
        .await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // `SIGQUIT` ends the server and all its children without a checkpoint.
        let pid = self
            .process
            .id()
            .and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(pid) = pid {
            let _ = kill_process(pid, Signal::QUIT);
        }
        for _ in 0..50 {
            if !matches!(self.process.try_wait(), Ok(None)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl User {
    /// The user that the package of the server made.
    fn of_system() -> Result<Self, String> {
        let users = std::fs::read_to_string("/etc/passwd").unwrap();
        let line = users
            .lines()
            .find_map(|line| line.strip_prefix("postgres:"));
        let mut ids = line
            .ok_or("there is no user `postgres`")?
            .split(':')
            .skip(1);
        let mut next = || ids.next().and_then(|id| id.parse().ok());
        let (uid, gid) = (next(), next());
        let (uid, gid) = uid.zip(gid).ok_or("the user `postgres` has no number")?;
        Ok(Self { uid, gid })
    }
}

/// The programs of the newest server that is installed.
fn programs() -> Result<PathBuf, String> {
    let versions = std::fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let programs = versions.map(|version| version.path().join("bin"));
    let programs = programs.filter(|folder| folder.join("initdb").exists());
    programs
        .max()
        .ok_or_else(|| "PostgreSQL is not installed".to_owned())
}

fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

fn initialise(programs: &Path, user: Option<User>, data: &Path) {
    let mut initdb = Blocking::new(programs.join("initdb"));
    initdb
        .args([
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "--no-sync",
        ])
        .arg(data)
        .current_dir("/");
    if let Some(User { uid, gid }) = user {
        use std::os::unix::process::CommandExt as _;
        initdb.uid(uid).gid(gid);
    }
    let made = initdb.output().unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
}

fn spawn(programs: &Path, user: Option<User>, folder: &Path) -> Child {
    let log = File::options()
        .create(true)
        .append(true)
        .open(folder.join("log"));
    let mut server = Command::new(programs.join("postgres"));
    server
        .arg("-D")
        .arg(data(folder))
        .arg("-k")
        .arg(folder)
        .args(["-c", "listen_addresses=", "-c", "max_connections=60"])
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log.unwrap());
    if let Some(User { uid, gid }) = user {
        server.uid(uid).gid(gid);
    }
    server.spawn().unwrap()
}
