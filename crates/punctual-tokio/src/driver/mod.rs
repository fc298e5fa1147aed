//! The one task that owns all state of a running scheduler: it waits for one of a closed list of
//! events, asks the core what to do, and does it. It never waits for a store, a run or a listener.

mod active;
mod answers;
mod attempts;
mod begins;
mod claims;
mod commands;
mod finish;
#[cfg(feature = "testing")]
mod held;
mod lateness;
mod leases;
mod leaving;
mod log;
mod manual;
mod sharing;
mod shutdown;
#[cfg(feature = "testing")]
mod standing;
mod unstarted;
mod waiting;
mod window;

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::Arc;

use chrono::TimeDelta;
use punctual_core::{MissReason, RunId};
use punctual_store::NodeInfo;
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep_until};

use self::active::{AttemptKey, Table};
use self::shutdown::Stage;
use crate::command::{Command, ShutdownReport};
use crate::core::Core;
use crate::handler::Host;
use crate::jobs::JobKey;
use crate::keep::Keeper;
use crate::late::Lateness;
use crate::lease::{another_name, lease};
use crate::metrics::Census;
use crate::partition::Partition;
use crate::reports::Told;
use crate::timer::{Due, Timer};
use crate::worker::{Reply, ReplyKind, Requests, Worker};

/// Commands handled in one turn, so that a flood of them does not hold up what is due.
const COMMANDS_PER_TURN: usize = 256;
pub(crate) const COMMANDS: usize = 256;
const REPLIES: usize = 64;

/// What a timer was armed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alarm {
    /// A job is due, unless its row has moved on.
    Job { key: JobKey, revision: u64 },
    /// Jobs beyond the window come near.
    Refill { store: u32 },
    /// Jobs that were left to other nodes may not have been claimed.
    Left { store: u32 },
    /// What waits of a job, which goes by its birth, may start.
    Promote { store: u32, birth: u64 },
    /// An attempt has taken too long.
    Timeout(AttemptKey),
    /// An attempt was told to end and has not.
    Abort(AttemptKey),
    /// The next stage of the shutdown.
    Shutdown,
}

/// What can wake the task.
enum Wake {
    Commands,
    Reports,
    Reply(Reply),
    Due,
    ClockSet,
    StageOver,
}

pub(crate) struct Driver {
    core: Arc<Core>,
    host: Arc<Host>,
    runtime: Handle,
    commands: mpsc::Receiver<Command>,
    replies: mpsc::Receiver<Reply>,
    replying: mpsc::Sender<Reply>,
    clock_set: Arc<Notify>,
    timer: Timer<Alarm>,
    partitions: BTreeMap<u32, Partition>,
    active: Table,
    is_paused: bool,
    stage: Stage,
    /// Tells those who wait for the end without having asked for it.
    ended: watch::Sender<Option<ShutdownReport>>,
    last_manual: i64,
    /// What waits in the stores when the scheduler ends.
    left_waiting: Vec<RunId>,
    inbox: Vec<Command>,
    reports: Vec<Told>,
    due: Vec<Due<Alarm>>,
    /// Jobs whose last run here has ended.
    settled: Vec<JobKey>,
    /// For a clock that waits for this task.
    #[cfg(feature = "testing")]
    clerk: standing::Clerk,
    _census: Census,
    lateness: Lateness,
    /// While it runs, what it was given is kept.
    _keeper: Option<Keeper>,
}

impl Driver {
    pub(crate) fn new(
        core: Arc<Core>,
        host: Arc<Host>,
        commands: mpsc::Receiver<Command>,
        is_paused: bool,
    ) -> Self {
        let (replying, replies) = mpsc::channel(REPLIES);
        let clock_set = Arc::new(Notify::new());
        core.clock.watch(&clock_set);
        let runtime = Handle::current();
        Self {
            _census: core.metrics.take_census(&core, &runtime),
            _keeper: Keeper::of(&core),
            runtime,
            timer: Timer::new(core.clock.clone()),
            partitions: BTreeMap::new(),
            active: Table::default(),
            stage: Stage::Running,
            ended: watch::Sender::new(None),
            last_manual: i64::MIN,
            left_waiting: Vec::new(),
            inbox: Vec::new(),
            reports: Vec::new(),
            due: Vec::new(),
            settled: Vec::new(),
            #[cfg(feature = "testing")]
            clerk: standing::Clerk::new(core.clock.enter(&clock_set)),
            lateness: Lateness::default(),
            core,
            host,
            commands,
            replies,
            replying,
            clock_set,
            is_paused,
        }
    }

