//! Checks that the machine holds what it needs and nothing else. Only tests call this.
//!
//! The check also reports what may be wrong for a moment while a read is on its way. A test
//! therefore checks twice, or when nothing is on its way.
//!
//! The tasks and executors of parked jobs are not checked. Their names are kept so that the log
//! reports each of them once. A program and its store have few of them.

mod alarms;
mod attempts;
mod jobs;
mod outbox;
mod reads;
mod waits;

use std::collections::BTreeMap;

use std::collections::BTreeSet;

use crate::alarm::Alarm;
use crate::entry::Phase;
use crate::key::JobKey;
use crate::machine::Machine;
use crate::node::Node;
use crate::store::StoreState;

/// The alarms that are armed.
pub trait Armed {
    /// Returns the alarms that wait for a wall time, in microseconds.
    fn wall(&self) -> Vec<(i64, Alarm)>;

    /// Returns the alarms that wait for time to pass, each with its wall time in microseconds if
    /// the clock goes on as now.
    fn elapsed(&self) -> Vec<(i64, Alarm)>;
}

/// The content of a machine.
#[derive(Debug)]
pub struct Held {
    /// The faults. They are certain unless something is on its way.
    pub wrong: Vec<String>,
    /// The facts that a test can compare only with the rows of a store.
    pub stores: Vec<HeldOfStore>,
}

/// The facts about one store. Jobs are named by their incarnations.
#[derive(Debug)]
pub struct HeldOfStore {
    /// The alias of the store.
    pub alias: String,
    /// The jobs that are due soon or were just claimed.
    pub sees_to: BTreeSet<u64>,
    /// All jobs that are known.
    pub known: BTreeSet<u64>,
    /// The jobs that this node cannot run.
    pub parked: BTreeSet<u64>,
    /// The births of jobs with waiting runs, each with the time at which the node asks for them, in
    /// microseconds.
    pub waits: BTreeMap<u64, Option<i64>>,
    /// The earliest next fire time that is not known, in microseconds.
    pub beyond: Option<i64>,
    /// True if the store was asked for due jobs.
    pub is_reading: bool,
    /// True if no other node shares the store.
    pub is_alone: bool,
}

/// The armed alarms, for lookups.
pub(crate) struct Alarms {
    wall: BTreeMap<(i64, Alarm), usize>,
    elapsed: BTreeMap<Alarm, Vec<i64>>,
}

impl Alarms {
    fn of(armed: &impl Armed) -> Self {
        let (mut wall, mut elapsed) = (BTreeMap::new(), BTreeMap::<_, Vec<_>>::new());
        for one in armed.wall() {
            *wall.entry(one).or_default() += 1;
        }
        for (at, alarm) in armed.elapsed() {
            elapsed.entry(alarm).or_default().push(at);
        }
        Self { wall, elapsed }
    }

    /// Returns true if the alarm of a job that is due soon is armed.
    fn is_armed(&self, at: i64, alarm: Alarm) -> bool {
        self.wall.contains_key(&(at, alarm))
    }
}

/// The faults that were found.
type Wrong = Vec<String>;

/// The counts of runs under way of one job, by its incarnation.
#[derive(Debug, Default, Clone, Copy)]
struct UnderWay {
    instances: u32,
}

impl<N: Node> Machine<N> {
    /// Returns the content and its faults.
    ///
    /// `latest` is the latest time that the clock has ever shown, in microseconds. Alarms from
    /// before the clock was set back are further ahead than other alarms.
    pub fn held(&self, latest: i64, armed: &impl Armed) -> Held {
        let alarms = Alarms::of(armed);
        let mut wrong = Wrong::new();
        self.check_lists(&mut wrong);
        self.check_attempts(&alarms, &mut wrong);
        self.check_alarms(latest, &alarms, &mut wrong);
        for state in self.stores.values() {
            self.check_store(state, &alarms, &mut wrong);
        }
        Held {
            wrong,
            stores: self.stores.values().map(told).collect(),
        }
    }

    /// Returns the driver's own data about the jobs that are known.
    pub fn gates(&self) -> impl Iterator<Item = (JobKey, &N::Gate)> {
        let jobs = self.stores.values().flat_map(|own| own.jobs.iter());
        jobs.map(|(key, entry)| (key, &entry.gate))
    }

    /// Checks that the lists that one step of a turn hands to the next are empty between turns.
    fn check_lists(&self, wrong: &mut Wrong) {
        for (what, count) in [
            ("settled jobs", self.settled.len()),
            ("effects", self.effects.len()),
        ] {
            if count > 0 {
                wrong.push(format!("{count} {what} are left of a turn"));
            }
        }
    }

    fn check_store(&self, state: &StoreState<N>, alarms: &Alarms, wrong: &mut Wrong) {
        let mut own = Wrong::new();
        self.check_jobs(state, alarms, &mut own);
        self.check_outbox(state, &mut own);
        self.check_waits(state, alarms, &mut own);
        self.check_reads(state, alarms, &mut own);
        let alias = &state.alias;
        wrong.extend(own.into_iter().map(|what| format!("store {alias}: {what}")));
    }

    /// Returns the counts of runs under way of a store's jobs.
    fn under_way_of(&self, store: u32) -> BTreeMap<u64, UnderWay> {
        let mut under_way: BTreeMap<u64, UnderWay> = BTreeMap::new();
        for (_, active) in self.active.all().filter(|(_, own)| own.key.store == store) {
            let its = under_way.entry(active.key.incarnation).or_default();
            its.instances += 1;
        }
        under_way
    }
}

/// Returns the facts about a store that a test compares with its rows.
fn told<N: Node>(state: &StoreState<N>) -> HeldOfStore {
    let seen_to = |(key, phase): (JobKey, Phase)| (phase != Phase::Idle).then_some(key.incarnation);
    let waits = state.waits.iter();
    HeldOfStore {
        alias: state.alias.to_string(),
        sees_to: state
            .jobs
            .iter()
            .filter_map(|(key, entry)| seen_to((key, entry.phase)))
            .collect(),
        known: state.jobs.iter().map(|(key, _)| key.incarnation).collect(),
        parked: state.parked.clone(),
        waits: waits
            .map(|(birth, waits)| {
                let asked = (!waits.asked.is_empty()).then_some(i64::MIN);
                (*birth, asked.or(waits.times.first().copied()))
            })
            .collect(),
        beyond: state.window.beyond,
        is_reading: state.window.is_asked,
        is_alone: state.share.is_alone(),
    }
}
