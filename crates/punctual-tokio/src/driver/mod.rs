//! The tokio task of a running scheduler. It waits for one of a closed list of events, hands the
//! event to the machine, and carries out the effects that the machine decides. It never waits for a
//! store, a run or a listener.

mod attempt;
mod by_hand;
mod census;
mod commands;
mod effects;
#[cfg(feature = "testing")]
mod for_test_clock;
mod gate;
#[cfg(feature = "testing")]
mod held;
pub(crate) mod late;
mod lateness;
mod link;
mod log;
mod shutdown;
mod surroundings;
mod tell;

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use punctual_machine::{Alarm, Machine, Reply};
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep_until};

use self::by_hand::Asked;
use self::link::Link;
use self::shutdown::StageEnd;
use self::surroundings::Surroundings;
use crate::command::{Answer, Command};
use crate::driver::late::Lateness;
use crate::handler::Host;
use crate::handler::reports::Told;
use crate::metrics::Census;
use crate::report::{HandedOnRun, ShutdownReport};
use crate::shared::Shared;
use crate::shared::keep::Keeper;
use crate::store_link::worker::Replied;
use crate::time::timer::{Due, Timer};

/// The most commands that are handled in one turn, so that a flood of commands does not hold up due
/// jobs.
const COMMANDS_PER_TURN: usize = 256;
pub(crate) const COMMANDS: usize = 256;
const REPLIES: usize = 64;

/// The events that can wake the driver.
enum Wake {
    Commands,
    Reports,
    Reply(Replied),
    Due,
    ClockSet,
    StageOver,
}

pub(crate) struct Driver {
    shared: Arc<Shared>,
    host: Arc<Host>,
    runtime: Handle,
    machine: Machine<Surroundings>,
    commands: mpsc::Receiver<Command>,
    replies: mpsc::Receiver<Replied>,
    replying: mpsc::Sender<Replied>,
    clock_set: Arc<Notify>,
    timer: Timer<Alarm>,
    links: BTreeMap<u32, Link>,
    /// The callers that asked for runs by hand.
    asked: BTreeMap<u64, Asked>,
    next_ticket: u64,
    /// The callers that asked for the end and wait for it.
    ending: Vec<Answer<ShutdownReport>>,
    /// The longest time that leaving the stores may take.
    leaving: Duration,
    /// The time at which the next stage of the shutdown begins.
    stage_end: Option<StageEnd>,
    /// Tells callers that wait for the end without having asked for it.
    ended: watch::Sender<Option<ShutdownReport>>,
    /// The runs that wait in the stores when the scheduler ends.
    handed_on: Vec<HandedOnRun>,
    inbox: Vec<Command>,
    reports: Vec<Told>,
    due: Vec<Due<Alarm>>,
    /// The number of requests of this turn that were answered in place.
    in_place: u32,
    /// For a clock that waits for the driver.
    #[cfg(feature = "testing")]
    clerk: for_test_clock::Clerk,
    _census: Census,
    lateness: Lateness,
    /// True since the clock goes by that of a server.
    follows: bool,
    /// Keeps what the scheduler was given, while the driver runs.
    _keeper: Option<Keeper>,
}

impl Driver {
    pub(crate) fn new(
        shared: Arc<Shared>,
        host: Arc<Host>,
        commands: mpsc::Receiver<Command>,
        is_paused: bool,
    ) -> Self {
        let (replying, replies) = mpsc::channel(REPLIES);
        let clock_set = Arc::new(Notify::new());
        shared.clock.watch(&clock_set);
        let runtime = Handle::current();
        let surroundings = Surroundings::of(Arc::clone(&shared));
        Self {
            _census: census::take(&shared, &runtime),
            _keeper: Keeper::of(&shared),
            runtime,
            machine: Machine::new(surroundings, shared.clock.micros(), is_paused),
            timer: Timer::new(shared.clock.clone()),
            links: BTreeMap::new(),
            asked: BTreeMap::new(),
            next_ticket: 0,
            ending: Vec::new(),
            leaving: Duration::MAX,
            stage_end: None,
            ended: watch::Sender::new(None),
            handed_on: Vec::new(),
            inbox: Vec::new(),
            reports: Vec::new(),
            due: Vec::new(),
            in_place: 0,
            #[cfg(feature = "testing")]
            clerk: for_test_clock::Clerk::new(shared.clock.enter(&clock_set)),
            lateness: Lateness::default(),
            follows: shared.clock.followed().is_some(),
            shared,
            host,
            commands,
            replies,
            replying,
            clock_set,
        }
    }

