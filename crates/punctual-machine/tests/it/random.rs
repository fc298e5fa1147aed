//! Random events in any order. Answers come late, are lost or overtake each other. Jobs are edited,
//! other nodes come and go, clocks are set, and bodies end in any way.

use std::fmt::Debug;
use std::str::FromStr;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::body::How;
use crate::world::{SECOND, World};

/// A random event.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// Time passes, in tenths of a second.
    Pass(u8),
    /// Time passes until the next alarm.
    PassToAlarm,
    /// The store makes the answer to a call.
    Serve(u8),
    /// The answer arrives.
    Deliver(u8),
    /// The answer is lost.
    Lose(u8),
    /// The node asks for edits.
    Watch,
    Renew,
    BodyBegins(u8),
    BodyEnds(u8, How),
    Add(u8, u8),
    Remove(u8),
    PauseJob(u8, bool),
    Reschedule(u8, u8),
    EditPolicies(u8, u8),
    RunByHand(u8, u8),
    Cancel(u8),
    Pause,
    Resume,
    LookAgain,
    /// The executor goes or comes.
    Executor(bool),
    /// The clock is set, by this number of seconds.
    SetClock(i8),
    /// Another node comes or goes.
    Meet,
    Part,
    RivalClaims(u8),
    RivalEnds,
    RivalDies,
    /// The other node takes this one for dead.
    Fence,
    /// The store has lost the place of its rows, and the call that found out is not answered yet.
    Gone,
    /// The store takes only a part of the next request.
    Full,
    /// Everything arrives, and the invariants are checked.
    Settle,
}

fn how() -> impl Strategy<Value = How> {
    prop_oneof![
        4 => Just(How::Succeeds),
        2 => Just(How::Fails),
        1 => Just(How::Panics),
        1 => Just(How::Vanishes),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let number = any::<u8>();
    prop_oneof![
        8 => (1..=100_u8).prop_map(Event::Pass),
        8 => Just(Event::PassToAlarm),
        5 => number.prop_map(Event::Serve),
        16 => number.prop_map(Event::Deliver),
        2 => number.prop_map(Event::Lose),
        4 => Just(Event::Watch),
        2 => Just(Event::Renew),
        6 => number.prop_map(Event::BodyBegins),
        8 => (any::<u8>(), how()).prop_map(|(at, how)| Event::BodyEnds(at, how)),
        6 => (any::<u8>(), any::<u8>()).prop_map(|(id, kind)| Event::Add(id, kind)),
        1 => number.prop_map(Event::Remove),
        2 => (any::<u8>(), any::<bool>()).prop_map(|(at, is)| Event::PauseJob(at, is)),
        1 => (any::<u8>(), any::<u8>()).prop_map(|(at, kind)| Event::Reschedule(at, kind)),
        1 => (any::<u8>(), any::<u8>()).prop_map(|(at, kind)| Event::EditPolicies(at, kind)),
        2 => (any::<u8>(), any::<u8>()).prop_map(|(at, kind)| Event::RunByHand(at, kind)),
        1 => number.prop_map(Event::Cancel),
        1 => Just(Event::Pause),
        2 => Just(Event::Resume),
        1 => Just(Event::LookAgain),
        1 => any::<bool>().prop_map(Event::Executor),
        1 => any::<i8>().prop_map(Event::SetClock),
        1 => Just(Event::Meet),
        1 => Just(Event::Part),
        2 => (1..4_u8).prop_map(Event::RivalClaims),
        2 => Just(Event::RivalEnds),
        1 => Just(Event::RivalDies),
        1 => Just(Event::Fence),
        1 => Just(Event::Gone),
        1 => Just(Event::Full),
        2 => Just(Event::Settle),
    ]
}

fn one_of(at: u8, count: usize) -> Option<usize> {
    (count > 0).then(|| usize::from(at) % count)
}

impl World {
    fn happen(&mut self, event: Event) {
        match event {
            Event::Pass(tenths) => self.pass(i64::from(tenths) * SECOND / 10),
            Event::PassToAlarm => {
                let next = self.timer.next().unwrap_or(SECOND);
                self.pass(next.clamp(0, 120 * SECOND));
            }
            Event::Serve(at) => self.with_call(at, Self::serve),
            Event::Deliver(at) => self.with_call(at, Self::deliver),
            Event::Lose(at) => self.with_call(at, Self::lose),
            Event::Watch => self.watch(),
            Event::Renew => self.renew(),
            Event::BodyBegins(at) => {
                if let Some(at) = one_of(at, self.bodies.len()) {
                    self.begin_body(at);
                }
            }
            Event::BodyEnds(at, how) => {
                if let Some(at) = one_of(at, self.bodies.len()) {
                    self.end_body(at, how);
                }
            }
            Event::Add(id, kind) => self.add(id, kind),
            Event::Remove(at) => self.remove(at),
            Event::PauseJob(at, is_paused) => self.pause_job(at, is_paused),
            Event::Reschedule(at, kind) => self.reschedule(at, kind),
            Event::EditPolicies(at, kind) => self.edit_policies(at, kind),
            Event::RunByHand(at, kind) => self.ask_for_run(at, kind),
            Event::Cancel(at) => self.cancel_one(at),
            Event::Pause => self.tell(|machine| machine.pause()),
            Event::Resume => self.tell(|machine| machine.resume()),
            Event::LookAgain => self.tell(|machine| machine.look_again()),
            Event::Executor(is_there) => self.set_executor(is_there),
            Event::SetClock(by) => self.set_clock(i64::from(by) * SECOND),
            Event::Meet => self.meet(),
            Event::Part => self.part(),
            Event::RivalClaims(count) => self.rival_claims(count),
            Event::RivalEnds => self.rival_ends(),
            Event::RivalDies => self.rival_dies(),
            Event::Fence => self.fence(),
            Event::Gone => self.lose_rows(),
            Event::Full => self.is_full = true,
            Event::Settle => self.settle(),
        }
    }

    fn with_call(&mut self, at: u8, what: impl FnOnce(&mut Self, usize)) {
        if let Some(at) = one_of(at, self.calls.len()) {
            what(self, at);
        }
    }

    fn set_executor(&mut self, is_there: bool) {
        self.has_executor.set(is_there);
        self.tell(|machine| {
            if is_there {
                machine.look_again();
            } else {
                machine.park("default");
            }
        });
    }
}

/// The end of a story.
#[derive(Debug, Clone, Copy)]
enum End {
    /// Everything arrives, the invariants are checked, and the scheduler shuts down.
    SettlesAndShutsDown,
    ShutsDown,
    /// The scheduler shuts down, and other things happen meanwhile.
    ShutsDownSlowly,
    /// The store is removed.
    LeavesStore,
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        2 => Just(End::SettlesAndShutsDown),
        1 => Just(End::ShutsDown),
        2 => Just(End::ShutsDownSlowly),
        1 => Just(End::LeavesStore),
    ]
}

