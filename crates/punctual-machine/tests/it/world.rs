//! A machine, its store, and the calls between them, which are answered when the test says so.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use punctual_core::{CancelReason, Outcome, RunId};
use punctual_machine::{Alarm, AttemptEnd, Effect, Machine, Read, Refusal, Reply, repeated};
use punctual_store::{
    ChangedJobs, Changes, ClaimAnswer, ClaimReply, ClaimRequest, DueJob, DueJobs, Error, ErrorKind,
    Handed, JobStore, Lease, MemoryStore, NodeInfo, OpenRequest, OpenRun, RenewRequest,
    RunOverrides, StoreFuture, StoredJob,
};

use crate::body::{Body, How};
use crate::node::{Plain, TASK};
use crate::outcomes::Seen;
use crate::timer::Timer;

/// The number of the store.
pub(crate) const STORE: u32 = 0;

pub(crate) const SECOND: i64 = 1_000_000;

/// The silence after which a node may be taken for dead.
const DEAD_AFTER: i64 = 8 * SECOND;

/// The time between the request to end and the abort.
pub(crate) const GRACE: i64 = 5 * SECOND;

/// A Sunday in March, at noon.
const BEGIN: i64 = 1_772_366_400 * SECOND;

/// The jobs of runs, and the runs that cannot go on.
type LookedUp = (Vec<Handed>, Vec<(OpenRun, Outcome)>);

/// A request on its way, and its answer once the store has made it.
pub(crate) enum Call {
    Claim(
        Box<ClaimRequest>,
        Option<(ClaimReply, Vec<OpenRun>, Vec<StoredJob>)>,
    ),
    Due(Read, Option<DueJobs>),
    Adopt(Vec<OpenRun>, Option<LookedUp>),
    Changes(Changes),
}

pub(crate) struct World {
    pub(crate) store: MemoryStore,
    pub(crate) machine: Machine<Plain>,
    pub(crate) timer: Timer,
    pub(crate) calls: Vec<Call>,
    pub(crate) bodies: Vec<Body>,
    /// The ends of attempts that were never begun.
    ends: Vec<AttemptEnd>,
    pub(crate) lease: Lease,
    pub(crate) rival: Option<Lease>,
    /// The runs of the other node that are under way.
    pub(crate) rival_runs: Vec<RunId>,
    /// The fire times that had passed when their job was added, by incarnation.
    pub(crate) past: BTreeSet<(u64, DateTime<Utc>)>,
    /// True if runs that succeed are reported one by one.
    pub(crate) is_heard: Rc<Cell<bool>>,
    /// True if the store names only the heads of jobs that are due.
    pub(crate) names_heads: bool,
    /// The most jobs that one reading names.
    pub(crate) window_room: usize,
    /// True if the store takes only a part of the next request.
    pub(crate) is_full: bool,
    pub(crate) is_certain: Rc<Cell<bool>>,
    pub(crate) has_executor: Rc<Cell<bool>>,
    /// The time at which the store last heard of this node.
    heard: i64,
    edits_seen: u64,
    next_ticket: u64,
    /// The answers to requests for runs by hand.
    pub(crate) answers: BTreeMap<u64, Result<RunId, Refusal>>,
    /// The number of times that each run was reported as over.
    pub(crate) told: BTreeMap<RunId, u32>,
    pub(crate) seen: Seen,
    /// True if a shutdown has begun.
    pub(crate) is_stopping: bool,
    /// True if a shutdown has begun or the store was removed.
    pub(crate) is_ending: bool,
    /// The time that had passed when the clock was last set.
    pub(crate) last_set: i64,
    /// The latest time that the wall clock has shown.
    pub(crate) latest: i64,
    /// True if ends may not be recorded, so that runs stay open in the store.
    pub(crate) has_lost_rows: bool,
    /// True if the store was removed and has recorded all ends.
    pub(crate) is_gone: bool,
}

