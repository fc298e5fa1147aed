//! A database server of the story's own, which can be killed and stopped.

mod mariadb;
mod postgres;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command as Blocking, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::unix::wait::until;

/// The longest time for a server to recover after a kill.
const LONGEST: Duration = Duration::from_secs(60);

/// A make of servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Make {
    Postgres,
    Mariadb,
}

/// Runs in a folder of its own and listens at a socket there, so it needs no port.
pub(crate) struct Server {
    pub(crate) make: Make,
    folder: TempDir,
    programs: Programs,
    process: Child,
}

/// The programs of a server, and the user that it runs as, since it refuses to run as root.
struct Programs {
    server: PathBuf,
    maker: PathBuf,
    user: Option<User>,
}

#[derive(Clone, Copy)]
struct User {
    uid: u32,
    gid: u32,
}

impl Make {
    /// The name of the user that its package has made.
    fn user(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mariadb => "mysql",
        }
    }

    /// Returns its programs. The error says why this machine has none.
    fn programs(self) -> Result<Programs, String> {
        let (server, maker) = match self {
            Self::Postgres => postgres::programs()?,
            Self::Mariadb => mariadb::programs()?,
        };
        let user = geteuid().is_root().then(|| User::of_system(self.user()));
        Ok(Programs {
            server,
            maker,
            user: user.transpose()?,
        })
    }

    /// Returns the command that makes the files of a server.
    fn making(self, maker: &Path, data: &Path) -> Blocking {
        match self {
            Self::Postgres => postgres::making(maker, data),
            Self::Mariadb => mariadb::making(maker, data),
        }
    }

    /// Adds what starts a server.
    fn starting(self, server: &mut Command, folder: &Path) {
        match self {
            Self::Postgres => postgres::starting(server, folder),
            Self::Mariadb => mariadb::starting(server, folder),
        }
    }

    /// Returns true if the server answers.
    async fn answers(self, socket: &Path) -> bool {
        match self {
            Self::Postgres => postgres::answers(socket).await,
            Self::Mariadb => mariadb::answers(socket).await,
        }
    }

    /// Returns true if these bytes end an answer after which no transaction is open.
    pub(crate) fn ends_answer(self, bytes: &[u8]) -> bool {
        match self {
            Self::Postgres => postgres::ends_answer(bytes),
            Self::Mariadb => mariadb::ends_answer(bytes),
        }
    }

    /// Returns the address of a server behind a port of this machine.
    pub(crate) fn url_at(self, port: u16) -> String {
        match self {
            Self::Postgres => postgres::url_at(port),
            Self::Mariadb => mariadb::url_at(port),
        }
    }
}

impl Server {
    /// Makes the files of a server and starts it. The error says why this machine has none.
    pub(crate) async fn start(make: Make) -> Result<Self, String> {
        let programs = make.programs()?;
        let folder = TempDir::with_prefix("punctual-server-").unwrap();
        if let Some(User { uid, gid }) = programs.user {
            std::os::unix::fs::chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        initialise(make, &programs, &data(folder.path()));
        let process = spawn(make, &programs, folder.path());
        let mut server = Self {
            make,
            folder,
            programs,
            process,
        };
        server.is_up().await;
        Ok(server)
    }

    pub(crate) fn url(&self) -> String {
        match self.make {
            Make::Postgres => postgres::url(self.folder.path()),
            Make::Mariadb => mariadb::url(&self.socket()),
        }
    }

    /// The socket at which the server listens.
    pub(crate) fn socket(&self) -> PathBuf {
        match self.make {
            Make::Postgres => postgres::socket(self.folder.path()),
            Make::Mariadb => mariadb::socket(self.folder.path()),
        }
    }

    /// Kills the server as `kill -9` does. Its children notice that and end.
    pub(crate) async fn kill(&mut self) {
        self.process.start_kill().unwrap();
        self.process.wait().await.unwrap();
    }

    /// Starts the server again after a kill, and waits until it answers.
    pub(crate) async fn restart(&mut self) {
        self.process = spawn(self.make, &self.programs, self.folder.path());
        self.is_up().await;
    }

    /// Waits until the server answers, and starts it once more if it has ended. PostgreSQL ends while a
    /// child of the killed server is still there.
    async fn is_up(&mut self) {
        let socket = self.socket();
        until("the server answers", LONGEST, async || {
            if self.process.try_wait().unwrap().is_some() {
                self.process = spawn(self.make, &self.programs, self.folder.path());
            }
            self.make.answers(&socket).await.then_some(())
        })
        .await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // `SIGQUIT` ends PostgreSQL and all its children without a checkpoint. MariaDB has none.
        let signal = match self.make {
            Make::Postgres => Signal::QUIT,
            Make::Mariadb => Signal::KILL,
        };
        let pid = self
            .process
            .id()
            .and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(pid) = pid {
            let _ = kill_process(pid, signal);
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
    /// The user of a name that the package of the server made.
    fn of_system(name: &str) -> Result<Self, String> {
        let users = std::fs::read_to_string("/etc/passwd").unwrap();
        let mut lines = users.lines().map(|line| line.split(':'));
        let found = lines.find_map(|mut parts| (parts.next() == Some(name)).then_some(parts));
        let mut ids = found
            .ok_or_else(|| format!("there is no user `{name}`"))?
            .skip(1);
        let mut next = || ids.next().and_then(|id| id.parse().ok());
        let (uid, gid) = (next(), next());
        let ids = uid.zip(gid);
        let (uid, gid) = ids.ok_or_else(|| format!("the user `{name}` has no number"))?;
        Ok(Self { uid, gid })
    }
}

fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

fn initialise(make: Make, programs: &Programs, data: &Path) {
    let mut maker = make.making(&programs.maker, data);
    maker.current_dir("/");
    if let Some(User { uid, gid }) = programs.user {
        use std::os::unix::process::CommandExt as _;
        maker.uid(uid).gid(gid);
    }
    let made = maker.output().unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
}

fn spawn(make: Make, programs: &Programs, folder: &Path) -> Child {
    let log = File::options()
        .create(true)
        .append(true)
        .open(folder.join("log"));
    let mut server = Command::new(&programs.server);
    make.starting(&mut server, folder);
    server
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log.unwrap());
    if let Some(User { uid, gid }) = programs.user {
        server.uid(uid).gid(gid);
    }
    server.spawn().unwrap()
}
