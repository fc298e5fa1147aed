//! Two threads that start together.

use std::hint;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use crate::JobStore;

/// A call that is to be driven to its end.
pub type RaceCall<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// The number of looks at the other thread after which a thread yields its core.
const LOOKS: u32 = 2_000;
/// The number of steps by which one thread may start later, and the length of a step.
const STEPS: u32 = 32;
const STEP: u32 = 40;

/// Two instances of one store.
#[derive(Clone, Copy)]
pub(super) struct Arena<'a> {
    pub(super) one: &'a dyn JobStore,
    pub(super) two: &'a dyn JobStore,
    pub(super) drive: &'a (dyn Fn(RaceCall<'_>) + Sync),
    pub(super) round: u32,
}

impl Arena<'_> {
    /// Returns a name that only this round uses.
    pub(super) fn name(&self, of: &str) -> String {
        format!("{of} {}", self.round)
    }

    /// Makes two calls at the same time. One of them starts a little later, which varies with the
    /// round.
    pub(super) fn together<A: Send, B: Send>(
        &self,
        left: impl Future<Output = A> + Send,
        right: impl Future<Output = B> + Send,
    ) -> (A, B) {
        let arrived = AtomicU32::new(0);
        let delay = (self.round / 2) % STEPS * STEP;
        let (before, after) = if self.round.is_multiple_of(2) {
            (delay, 0)
        } else {
            (0, delay)
        };
        thread::scope(|scope| {
            let left = scope.spawn(|| self.run(&arrived, before, left));
            let right = scope.spawn(|| self.run(&arrived, after, right));
            let left = left.join().expect("calls of a store do not panic");
            (left, right.join().expect("calls of a store do not panic"))
        })
    }

    fn run<T: Send>(
        &self,
        arrived: &AtomicU32,
        delay: u32,
        call: impl Future<Output = T> + Send,
    ) -> T {
        let mut answer = None;
        (self.drive)(Box::pin(async {
            meet(arrived);
            (0..delay).for_each(|_| hint::spin_loop());
            answer = Some(call.await);
        }));
        answer.expect("a call is driven to its end")
    }
}

/// Waits until both threads have arrived.
fn meet(arrived: &AtomicU32) {
    arrived.fetch_add(1, Ordering::SeqCst);
    let mut looks = 0;
    while arrived.load(Ordering::SeqCst) < 2 {
        looks += 1;
        if looks < LOOKS {
            hint::spin_loop();
        } else {
            thread::yield_now();
        }
    }
}