    /// Returns a channel that will hold what the shutdown left behind.
    pub(crate) fn ended(&self) -> watch::Receiver<Option<ShutdownReport>> {
        self.ended.subscribe()
    }

    /// Runs until the scheduler was shut down.
    pub(crate) async fn run(mut self) {
        while !self.machine.is_over() {
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
        self.in_place = 0;
        if matches!(wake, Wake::Reports) {
            // The runtime runs a woken tokio task next. Other runs may end first, so that one
            // request records them all.
            tokio::task::yield_now().await;
        }
        self.tell_time();
        match wake {
            Wake::Commands => self.obey(),
            Wake::Reports => self.take_reports(),
            Wake::Reply(Replied { store, reply }) => self.take_reply(store, reply),
            Wake::Due => self.take_due(),
            Wake::ClockSet => self.clock_was_set(),
            Wake::StageOver => self.next_stage(),
        }
        self.end_turn();
        #[cfg(feature = "testing")]
        self.tell_clock();
    }

    async fn wake(&mut self) -> Wake {
        let is_open = !self.machine.is_over();
        let limit = self.stage_end.as_ref().and_then(|end| end.limit);
        tokio::select! {
            biased;
            // The shared state of the handles holds a sender, so commands end with the scheduler
            // only.
            1.. = self.commands.recv_many(&mut self.inbox, COMMANDS_PER_TURN), if is_open => {
                Wake::Commands
            }
            () = self.clock_set.notified() => Wake::ClockSet,
            () = self.timer.ready() => Wake::Due,
            () = passed(limit) => Wake::StageOver,
            Some(reply) = self.replies.recv() => Wake::Reply(reply),
            // Reports come last. In a burst, due jobs start before ended runs are written down.
            () = self.host.reports.filled() => Wake::Reports,
        }
    }

    /// Lets the machine decide which requests to send, and carries out all its effects.
    fn end_turn(&mut self) {
        self.machine.end_turn();
        self.carry_out();
        for (store, link) in &self.links {
            link.say_whether_runs_begin(self.machine.begins_runs_of(*store));
        }
        self.shared.metrics.under_way(self.machine.under_way());
    }

    fn tell_time(&mut self) {
        self.machine.set_time(self.shared.clock.micros());
    }

    fn take_reply(&mut self, store: u32, reply: Reply) {
        let may_change_jobs = match &reply {
            Reply::Claimed(_, reply, _) => !reply.removed.is_empty(),
            Reply::Changed(_) => true,
            _ => false,
        };
        if may_change_jobs {
            self.shared.metrics.jobs_changed();
        }
        self.machine.replied(store, reply);
    }

    fn take_due(&mut self) {
        self.compare_clocks();
        let mut due = std::mem::take(&mut self.due);
        self.timer.take_due(self.machine.now(), &mut due);
        for due in due.drain(..) {
            match due.alarm {
                Alarm::Timeout(attempt) => self.time_is_over(attempt),
                Alarm::Shutdown => self.next_stage(),
                alarm => self.machine.alarm(alarm),
            }
        }
        self.due = due;
    }

    /// Follows a wall clock that was set or that a test moved. The clock may also have lost the
    /// thread that tells of such steps.
    fn clock_was_set(&mut self) {
        if self.shared.clock.longest_sleep().is_some() {
            self.timer.sleep_anew();
        }
        self.take_due();
    }

    /// Compares the clocks to find out if the wall clock was set, as not every system tells.
    fn compare_clocks(&mut self) {
        let by = self.shared.clock.set_right();
        let follows = self.shared.clock.followed().is_some();
        let was_wrong = follows && !std::mem::replace(&mut self.follows, follows);
        let Some(by) = by else {
            return;
        };
        tracing::info!(micros = by, "the wall clock was set");
        self.timer.clock_was_set(by);
        self.tell_time();
        self.machine.clock_was_set(by);
        self.carry_out();
        for link in self.links.values().filter(|_| by < 0) {
            // The other nodes of a shared store have not gone by the clock of this machine.
            let others_were_right = was_wrong && link.store.capabilities().shared;
            if let Some(corrections) = link.corrections().filter(|_| !others_were_right) {
                let by = TimeDelta::microseconds(-by);
                self.runtime.spawn(corrections.set_back(by));
            }
        }
    }
}

/// Waits until tokio's clock shows a limit. Waits for ever if there is no limit.
async fn passed(limit: Option<Instant>) {
    match limit {
        Some(limit) => sleep_until(limit).await,
        None => pending().await,
    }
}

#[cfg(test)]
mod tests;
