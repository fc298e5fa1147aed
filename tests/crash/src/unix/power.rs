//! The power fails: what was not synced is gone, or is there in part.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use punctual_sqlx::SqliteStore;
use punctual_store::{JobFilter, JobStore as _, RunFilter};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;
use tempfile::TempDir;
use tokio::process::Command;

use crate::unix::dice::Dice;
use crate::unix::trace::{self, Step};
use crate::unix::writer::{Manner, PROMISED};

/// What a disk writes as one.
const SECTOR: usize = 512;

/// Moments at which the power fails while nothing was just promised.
const OTHER_MOMENTS: usize = 40;

/// What is wrong with a good file that lacks what was answered.
pub(crate) const NOT_KEPT: &str = "some are not kept";

/// What came of it.
#[derive(Default)]
pub(crate) struct Outage {
    promises: usize,
    syncs: usize,
    disks: usize,
    /// Promises that were not kept, and files that were spoiled.
    pub(crate) broken: Vec<String>,
}

/// Lets a process write, and looks at what each failure of the power would leave. `Err` says why that
/// was not tried.
pub(crate) async fn fails(manner: Manner) -> Result<Outage, String> {
    let folder = TempDir::with_prefix("punctual-power-").unwrap();
    let database = folder.path().join("jobs.db");
    let log = folder.path().join("trace");
    let mut traced = Command::new("strace");
    let traced = traced
        .args(trace::arguments(&log))
        .arg(std::env::current_exe().unwrap())
        .args(manner.arguments(database.to_str().unwrap()))
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .status();
    let status = traced
        .await
        .map_err(|error| format!("strace cannot be run: {error}"));
    let is_required =
        std::env::var_os("CRASH_TESTS_STRACE").is_some_and(|value| value == "required");
    assert!(
        status.is_ok() || !is_required,
        "this test must not be skipped here: {status:?}"
    );
    let status = status?;
    let steps = trace::steps(&std::fs::read_to_string(&log).unwrap_or_default());
    if !status.success() && steps.is_empty() {
        return Err(format!("strace may not follow a process here: {status}"));
    }
    assert!(status.success(), "the writer ended with {status}");
    Ok(judge(&steps, &database).await)
}

async fn judge(steps: &[Step], database: &Path) -> Outage {
    let mut outage = Outage::default();
    let mut dice = Dice::new(1);
    let mut disk = Disk::default();
    let mut promised = BTreeSet::new();
    let last = steps.len() as u64 - 1;
    let moments: BTreeSet<u64> = (0..OTHER_MOMENTS).map(|_| dice.range(0, last)).collect();
    for (number, step) in steps.iter().enumerate() {
        disk.take(step);
        let mut is_moment = moments.contains(&(number as u64));
        match step {
            Step::Synced { .. } => outage.syncs += 1,
            Step::Said(said) => {
                let id = said.strip_prefix(PROMISED).unwrap();
                promised.insert(id.trim_end().to_owned());
                is_moment = true;
            }
            Step::Written { .. } | Step::Cut { .. } | Step::Removed { .. } => {}
        }
        if is_moment {
            for mut left in [disk.without_unsynced(), disk.with_some(&mut dice)] {
                left.retain(|file, _| file.starts_with(database.parent().unwrap()));
                let wrong = look(&left, database, &promised).await;
                outage.disks += 1;
                outage.broken.extend(wrong);
            }
        }
    }
    outage.promises = promised.len();
    outage
}

/// The files of a disk: what is on it for good, and what was written since.
#[derive(Default)]
struct Disk {
    synced: BTreeMap<PathBuf, Vec<u8>>,
    unsynced: BTreeMap<PathBuf, Vec<Change>>,
    /// What was removed since any file was synced: that puts the removals on the disk, too.
    removed: BTreeSet<PathBuf>,
}

#[derive(Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Cut(usize),
}