/// Returns the answer of a store. The memory store does not wait.
pub(crate) fn now<T>(answer: StoreFuture<'_, T>) -> Result<T, Error> {
    answer.now_or_never().expect("the memory store answers")
}

/// Leaves only the head of a job, as a store does with large ones.
fn behead(due: &mut DueJob) {
    let head = (*due.stored.job).clone().with_args_json("null").unwrap();
    due.stored.job = head.into();
    due.is_head = true;
}

pub(crate) fn instant(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap()
}

pub(crate) fn info(name: &str) -> NodeInfo {
    NodeInfo::new(name.into()).tasks(vec![TASK.into()])
}

impl World {
    pub(crate) fn new() -> Self {
        let store = MemoryStore::new();
        let (is_certain, has_executor) = (Rc::new(Cell::new(true)), Rc::new(Cell::new(true)));
        let is_heard = Rc::new(Cell::new(true));
        let node = Plain {
            store: store.clone(),
            is_certain: Rc::clone(&is_certain),
            has_executor: Rc::clone(&has_executor),
            is_heard: Rc::clone(&is_heard),
            limits: Rc::default(),
        };
        let mut machine = Machine::new(node, BEGIN, false);
        machine.add_store(STORE, "default".into());
        let lease = now(store.register(info("one"))).unwrap();
        let mut world = Self {
            store,
            machine,
            timer: Timer::of(BEGIN),
            calls: Vec::new(),
            bodies: Vec::new(),
            ends: Vec::new(),
            lease: lease.clone(),
            rival: None,
            rival_runs: Vec::new(),
            past: BTreeSet::new(),
            is_heard,
            names_heads: false,
            window_room: usize::MAX,
            is_full: false,
            is_certain,
            has_executor,
            heard: 0,
            edits_seen: 0,
            next_ticket: 0,
            answers: BTreeMap::new(),
            told: BTreeMap::new(),
            seen: Seen::default(),
            is_stopping: false,
            is_ending: false,
            last_set: i64::MIN,
            latest: BEGIN,
            has_lost_rows: false,
            is_gone: false,
        };
        world.reply(Reply::Leased(lease));
        world
    }

    pub(crate) fn time(&self) -> DateTime<Utc> {
        instant(self.timer.now())
    }

    /// Hands something to the machine, and carries out its effects.
    pub(crate) fn tell<T>(&mut self, what: impl FnOnce(&mut Machine<Plain>) -> T) -> T {
        let heard = self.timer.passed() - self.heard < DEAD_AFTER;
        self.is_certain.set(heard);
        self.machine.set_time(self.timer.now());
        let answer = what(&mut self.machine);
        loop {
            self.machine.end_turn();
            self.carry_out();
            if self.ends.is_empty() {
                return answer;
            }
            for end in std::mem::take(&mut self.ends) {
                self.machine.attempt_ended(end);
            }
        }
    }

    pub(crate) fn reply(&mut self, reply: Reply) {
        self.tell(|machine| machine.replied(STORE, reply));
    }

