//! Time that goes from alarm to alarm, and waits at each for what goes on in real time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use punctual_store::lock::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::TestClock;
use crate::time::clock::{TimeSource as _, instant};
use crate::time::desk::{Desk, Question, Unfinished};

/// The longest time that a scheduler may take to name what is not over. It does nothing else for
/// the answer.
const ANSWER: Duration = Duration::from_secs(5);

/// The number of things that are not over and are named. The others are counted.
const NAMED: usize = 20;

/// The schedulers that go by a clock which is moved step by step.
#[derive(Debug, Default)]
pub(super) struct Steps {
    desks: Mutex<Vec<Weak<Desk>>>,
    told: Arc<Notify>,
    asked: AtomicU64,
}

impl Steps {
    /// Takes in a scheduler, which is woken by `alarm`.
    pub(super) fn enter(&self, alarm: &Arc<Notify>) -> Arc<Desk> {
        let mut desks = self.desks.lock();
        desks.retain(|desk| desk.strong_count() > 0);
        let number = self.asked.load(Ordering::SeqCst);
        let desk = Arc::new(Desk::new(number, alarm, &self.told));
        desks.push(Arc::downgrade(&desk));
        desk
    }

    fn desks(&self) -> Vec<Arc<Desk>> {
        let desks = self.desks.lock();
        desks.iter().filter_map(Weak::upgrade).collect()
    }

    /// Asks all schedulers. Returns the number of the question.
    fn ask(&self, question: Question) -> u64 {
        let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let desks = self.desks();
        desks.iter().for_each(|desk| desk.ask(number, question));
        number
    }

    fn have_answered(&self, number: u64) -> bool {
        let has_answered = |desk: &Arc<Desk>| desk.look(|standing| standing.asked >= number);
        self.desks().iter().all(has_answered)
    }

    fn are_quiet(&self, number: u64) -> bool {
        let is_quiet =
            |desk: &Arc<Desk>| desk.look(|standing| standing.asked >= number && standing.is_quiet);
        self.desks().iter().all(is_quiet)
    }

    fn progress(&self) -> u64 {
        let desks = self.desks();
        desks.iter().map(|desk| desk.look(|own| own.progress)).sum()
    }

    /// Returns the time at which the first scheduler wants to be woken.
    fn next(&self) -> Option<i64> {
        let desks = self.desks();
        desks
            .iter()
            .filter_map(|desk| desk.look(|own| own.next))
            .min()
    }

    fn unfinished(&self) -> Vec<Unfinished> {
        let desks = self.desks();
        desks.iter().flat_map(|desk| desk.unfinished()).collect()
    }
}

impl TestClock {
    /// Stops at every alarm on the way, and waits at each until all schedulers are quiet.
    pub(super) async fn step_until(&self, steps: &Steps, until: i64) {
        let mut read = None;
        self.settle(steps, &mut read).await;
        while let Some(next) = steps.next().filter(|next| *next <= until) {
            self.stand_at(next.max(self.micros()));
            self.settle(steps, &mut read).await;
        }
        if self.micros() < until {
            self.stand_at(until);
            self.settle(steps, &mut read).await;
        }
    }

    /// Waits until all schedulers are quiet and know every edit. `read` is the progress of all when
    /// the stores were last read. Progress since then may have edited jobs.
    pub(super) async fn settle(&self, steps: &Steps, read: &mut Option<u64>) {
        self.wait_until_quiet(steps, Question::IsQuiet).await;
        while *read != Some(steps.progress()) {
            let question = match read.replace(steps.progress()) {
                None => Question::IsQuietToAll,
                Some(_) => Question::IsQuietToEdits,
            };
            self.wait_until_quiet(steps, question).await;
        }
    }

    /// Waits until all schedulers are quiet. Patience has two halves. It ends with a half in which
    /// nothing happened after another such half. A process that stands still for long finds only
    /// the first of them over when it goes on.
    async fn wait_until_quiet(&self, steps: &Steps, question: Question) {
        let half = self.patience / 2;
        let mut number = steps.ask(question);
        let (mut since, mut progress, mut silent) = (Instant::now(), steps.progress(), false);
        while !steps.are_quiet(number) {
            let left = half.saturating_sub(since.elapsed());
            let is_told = timeout(left, steps.told.notified()).await.is_ok();
            if steps.progress() != progress {
                (since, progress, silent) = (Instant::now(), steps.progress(), false);
            } else if !is_told && !steps.are_quiet(number) {
                if silent {
                    number = self.give_up_waiting(steps).await;
                }
                (since, silent) = (Instant::now(), !silent);
            }
        }
    }

    /// Gives up waiting, since nothing has ended for too long. Runs that hang until the scheduler's
    /// clock ends them are not waited for any more.
    async fn give_up_waiting(&self, steps: &Steps) -> u64 {
        let number = steps.ask(Question::WhatLasts);
        let all_answer = async {
            while !steps.have_answered(number) {
                steps.told.notified().await;
            }
        };
        let after = self.patience;
        let now = instant(self.micros());
        assert!(
            timeout(ANSWER, all_answer).await.is_ok(),
            "a scheduler has not answered its test clock, which shows {now}, for {after:?} of real time: \
             something blocks the thread that its task is on; let what blocks be a plain function, or use \
             `spawn_blocking`"
        );
        let unfinished = steps.unfinished();
        assert!(
            unfinished.iter().all(|one| one.ends_by_clock),
            "the clock shows {now}, and nothing has ended for {after:?} of real time. This is not over:\n{}\n\
             Time goes on when all that began has ended. A run whose job has a timeout is ended by that. What \
             only takes long needs more `patience`. A run cannot wait for a later fire time, or move the clock",
            listed(&unfinished)
        );
        number
    }
}

fn listed(unfinished: &[Unfinished]) -> String {
    let named = unfinished.iter().take(NAMED);
    let mut lines: Vec<_> = named.map(|one| format!("    {}", one.what)).collect();
    if unfinished.len() > NAMED {
        lines.push(format!("    and {} more", unfinished.len() - NAMED));
    }
    lines.join("\n")
}