/// Runs `stories` stories of up to `events` events. A failing story is shrunk and printed.
fn try_out(stories: u32, events: usize, seed: u8) {
    let default = Config::default();
    let config = Config {
        cases: stories,
        failure_persistence: None,
        // `PROPTEST_MAX_SHRINK_ITERS=0` prints the story as it failed.
        max_shrink_iters: default.max_shrink_iters.min(200_000),
        ..default
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let story = proptest::collection::vec(event(), 1..=events);
    let last = proptest::collection::vec(event(), 1..=20);
    let kind = (any::<bool>(), any::<bool>(), any::<bool>());
    let result = runner.run(&(story, last, end(), kind), |(story, last, end, kind)| {
        let mut world = World::new();
        world.is_heard.set(kind.0);
        world.names_heads = kind.1;
        world.window_room = if kind.2 { 2 } else { usize::MAX };
        for event in story {
            world.happen(event);
        }
        match end {
            End::SettlesAndShutsDown => {
                world.settle();
                world.shut_down();
            }
            End::ShutsDown => world.shut_down(),
            End::ShutsDownSlowly => {
                world.begin_shutdown();
                for event in last {
                    // A machine that is over hears of nothing more.
                    if !world.machine.is_over() && !matches!(event, Event::Settle) {
                        world.happen(event);
                    }
                }
                world.end_shutdown();
            }
            End::LeavesStore => world.leave(),
        }
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

/// Returns a number that the environment sets.
#[expect(
    clippy::disallowed_methods,
    reason = "the machine reads no environment, and its tests may"
)]
fn set<T: FromStr<Err: Debug>>(name: &str) -> Option<T> {
    let set = std::env::var(name).ok();
    set.map(|set| set.parse().unwrap())
}

/// `PUNCTUAL_STORIES` sets the number of stories, and `PUNCTUAL_SEED` the seed.
#[test]
fn the_invariants_of_the_machine_hold_over_random_events() {
    let stories = set("PUNCTUAL_STORIES").unwrap_or(300);
    try_out(stories, 200, set("PUNCTUAL_SEED").unwrap_or(1));
}

/// The long form, with twelve million events of each of four seeds. `PUNCTUAL_SEED` sets the first
/// of them.
#[test]
#[ignore = "long: with --release, half a minute a seed"]
fn the_invariants_of_the_machine_hold_over_millions_of_events() {
    let first: u8 = set("PUNCTUAL_SEED").unwrap_or(10);
    for seed in (0..4).map(|next| first.wrapping_add(next)) {
        println!("seed {seed}");
        try_out(100_000, 250, seed);
    }
}
