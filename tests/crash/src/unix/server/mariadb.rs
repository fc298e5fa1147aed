//! The programs of MariaDB.

use std::path::{Path, PathBuf};
use std::process::Command as Blocking;

use sqlx::{Connection as _, Executor as _, mysql::MySqlConnection};
use tokio::process::Command;

/// The folders in which the programs may be.
const FOLDERS: [&str; 4] = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];

/// The end of an answer after which no transaction is open and no other result follows. It is an OK
/// packet with nothing but `SERVER_STATUS_AUTOCOMMIT`. See "OK Packet" in the manual of MariaDB.
const OVER: &[u8] = b"\0\0\0\x02\0\0\0";

pub(super) fn programs() -> Result<(PathBuf, PathBuf), String> {
    let found = |name: &str| {
        let mut paths = FOLDERS.iter().map(|folder| Path::new(folder).join(name));
        let path = paths.find(|path| path.exists());
        path.ok_or_else(|| format!("MariaDB is not installed, `{name}` is missing"))
    };
    Ok((found("mariadbd")?, found("mariadb-install-db")?))
}

pub(super) fn making(maker: &Path, data: &Path) -> Blocking {
    let mut install = Blocking::new(maker);
    install.args([
        "--no-defaults",
        "--skip-test-db",
        "--auth-root-authentication-method=normal",
    ]);
    install.arg(format!("--datadir={}", data.display()));
    install
}

pub(super) fn starting(server: &mut Command, folder: &Path) {
    server
        .arg("--no-defaults")
        .arg(format!("--datadir={}", super::data(folder).display()))
        .arg(format!("--socket={}", socket(folder).display()))
        .args(["--skip-networking", "--max-connections=200"]);
}

pub(super) fn url(socket: &Path) -> String {
    let socket = socket.display();
    format!("mysql://root@localhost/jobs?socket={socket}")
}

pub(super) fn url_at(port: u16) -> String {
    format!("mysql://root@127.0.0.1:{port}/jobs?ssl-mode=DISABLED")
}

pub(super) fn socket(folder: &Path) -> PathBuf {
    folder.join("socket")
}

/// Asks the server, and makes the database of the story.
pub(super) async fn answers(socket: &Path) -> bool {
    let url = url(socket).replace("/jobs?", "/mysql?");
    let Ok(mut connection) = Box::pin(MySqlConnection::connect(&url)).await else {
        return false;
    };
    let made = connection
        .execute("CREATE DATABASE IF NOT EXISTS jobs")
        .await;
    made.is_ok() && connection.close().await.is_ok()
}

pub(super) fn ends_answer(bytes: &[u8]) -> bool {
    bytes.ends_with(OVER)
}
