//! A scheduler whose process is killed while a worker hangs.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Command, Stdio};

use crate::runs;

const PARENT: &str = "--be-the-parent";

pub(crate) fn is_meant() -> bool {
    std::env::args().nth(1).as_deref() == Some(PARENT)
}

/// Says when a worker hangs, and waits to be killed.
pub(crate) fn run() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let scheduler = runs::scheduler().await;
        runs::add(&scheduler, runs::job("where")).await;
        runs::pid(&scheduler).await;
        runs::add(&scheduler, runs::job("hang")).await;
        scheduler.run_job("hang").await.unwrap();
        let mut out = std::io::stdout();
        writeln!(out, "hangs").unwrap();
        std::future::pending::<()>().await;
    });
}

/// The worker holds the standard error of its parent: that it is closed tells that both are gone.
pub(crate) async fn workers_end_with_it() {
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .arg(PARENT)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut said = BufReader::new(parent.stdout.take().unwrap());
    while !line.contains("hangs") {
        line.clear();
        assert_ne!(said.read_line(&mut line).unwrap(), 0, "the parent ended");
    }
    parent.kill().unwrap();
    parent.wait().unwrap();
    let mut rest = String::new();
    let mut errors = parent.stderr.take().unwrap();
    errors.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}
