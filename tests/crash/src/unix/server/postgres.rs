//! The programs of PostgreSQL.

use std::path::{Path, PathBuf};
use std::process::Command as Blocking;

use sqlx::{Connection as _, PgConnection};
use tokio::process::Command;

/// The folder in which Debian keeps the programs of each major version.
const VERSIONS: &str = "/usr/lib/postgresql";

/// The end of an answer after which no transaction is open, which is `ReadyForQuery` with the status
/// `I`. See "Message Formats" in the manual of PostgreSQL.
const OVER: &[u8] = b"Z\0\0\0\x05I";

/// The programs of the newest server that is installed.
pub(super) fn programs() -> Result<(PathBuf, PathBuf), String> {
    let versions = std::fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let programs = versions.map(|version| version.path().join("bin"));
    let programs = programs.filter(|folder| folder.join("initdb").exists());
    let newest = programs.max();
    let newest = newest.ok_or_else(|| "PostgreSQL is not installed".to_owned())?;
    Ok((newest.join("postgres"), newest.join("initdb")))
}

pub(super) fn making(maker: &Path, data: &Path) -> Blocking {
    let mut initdb = Blocking::new(maker);
    initdb
        .args([
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "--no-sync",
        ])
        .arg(data);
    initdb
}

pub(super) fn starting(server: &mut Command, folder: &Path) {
    server
        .arg("-D")
        .arg(super::data(folder))
        .arg("-k")
        .arg(folder)
        .args(["-c", "listen_addresses=", "-c", "max_connections=200"]);
}

pub(super) fn url(folder: &Path) -> String {
    let folder = folder.display();
    format!("postgres://postgres@localhost/postgres?host={folder}")
}

pub(super) fn url_at(port: u16) -> String {
    format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=disable")
}

pub(super) fn socket(folder: &Path) -> PathBuf {
    folder.join(".s.PGSQL.5432")
}

pub(super) async fn answers(socket: &Path) -> bool {
    let folder = socket.parent().unwrap_or(socket);
    match Box::pin(PgConnection::connect(&url(folder))).await {
        Ok(connection) => connection.close().await.is_ok(),
        Err(_) => false,
    }
}

pub(super) fn ends_answer(bytes: &[u8]) -> bool {
    bytes.ends_with(OVER)
}
