//! The processes that are nodes, and what was done to them.

use std::fs::File;
use std::process::Stdio;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use punctual_core::RunId;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use crate::unix::clock::now;
use crate::unix::node::{Birth, CANCEL, HOLD, HOLDS, READY};
use crate::unix::place::Place;
use crate::unix::wait::until;

/// A process gets so long to start or to end on a busy machine.
const LONGEST: Duration = Duration::from_secs(60);

/// What befell one process.
pub(crate) struct Life {
    pub(crate) name: String,
    pub(crate) ready: Arc<OnceLock<DateTime<Utc>>>,
    /// When it was stopped, and when it went on.
    pub(crate) stopped: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// When it was told to shut down.
    pub(crate) dismissed: Option<DateTime<Utc>>,
    /// When it was gone.
    pub(crate) ended: Option<DateTime<Utc>>,
    pub(crate) was_killed: bool,
}

/// A process that is there.
pub(crate) struct Node {
    pub(crate) life: usize,
    process: Child,
    orders: ChildStdin,
    /// Whether it has the lock of the file because it was asked to take it.
    holds: Arc<OnceLock<()>>,
}

/// All processes there were, and those that are there.
#[derive(Default)]
pub(crate) struct Fleet {
    pub(crate) lives: Vec<Life>,
    pub(crate) up: Vec<Node>,
}

impl Fleet {
    pub(crate) fn start(&mut self, place: &Place, name: &str) {
        let life = self.lives.len();
        let birth = Birth {
            name: name.to_owned(),
            life,
            url: place.url_for(name),
            journal: place.journal(),
        };
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(birth.arguments())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(place.log(life)).unwrap())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let ready = Arc::<OnceLock<_>>::default();
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
        let heard = Arc::clone(&ready);
        let holds = Arc::<OnceLock<()>>::default();
        let has_lock = Arc::clone(&holds);
        tokio::spawn(async move {
            while let Ok(Some(line)) = said.next_line().await {
                match line.as_str() {
                    READY => _ = heard.get_or_init(now),
                    HOLDS => _ = has_lock.get_or_init(|| ()),
                    _ => {}
                }
            }
        });
        self.lives.push(Life {
            name: name.to_owned(),
            ready,
            stopped: None,
            dismissed: None,
            ended: None,
            was_killed: false,
        });
        self.up.push(Node {
            life,
            orders: process.stdin.take().unwrap(),
            process,
            holds,
        });
    }

    /// `kill -9`. Answers the name that is free now.
    pub(crate) async fn kill(&mut self, index: usize) -> String {
        let mut node = self.up.remove(index);
        let life = &mut self.lives[node.life];
        let ended = node.process.try_wait().unwrap();
        assert!(
            ended.is_none(),
            "process {} ended by itself: {ended:?}",
            node.life
        );
        node.process.start_kill().unwrap();
        node.process.wait().await.unwrap();
        life.ended = Some(now());
        life.was_killed = true;
        life.name.clone()
    }

    /// Asks a node to run a job.
    pub(crate) async fn order(&mut self, index: usize, id: &str) {
        let order = format!("{id}\n");
        self.up[index]
            .orders
            .write_all(order.as_bytes())
            .await
            .unwrap();
    }

    /// Asks a node to cancel a run, of whichever node it is.
    pub(crate) async fn cancel(&mut self, index: usize, run: RunId) {
        self.order(index, &format!("{CANCEL}{run}")).await;
    }

    /// The name of a node that is there.
    pub(crate) fn name(&self, index: usize) -> &str {
        &self.lives[self.up[index].life].name
    }

    /// `SIGSTOP`; all its threads stand still afterwards.
    pub(crate) fn stop(&mut self, index: usize) {
        self.signal(index, Signal::STOP);
        let stands_still = WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(self.pid(index)), stands_still).unwrap();
        let now = now();
        self.lives[self.up[index].life].stopped = Some((now, now));
    }

    pub(crate) fn go_on(&mut self, index: usize) {
        let life = &mut self.lives[self.up[index].life];
        let (from, _) = life.stopped.unwrap();
        life.stopped = Some((from, now()));
        self.signal(index, Signal::CONT);
    }

    fn signal(&self, index: usize, signal: Signal) {
        kill_process(self.pid(index), signal).unwrap();
    }

    fn pid(&self, index: usize) -> Pid {
        let pid = self.up[index].process.id().unwrap();
        Pid::from_raw(pid.cast_signed()).unwrap()
    }

    /// Lets a node take the lock of the file, and keep it.
    pub(crate) async fn hold(&mut self, index: usize) {
        self.order(index, HOLD).await;
        let holds = Arc::clone(&self.up[index].holds);
        until("it has the lock", LONGEST, async || holds.get().copied()).await;
    }

    pub(crate) async fn all_ready(&mut self) {
        for node in &mut self.up {
            let ready = &self.lives[node.life].ready;
            let process = &mut node.process;
            let what = format!("process {} is ready", node.life);
            until(&what, LONGEST, async || {
                let ended = process.try_wait().unwrap();
                assert!(ended.is_none(), "process {} ended: {ended:?}", node.life);
                ready.get().map(drop)
            })
            .await;
        }
    }

    /// Lets all nodes shut down.
    pub(crate) async fn dismiss(&mut self) {
        for node in std::mem::take(&mut self.up) {
            let Node {
                life,
                mut process,
                orders,
                holds: _,
            } = node;
            self.lives[life].dismissed = Some(now());
            drop(orders);
            let ended = tokio::time::timeout(LONGEST, process.wait()).await;
            let ended = ended.expect("it shuts down").unwrap();
            assert!(ended.success(), "process {life} ended with {ended}");
            self.lives[life].ended = Some(now());
        }
    }
}