    /// What the shutdown will have left behind.
    pub(crate) fn ended(&self) -> watch::Receiver<Option<ShutdownReport>> {
        self.ended.subscribe()
    }

    /// Runs until the scheduler was shut down.
    pub(crate) async fn run(mut self) {
        while !self.is_over() {
            self.turn().await;
        }
        self.leave_stores().await;
        self.finish();
    }

    /// Waits for an event and does what follows from it.
    async fn turn(&mut self) {
        let (since, due) = (Instant::now(), self.timer.wakes_at());
        let wake = self.wake().await;
        self.notice_lateness(due, since);
        #[cfg(feature = "testing")]
        self.note_progress(&wake);
        match wake {
            Wake::Commands => self.obey(),
            Wake::Reports => {
                // The runtime runs a woken task next: let other runs end first, so that one
                // request records them all.
                tokio::task::yield_now().await;
                self.take_reports();
            }
            Wake::Reply(reply) => self.take_reply(reply),
            Wake::Due => self.take_due(),
            Wake::ClockSet => self.clock_was_set(),
            Wake::StageOver => self.next_stage(),
        }
        self.flush();
        self.say_whether_runs_begin();
        self.let_stores_go();
        self.core.metrics.under_way(self.active.len());
        self.advance_shutdown();
        #[cfg(feature = "testing")]
        self.tell_clock();
    }

    async fn wake(&mut self) -> Wake {
        let is_open = self.stage.takes_commands();
        let limit = self.stage.limit();
        tokio::select! {
            biased;
            // The core holds a sender, so commands end with the scheduler only.
            1.. = self.commands.recv_many(&mut self.inbox, COMMANDS_PER_TURN), if is_open => {
                Wake::Commands
            }
            () = self.clock_set.notified() => Wake::ClockSet,
            () = self.timer.ready() => Wake::Due,
            () = passed(limit) => Wake::StageOver,
            Some(reply) = self.replies.recv() => Wake::Reply(reply),
            // Last: in a burst, what is due starts before what has ended is written down.
            () = self.host.reports.filled() => Wake::Reports,
        }
    }

    /// Takes a store in: from now on it has a worker.
    pub(crate) fn adopt_store(&mut self, mut partition: Partition) {
        let (claims, asked) = mpsc::channel(1);
        let (reads, looked_at) = mpsc::channel(2);
        partition.say_whether_runs_begin(self.begins_runs());
        let worker = Worker {
            id: partition.id,
            alias: Arc::clone(&partition.alias),
            core: Arc::clone(&self.core),
            store: Arc::clone(&partition.store),
            node: self.node_info(),
            health: Arc::clone(&partition.health),
            begins_runs: Arc::clone(&partition.begins_runs),
            replies: self.replying.clone(),
            shared: Arc::default(),
            settled: Arc::default(),
        };
        let (keeper, held) = lease(worker.clone());
        self.runtime.spawn(worker.clone().meet(keeper.fleet()));
        partition.corrections = Some(keeper.corrections());
        partition.keeper = Some(self.runtime.spawn(keeper.keep()));
        self.runtime.spawn(worker.clone().carry_claims(asked, held));
        self.runtime.spawn(worker.clone().carry_reads(looked_at));
        self.runtime.spawn(worker.clone().forget(self.core.memory));
        self.runtime.spawn(worker.clone().check_counts());
        self.runtime.spawn(worker.watch());
        partition.requests = Some(Requests { claims, reads });
        partition.absent = (self.core.clock.micros(), MissReason::Down);
        let id = partition.id;
        self.partitions.insert(id, partition);
        self.ask_for_window(id);
    }