impl Disk {
    fn take(&mut self, step: &Step) {
        match step {
            Step::Written { file, at, bytes } => {
                let change = Change::Write(*at, bytes.clone());
                self.unsynced.entry(file.clone()).or_default().push(change);
            }
            Step::Cut { file, length } => {
                let change = Change::Cut(*length);
                self.unsynced.entry(file.clone()).or_default().push(change);
            }
            Step::Removed { file } => {
                self.unsynced.remove(file);
                self.removed.insert(file.clone());
            }
            Step::Synced { file } => {
                for gone in std::mem::take(&mut self.removed) {
                    self.synced.remove(&gone);
                }
                let content = self.synced.entry(file.clone()).or_default();
                for change in self.unsynced.remove(file).unwrap_or_default() {
                    change.apply(content);
                }
            }
            Step::Said(_) => {}
        }
    }

    fn without_unsynced(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        self.synced.clone()
    }

    /// Some sectors of what was written since have reached the disk, in any order.
    fn with_some(&self, dice: &mut Dice) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = self.synced.clone();
        files.retain(|file, _| !self.removed.contains(file) || dice.chance(50));
        for (file, changes) in &self.unsynced {
            let content = files.entry(file.clone()).or_default();
            for change in changes {
                match change {
                    Change::Write(at, bytes) => {
                        for (index, sector) in bytes.chunks(SECTOR).enumerate() {
                            if dice.chance(50) {
                                let at = at + index * SECTOR;
                                Change::Write(at, sector.to_vec()).apply(content);
                            }
                        }
                    }
                    Change::Cut(_) if dice.chance(50) => change.clone().apply(content),
                    Change::Cut(_) => {}
                }
            }
        }
        files
    }
}

impl Change {
    fn apply(self, content: &mut Vec<u8>) {
        match self {
            Self::Cut(length) => content.resize(length, 0),
            Self::Write(at, bytes) => {
                let end = at + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[at..end].copy_from_slice(&bytes);
            }
        }
    }
}

/// Opens what is left, and says what is wrong with it.
async fn look(
    left: &BTreeMap<PathBuf, Vec<u8>>,
    database: &Path,
    promised: &BTreeSet<String>,
) -> Option<String> {
    let folder = TempDir::with_prefix("punctual-power-").unwrap();
    for (file, content) in left {
        let name = file.file_name().unwrap();
        // What processes share in memory is not on the disk.
        if !name.to_str().unwrap().ends_with("-shm") {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
    }
    let file = folder.path().join(database.file_name().unwrap());
    let when = format!("after {} promises", promised.len());
    match promises_kept(&file, promised).await {
        Ok(true) => None,
        Ok(false) => Some(format!("{when}: {NOT_KEPT}")),
        Err(error) => Some(format!("{when}: {error}")),
    }
}

async fn promises_kept(
    file: &Path,
    promised: &BTreeSet<String>,
) -> Result<bool, Box<dyn std::error::Error>> {
    let store = SqliteStore::open(format!("sqlite://{}", file.display())).await?;
    let jobs = store.list(JobFilter::default()).await?.jobs;
    let jobs: BTreeSet<String> = jobs.iter().map(|row| row.job.id().to_string()).collect();
    let runs = store.runs(RunFilter::default()).await?;
    let runs: BTreeSet<String> = runs.iter().map(|run| run.job.to_string()).collect();
    store.close().await;
    let mut connection = SqliteConnectOptions::new().filename(file).connect().await?;
    let check = sqlx::query_scalar("PRAGMA integrity_check");
    let said: String = check.fetch_one(&mut connection).await?;
    if said != "ok" {
        return Err(said.into());
    }
    Ok(promised.is_subset(&jobs) && promised.is_subset(&runs))
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            promises,
            syncs,
            disks,
            broken,
        } = self;
        let broken = broken.len();
        write!(
            f,
            "{promises} promises, {syncs} syncs: {disks} disks, {broken} broken"
        )
    }
}
