//! The invariants that hold whenever nothing is on its way.

use std::collections::BTreeSet;

use punctual_core::RunId;
use punctual_core::plan::Next;
use punctual_core::plan::plan;
use punctual_machine::repeated::instances;
use punctual_machine::{Active, ActiveKey};
use punctual_store::{JobStore as _, OpenState, StoredJob};

use crate::body::How;
use crate::node::{Plain, TASK};
use crate::world::{Call, SECOND, STORE, World};

/// The times of the stages of a shutdown.
pub(crate) fn times(wait: u64) -> punctual_machine::ShutdownTimes {
    let seconds = std::time::Duration::from_secs;
    punctual_machine::ShutdownTimes {
        wait: seconds(wait),
        grace: seconds(5),
        last: seconds(5),
    }
}

/// The time within which a due job is known.
const AHEAD: i64 = 60 * SECOND;

/// The time within which a node finds jobs that it has left to other nodes.
const LEFT: i64 = 3 * SECOND;
const LOOKS: i64 = 10;

impl World {
    /// Lets everything on its way arrive and left jobs be found, and checks the invariants.
    pub(crate) fn settle(&mut self) {
        self.arrive();
        for _ in 0..LOOKS {
            self.pass(LEFT / LOOKS);
            self.arrive();
        }
        if self.store.capabilities().shared {
            self.renew();
            self.arrive();
        }
        self.check();
    }

    /// Lets everything on its way arrive, though no time passes.
    pub(crate) fn arrive(&mut self) {
        for _ in 0..1_000 {
            self.ring();
            self.watch();
            if self.calls.is_empty() {
                return;
            }
            self.deliver(0);
        }
        panic!("answers never end");
    }

    fn check(&self) {
        let held = self.machine.held(self.latest, &self.timer);
        assert!(held.wrong.is_empty(), "{:#?}", held.wrong);
        self.check_runs();
        self.check_limits();
        self.check_waiting();
        self.check_outcomes();
        let store = &held.stores[0];
        for row in self.jobs() {
            let Some(start) = start_of(&row) else {
                continue;
            };
            let is_known = store.sees_to.contains(&row.state.incarnation);
            let is_beyond = store.beyond.is_some_and(|beyond| beyond <= start);
            // A node that begins no runs leaves the jobs of other nodes to them.
            let is_recent = start > self.timer.now() - LEFT;
            let is_left = !store.is_alone && (is_recent || !self.machine.begins_runs());
            let can_run = &**row.job.task() == TASK && self.has_executor.get();
            let is_near = start <= self.timer.now() + AHEAD / 2;
            assert!(
                is_known || is_beyond || is_left || !can_run || !is_near,
                "nothing sees to what is due at {start}: {row:?} {store:?}"
            );
        }
    }

    /// Checks that the store gives this node exactly the runs that it has.
    fn check_runs(&self) {
        let open = self.open_runs().into_iter();
        let open: BTreeSet<RunId> = open
            .filter(|run| run.state == OpenState::Running)
            .map(|run| run.id)
            .collect();
        // A run that was taken over still runs here until its body ends.
        let running: BTreeSet<RunId> = self.machine.running().iter().map(|own| own.run).collect();
        let lost: Vec<_> = open
            .iter()
            .filter(|run| !running.contains(run) && !self.follows(**run, &running))
            .collect();
        assert!(lost.is_empty(), "nothing runs {lost:?}, only {running:?}");
        let mut unknown = running.difference(&open);
        let unknown = unknown.find(|run| !self.seen.taken.contains(run));
        assert_eq!(unknown, None, "the store does not know of it");
    }

    /// Returns true if a run comes after another one of its instance.
    fn follows(&self, run: RunId, running: &BTreeSet<RunId>) -> bool {
        let open = self.open_runs();
        let mut instances = instances(&open);
        instances.any(|own| {
            own.iter().any(|own| own.id == run) && own.iter().any(|own| running.contains(&own.id))
        })
    }

    /// Checks that no run is under way twice.
    pub(crate) fn check_begin(&self, key: ActiveKey) {
        let run = |own: &Active<Plain>| own.run;
        let all = || self.machine.active();
        let begun = all().find(|(own, _)| *own == key).map(|(_, own)| run(own));
        let count = all().filter(|(_, own)| Some(run(own)) == begun).count();
        let is_taken = begun.is_some_and(|run| self.seen.taken.contains(&run));
        assert!(
            count == 1 || is_taken,
            "{begun:?} is under way {count} times"
        );
    }

    /// Shuts down, whether bodies end or not, and checks what is left.
    pub(crate) fn shut_down(&mut self) {
        self.begin_shutdown();
        self.end_shutdown();
    }

    pub(crate) fn begin_shutdown(&mut self) {
        (self.is_stopping, self.is_ending) = (true, true);
        self.tell(|machine| machine.shut_down(times(10)));
    }

    pub(crate) fn end_shutdown(&mut self) {
        let is_claim = |call: &Call| matches!(call, Call::Claim(..) | Call::Adopt(..));
        if self.machine.is_over() && self.calls.iter().any(is_claim) {
            // The store did not answer in time.
            self.has_lost_rows = true;
        }
        self.go_on_until(|world| world.machine.is_over());
        let unrecorded = self.machine.left_behind().unrecorded;
        assert!(
            unrecorded == 0 || self.has_lost_rows,
            "{unrecorded} ends are left"
        );
        self.check_answered();
        self.check_told();
    }

    /// Removes the store, and lets the runs under way end.
    pub(crate) fn leave(&mut self) {
        self.is_ending = true;
        self.tell(|machine| machine.leave_store(STORE));
        self.go_on_until(|world| world.is_gone);
        self.check_answered();
        self.check_told();
    }

    /// Checks that no caller waits for a run by hand, whatever became of the store.
    fn check_answered(&self) {
        let unanswered: Vec<_> = (0..self.tickets())
            .filter(|ticket| !self.answers.contains_key(ticket))
            .collect();
        assert!(unanswered.is_empty(), "callers wait: {unanswered:?}");
    }

    fn go_on_until(&mut self, is_over: impl Fn(&Self) -> bool) {
        for _ in 0..2_000 {
            if is_over(self) {
                let open = self.open_runs();
                assert!(
                    open.is_empty() || self.has_lost_rows,
                    "they are left: {open:?}"
                );
                assert_eq!(
                    self.answers.len() as u64,
                    self.tickets(),
                    "all are answered"
                );
                return;
            }
            let aborted = self.bodies.iter().position(|body| body.is_aborted);
            let is_stuck = self.calls.is_empty() && self.timer.next().is_none();
            if let Some(at) = aborted.or(is_stuck.then_some(0)) {
                self.end_body(at, How::Vanishes);
            } else if !self.calls.is_empty() {
                self.deliver(0);
            } else if let Some(next) = self.timer.next() {
                self.pass(next.max(0));
            }
        }
        panic!("it does not end");
    }
}

/// Returns the next start of a job as `plan` decides it, which is another way than the machine's.
fn start_of(row: &StoredJob) -> Option<i64> {
    let next = row.state.next_run_time.filter(|_| !row.state.paused)?;
    match plan(
        &row.job.view(&row.state),
        chrono::DateTime::<chrono::Utc>::MIN_UTC,
    )
    .next
    {
        Next::At { start, .. } => Some(start.timestamp_micros()),
        _ => Some(next.timestamp_micros()),
    }
}