    fn carry_out(&mut self) {
        while let Some(effect) = self.machine.next_effect() {
            match effect {
                Effect::Claim { request, .. } => {
                    let is_there = |call: &Call| matches!(call, Call::Claim(..));
                    assert!(!self.calls.iter().any(is_there), "one claim at a time");
                    self.check_claim(&request);
                    self.calls.push(Call::Claim(request, None));
                }
                Effect::Read { read, .. } => self.read(read),
                Effect::ArmAt { at, order, alarm } => self.timer.at(at, order, alarm),
                Effect::DisarmAt { at, alarm } => self.timer.cancel_at(at, alarm),
                Effect::ArmAfter { span, alarm } => {
                    self.timer
                        .after(span.as_micros().try_into().unwrap(), alarm);
                }
                Effect::Gone { .. } => self.is_gone = true,
                Effect::Begin { run, latest } => {
                    assert!(
                        !self.bodies.iter().any(|body| body.key == run),
                        "one attempt at a time"
                    );
                    self.bodies.push(Body::new(run, latest));
                    self.check_begin(run);
                    self.see_begin(run);
                }
                Effect::Stop(run) => self.stop(run),
                Effect::Abort(run) => self.abort(run),
                Effect::Over { key, .. } => {
                    self.timer.disarm(key);
                    self.bodies.retain(|body| body.key != key);
                }
                Effect::StageLasts(span) => {
                    let span = span.as_micros().try_into().unwrap();
                    self.timer.after(span, Alarm::Shutdown);
                }
                Effect::StageEndsWithin(span) => {
                    let span = span.as_micros().try_into().unwrap();
                    self.timer.within(span, Alarm::Shutdown);
                }
                Effect::Answer { ticket, answer } => {
                    assert!(
                        self.answers.insert(ticket, answer).is_none(),
                        "one answer each"
                    );
                }
                Effect::Count(counted) => self.count(counted),
                Effect::Tell(tell) => self.hear(*tell),
            }
        }
    }

    /// Tells a body to end. One that has not begun is over.
    fn stop(&mut self, run: punctual_machine::ActiveKey) {
        let at = self.bodies.iter().position(|body| body.key == run);
        let at = at.expect("it has an attempt");
        self.check_stop(&self.bodies[at]);
        self.bodies[at].told = Some(self.timer.passed());
        if self.bodies[at].began.is_none() {
            let body = self.bodies.remove(at);
            self.see_unbegun(&body);
            self.ends.push(AttemptEnd {
                key: body.key,
                started: None,
                finished: self.timer.now(),
                finish: None,
            });
        }
    }

    fn abort(&mut self, run: punctual_machine::ActiveKey) {
        let passed = self.timer.passed();
        let is_stopping = self.is_stopping;
        let body = self.bodies.iter_mut().find(|body| body.key == run);
        let body = body.expect("it has an attempt");
        let told = body.told.expect("it was told to end before");
        assert!(
            is_stopping || passed - told >= GRACE,
            "it has its grace time"
        );
        body.is_aborted = true;
    }

    fn read(&mut self, read: Read) {
        let same = self.calls.iter().any(|call| match (call, &read) {
            (Call::Due(own, _), read) => {
                std::mem::discriminant(own) == std::mem::discriminant(read)
            }
            (Call::Adopt(..), Read::Adopt(_)) => true,
            _ => false,
        });
        assert!(!same, "one reading of a kind at a time: {read:?}");
        self.calls.push(match read {
            Read::Adopt(runs) => Call::Adopt(runs, None),
            read => Call::Due(read, None),
        });
    }

    /// Lets time pass, and reports the due alarms.
    pub(crate) fn pass(&mut self, span: i64) {
        self.timer.pass(span);
        self.latest = self.latest.max(self.timer.now());
        self.ring();
    }

    pub(crate) fn ring(&mut self) {
        for alarm in self.timer.take_due() {
            let Alarm::Timeout(attempt) = alarm else {
                self.tell(|machine| machine.alarm(alarm));
                continue;
            };
            let body = self.bodies.iter_mut().find(|body| body.key == attempt.run);
            let began = body.and_then(|body| {
                body.is_awaited = body.began.is_none();
                body.began
            });
            self.tell(|machine| machine.timed_out(attempt, began));
        }
    }

    pub(crate) fn set_clock(&mut self, by: i64) {
        self.timer.set_by(by);
        self.last_set = self.timer.passed();
        self.latest = self.latest.max(self.timer.now());
        self.tell(|machine| machine.clock_was_set(by));
        self.ring();
    }