    fn node_info(&self) -> NodeInfo {
        let mut info = self.core.node_info();
        if self.partitions.values().any(|other| other.is_leaving) {
            // It may be the same store, where runs are under way that belong to that name.
            info.name = another_name(&info.name);
        }
        info
    }

    fn take_reply(&mut self, reply: Reply) {
        let store = reply.store;
        if let Some(partition) = self.partitions.get_mut(&store) {
            // Once for all that is begun by a reply.
            partition.is_doubtful = partition.may_be_taken_for_dead();
        }
        match reply.kind {
            ReplyKind::Claimed(request, reply, own) => {
                if !reply.removed.is_empty() {
                    self.core.metrics.jobs_changed();
                }
                self.take_answers(store, *request, reply, &own);
            }
            ReplyKind::Due(due) => self.take_window(store, due),
            ReplyKind::Left(left) => self.take_left(store, left),
            ReplyKind::Nodes(nodes) => self.deal(store, nodes),
            ReplyKind::Handed(handed) => self.adopted(store, handed),
            ReplyKind::CannotGoOn(runs) => self.cannot_go_on(store, runs),
            ReplyKind::Waiting(jobs) => self.jobs_wait(store, jobs),
            ReplyKind::Changed(changed) => {
                self.core.metrics.jobs_changed();
                self.take_changes(store, changed);
            }
            ReplyKind::Leased(lease) => self.leased(store, lease),
            ReplyKind::Cancel(runs) => {
                for (run, reason) in runs {
                    self.asked_to_end(store, run, reason);
                }
            }
            ReplyKind::Recovered(recovered) => self.recovered(store, *recovered),
            ReplyKind::Gone => {
                if let Some(partition) = self.partitions.get_mut(&store) {
                    partition.is_gone = true;
                }
            }
        }
    }

    fn take_due(&mut self) {
        self.compare_clocks();
        let mut due = std::mem::take(&mut self.due);
        self.timer.take_due(&mut due);
        for due in due.drain(..) {
            match due.alarm {
                Alarm::Job { key, revision } => self.job_is_due(key, revision),
                Alarm::Refill { store } => self.refill(store),
                Alarm::Left { store } => self.look_for_left(store),
                Alarm::Promote { store, birth } => self.promote(store, birth),
                Alarm::Timeout(key) => self.timed_out(key),
                Alarm::Abort(key) => self.abort(key),
                Alarm::Shutdown => self.next_stage(),
            }
        }
        self.due = due;
    }

    /// The wall clock was set, or a test moved it, or from now on nobody tells of either.
    fn clock_was_set(&mut self) {
        if self.core.clock.longest_sleep().is_some() {
            self.timer.sleep_anew();
        }
        self.take_due();
    }

    /// Finds out whether the wall clock was set, as not every system tells.
    fn compare_clocks(&mut self) {
        let Some(by) = self.core.clock.set_right() else {
            return;
        };
        tracing::info!(micros = by, "the wall clock was set");
        self.timer.clock_was_set(by);
        self.await_anew();
        let stores: Vec<u32> = self.partitions.keys().copied().collect();
        for store in stores {
            self.goes_by_another_time(store, by);
            self.ask_for_window(store);
        }
    }

    fn goes_by_another_time(&mut self, store: u32, by: i64) {
        let Some(partition) = self.partitions.get_mut(&store) else {
            return;
        };
        partition.clock_was_set(by);
        if let Some(corrections) = partition.corrections.clone().filter(|_| by < 0) {
            let by = TimeDelta::microseconds(-by);
            self.runtime.spawn(corrections.set_back(by));
        }
    }
}

/// Waits until tokio's clock shows a limit, if there is one.
async fn passed(limit: Option<Instant>) {
    match limit {
        Some(limit) => sleep_until(limit).await,
        None => pending().await,
    }
}

#[cfg(test)]
mod tests;