    /// Lets the store make its answer, which is on its way back from now on.
    pub(crate) fn serve(&mut self, at: usize) {
        let mut call = self.calls.swap_remove(at);
        match &mut call {
            Call::Claim(request, reply @ None) => *reply = self.serve_claim(request),
            Call::Due(Read::Due(request) | Read::Left(request), reply @ None) => {
                let mut request = request.clone();
                request.limit = request.limit.min(self.window_room);
                let mut due = now(self.store.due(request)).unwrap();
                if self.names_heads {
                    due.jobs.iter_mut().for_each(behead);
                }
                *reply = Some(due);
            }
            Call::Adopt(runs, reply @ None) => *reply = Some(self.look_up(runs)),
            _ => {}
        }
        self.calls.push(call);
    }

    /// Answers a claim as the store worker does.
    fn serve_claim(
        &mut self,
        request: &mut ClaimRequest,
    ) -> Option<(ClaimReply, Vec<OpenRun>, Vec<StoredJob>)> {
        if request.lease != self.lease {
            request.ends.clear();
            request.lease = self.lease.clone();
        }
        let again = request
            .is_repeated
            .then(|| repeated::again(request, self.time()));
        let asked = again.as_ref().unwrap_or(request);
        let part = self.part_of(asked);
        let mut reply = match now(self.store.claim(part.as_ref().unwrap_or(asked))) {
            Ok(reply) => {
                self.heard = self.timer.passed();
                reply
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Fenced, "{error}");
                self.register();
                return None;
            }
        };
        if part.is_some() {
            reply.answers = vec![ClaimAnswer::NotTried; request.claims.len()];
        }
        if !request.is_repeated {
            return Some((reply, Vec::new(), Vec::new()));
        }
        if let Some(rest) = repeated::untried(asked, &reply) {
            let tried = now(self.store.claim(&rest)).unwrap();
            assert!(repeated::add(&mut reply, &rest, tried), "the store gets on");
        }
        let own = self.open_runs();
        let mut moved_on = repeated::find_won(request, &mut reply, &own);
        for (claim, answer) in request.claims.iter().zip(&mut reply.answers) {
            if let Some(filter) = repeated::queued_by_hand(claim, answer) {
                let runs = now(self.store.runs(filter)).unwrap();
                moved_on.extend(repeated::found_queued(claim, answer, &runs));
            }
        }
        Some((reply, own, moved_on))
    }

    /// Returns the part of a request that a store takes whose transaction is full, which is its
    /// first end, and hands out what waits for that.
    fn part_of(&mut self, request: &ClaimRequest) -> Option<ClaimRequest> {
        let is_full = std::mem::take(&mut self.is_full) && request.ends.len() > 1;
        is_full.then(|| {
            request
                .clone()
                .ends(request.ends[..1].to_vec())
                .claims(Vec::new())
        })
    }

    pub(crate) fn open_runs(&self) -> Vec<OpenRun> {
        let request = OpenRequest::new(self.lease.clone(), 10_000);
        now(self.store.open_runs(request)).unwrap()
    }

    /// Answers a read as the store worker does.
    fn look_up(&self, runs: &[OpenRun]) -> LookedUp {
        let (mut handed, mut over) = (Vec::new(), Vec::new());
        for instance in repeated::instances(runs) {
            let runs = instance.to_vec();
            let job = now(self.store.get(runs[0].job.clone())).unwrap();
            match job.filter(|job| job.state.birth == runs[0].birth) {
                Some(job) => handed.push(Handed::new(job, runs)),
                None => over.extend(
                    runs.into_iter()
                        .map(|run| (run, Outcome::Cancelled(CancelReason::User))),
                ),
            }
        }
        (handed, over)
    }

    /// Delivers the answer to the machine.
    pub(crate) fn deliver(&mut self, at: usize) {
        self.serve(at);
        let last = self.calls.len() - 1;
        match self.calls.swap_remove(last) {
            Call::Claim(request, Some((reply, own, moved_on))) => {
                self.reply(Reply::Claimed(request, reply, own));
                if !moved_on.is_empty() {
                    self.reply(Reply::Changed(ChangedJobs::These(moved_on)));
                }
            }
            Call::Due(Read::Due(_), Some(due)) => self.reply(Reply::Due(due)),
            Call::Due(Read::Left(_), Some(left)) => self.reply(Reply::Left(left)),
            Call::Adopt(_, Some((handed, over))) => self.reply(Reply::Adopted(handed, over)),
            Call::Changes(changes) => self.hear_of(changes),
            // The call is made again.
            unanswered => self.calls.push(unanswered),
        }
    }

    /// Lets the store make the change and loses the answer, so that the request is sent again.
    pub(crate) fn lose(&mut self, at: usize) {
        if let Call::Claim(..) = self.calls[at] {
            self.serve(at);
            if let Some(Call::Claim(request, reply)) = self.calls.last_mut()
                && reply.take().is_some()
            {
                request.is_repeated = true;
                self.seen.has_lost = true;
            }
        }
    }

    /// Asks for edits. The answer is on its way from now on.
    pub(crate) fn watch(&mut self) {
        let is_watching = |call: &Call| matches!(call, Call::Changes(_));
        if self.calls.iter().any(is_watching) {
            return;
        }
        if let Some(changes) = self.store.changes(self.edits_seen).now_or_never() {
            self.calls.push(Call::Changes(changes.unwrap()));
        }
    }

    fn hear_of(&mut self, changes: Changes) {
        self.edits_seen = changes.counter;
        if !changes.cancels.is_empty() {
            self.reply(Reply::Cancel(changes.cancels));
        }
        self.reply(Reply::Changed(changes.jobs));
    }

    pub(crate) fn renew(&mut self) {
        let request =
            RenewRequest::new(self.lease.clone(), self.time()).tasks(Some([TASK.into()].into()));
        match now(self.store.renew(request)) {
            Ok(renewal) => {
                self.heard = self.timer.passed();
                self.reply(Reply::Cancel(renewal.cancels));
                self.reply(Reply::Waiting(renewal.waiting));
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Fenced, "{error}");
                self.register();
            }
        }
    }

    fn register(&mut self) {
        self.lease = now(self.store.register(info("one"))).unwrap();
        self.heard = self.timer.passed();
        self.reply(Reply::Leased(self.lease.clone()));
    }

    /// Loses the rows of the store. The store worker reports that when a claim fails by it.
    pub(crate) fn lose_rows(&mut self) {
        if self
            .calls
            .iter()
            .any(|call| matches!(call, Call::Claim(..)))
        {
            self.has_lost_rows = true;
            self.reply(Reply::Gone);
        }
    }

    pub(crate) fn begin_body(&mut self, at: usize) {
        let now = self.timer.now();
        let body = &mut self.bodies[at];
        let is_late = body.latest.is_some_and(|latest| latest < now);
        if body.began.is_some() || is_late {
            return;
        }
        body.began = Some(now);
        body.began_after = self.timer.passed();
        if body.is_awaited {
            let key = body.key;
            self.tell(|machine| machine.attempt_begun(key));
        }
    }

    pub(crate) fn end_body(&mut self, at: usize, how: How) {
        let body = self.bodies.swap_remove(at);
        self.see_end(&body, how);
        let end = body.end(how, self.timer.now());
        self.tell(|machine| machine.attempt_ended(end));
    }

    pub(crate) fn run_by_hand(&mut self, job: StoredJob) {
        self.run_otherwise(job, RunOverrides::none());
    }

    /// Asks for a run by hand that differs from its job.
    pub(crate) fn run_otherwise(&mut self, job: StoredJob, overrides: RunOverrides) {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.seen.asked.insert(ticket, overrides.args.clone());
        self.tell(|machine| machine.run_job(STORE, job, overrides, ticket));
    }

    pub(crate) fn tickets(&self) -> u64 {
        self.next_ticket
    }
}
