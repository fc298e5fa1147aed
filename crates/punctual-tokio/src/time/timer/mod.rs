//! The timer, which tells what is due. Only this file names tokio-util's `DelayQueue`, because that
//! has traps:
//!
//! - It panics for deadlines more than about 795 days after its last *expiry*. The timer cuts
//!   deadlines to [`HORIZON`], and replaces a queue that has been idle for a long time.
//! - It hands equal and overdue entries out in no useful order. The timer uses it only to learn
//!   *that* something is due. What is due comes out of an ordered map, sorted by time and
//!   registration.
//! - A stale key may hit another entry. The timer keeps no key and never takes an entry out of the
//!   queue. An alarm that is cancelled leaves the ordered map only.
//! - An empty queue answers "finished" immediately. Waiting for a timer without alarms never ends.
//! - It knows monotonic time only. The map of the timer is in wall time, and when the wall clock is
//!   set, all deadlines are made anew.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::time::DelayQueue;

use crate::time::clock::Clock;

/// The furthest deadline ahead. Alarms that are due later are armed again when this time has
/// passed.
const HORIZON: Duration = Duration::from_secs(30 * 86_400);

const MILLISECOND: i64 = 1_000;

/// Something that is due at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Due<A> {
    /// The wall time, in microseconds since 1970.
    pub(crate) at: i64,
    /// The order between equal times. The smaller number comes first.
    pub(crate) order: u64,
    pub(crate) alarm: A,
}

/// Names an alarm that waits for a span of time to pass. No two alarms of a timer have the same
/// key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AlarmKey {
    /// The time at which the alarm is due, in microseconds, had the wall clock never been set.
    at: i64,
    serial: u64,
}

/// The alarms by the millisecond in which they are due, rounded up so that none comes early.
type Buckets<A> = BTreeMap<i64, Vec<Due<A>>>;

pub(crate) struct Timer<A> {
    clock: Clock,
    /// The alarms that are due when the wall clock says so.
    wall: Buckets<A>,
    /// The alarms that are due when a span of time has passed, even if the wall clock is set during
    /// that time.
    elapsed: BTreeMap<AlarmKey, Due<A>>,
    /// The time by which the wall clock was set since the timer was made.
    set_by: i64,
    next_serial: u64,
    queue: DelayQueue<()>,
    /// The earliest bucket for which the queue is armed. Later buckets are armed when it has
    /// passed.
    earliest: Option<i64>,
    /// The time at which the queue wakes for that bucket.
    next: Option<Instant>,
    /// The time at which the queue itself stands, or an earlier one.
    moved: Instant,
    /// True if an alarm was armed for a time that a clock moved by hand has passed already. No
    /// queue tells of such an alarm, and the next move may never come.
    is_overdue: bool,
}

impl<A: Copy + PartialEq> Timer<A> {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            wall: BTreeMap::new(),
            elapsed: BTreeMap::new(),
            set_by: 0,
            next_serial: 0,
            queue: DelayQueue::new(),
            earliest: None,
            next: None,
            moved: Instant::now(),
            is_overdue: false,
        }
    }

    /// Arms an alarm for a wall time.
    pub(crate) fn at(&mut self, at: i64, order: u64, alarm: A) {
        let bucket = bucket_of(at);
        let alarms = self.wall.entry(bucket).or_default();
        alarms.push(Due { at, order, alarm });
        let is_new = alarms.len() == 1;
        if is_new {
            self.wake_at(bucket);
        }
    }

    /// Arms an alarm for when a span of time has passed.
    pub(crate) fn after(&mut self, span: Duration, order: u64, alarm: A) -> AlarmKey {
        let span = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        let at = self.clock.micros().saturating_add(span);
        let key = AlarmKey {
            at: at.saturating_sub(self.set_by),
            serial: self.next_serial,
        };
        self.next_serial += 1;
        self.elapsed.insert(key, Due { at, order, alarm });
        self.wake_at(bucket_of(at));
        key
    }

    /// Removes an alarm, unless it was due already.
    pub(crate) fn cancel(&mut self, key: AlarmKey) {
        self.elapsed.remove(&key);
    }

    /// Removes an alarm for a wall time, unless it was due already.
    pub(crate) fn cancel_at(&mut self, at: i64, alarm: A) {
        let bucket = bucket_of(at);
        let Some(alarms) = self.wall.get_mut(&bucket) else {
            return;
        };
        alarms.retain(|due| due.at != at || due.alarm != alarm);
        if alarms.is_empty() {
            self.wall.remove(&bucket);
        }
    }

    /// Returns the number of alarms that are armed.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        let wall: usize = self.wall.values().map(Vec::len).sum();
        wall + self.elapsed.len()
    }

    /// Waits until something may be due. Waits for ever if nothing is armed.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. If the future is dropped, nothing is lost.
    pub(crate) async fn ready(&mut self) {
        poll_fn(|context| self.poll_ready(context)).await;
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut ready = if std::mem::take(&mut self.is_overdue) {
            Poll::Ready(())
        } else {
            Poll::Pending
        };
        while !self.queue.is_empty() {
            match self.queue.poll_expired(context) {
                Poll::Ready(Some(expired)) => {
                    // The queue's time moves on to the deadline that was due, and not to now.
                    self.moved = expired.deadline();
                    ready = Poll::Ready(());
                }
                Poll::Ready(None) | Poll::Pending => break,
            }
        }
        if ready.is_ready() {
            self.earliest = None;
            self.next = None;
        }
        ready
    }

    /// Removes and collects the alarms that are due by `now`, in the order of time, then `order`,
    /// and arms the queue for the rest.
    pub(crate) fn take_due(&mut self, now: i64, due: &mut Vec<Due<A>>) {
        let before = due.len();
        while let Some(first) = self.wall.first_entry() {
            if first.key().saturating_mul(MILLISECOND) > now {
                break;
            }
            due.append(&mut first.remove());
        }
        while let Some(first) = self.elapsed.first_entry() {
            let at = first.key().at.saturating_add(self.set_by);
            if at > now {
                break;
            }
            due.push(Due {
                at,
                ..first.remove()
            });
        }
        due[before..].sort_unstable_by_key(|due| (due.at, due.order));
        self.wake_for_next();
    }

    /// Notes that the wall clock was set by `by`. Alarms that wait for time to pass keep waiting
    /// for the same time.
    pub(crate) fn clock_was_set(&mut self, by: i64) {
        self.set_by = self.set_by.saturating_add(by);
        self.sleep_anew();
    }

    /// Finds out anew how long the timer may sleep.
    pub(crate) fn sleep_anew(&mut self) {
        self.begin_anew();
        self.wake_for_next();
    }

    fn begin_anew(&mut self) {
        self.queue = DelayQueue::new();
        self.moved = Instant::now();
        self.earliest = None;
        self.next = None;
    }

    /// Returns the time at which the timer is going to wake, if anything is armed.
    pub(crate) fn wakes_at(&self) -> Option<Instant> {
        self.next
    }

    fn wake_for_next(&mut self) {
        let wall = self.wall.keys().next().copied();
        let elapsed = self.elapsed.keys().next();
        let elapsed = elapsed.map(|key| bucket_of(key.at.saturating_add(self.set_by)));
        if let Some(bucket) = wall.into_iter().chain(elapsed).min() {
            self.wake_at(bucket);
        }
    }

    fn wake_at(&mut self, bucket: i64) {
        if self.earliest.is_some_and(|earliest| earliest <= bucket) {
            return;
        }
        let at = bucket.saturating_mul(MILLISECOND);
        let Some(deadline) = self.clock.deadline(at) else {
            self.is_overdue |= at <= self.clock.micros();
            return;
        };
        let now = Instant::now();
        if now.duration_since(self.moved) > HORIZON {
            // The range of a queue is counted from when its time last moved on.
            self.begin_anew();
        }
        let horizon = self.clock.longest_sleep().unwrap_or(HORIZON);
        let deadline = deadline.min(now + horizon);
        self.queue.insert_at((), deadline);
        self.next = Some(deadline);
        self.earliest = Some(bucket);
    }
}

/// The views of a timer that tests look at.
#[cfg(feature = "testing")]
impl<A: Copy + PartialEq> Timer<A> {
    /// Returns the alarms that wait for a wall time, with that time.
    pub(crate) fn wall_alarms(&self) -> impl Iterator<Item = (i64, A)> {
        self.wall.values().flatten().map(|due| (due.at, due.alarm))
    }

    /// Returns the alarms that wait for time to pass.
    pub(crate) fn elapsed_alarms(&self) -> impl Iterator<Item = (AlarmKey, A)> {
        self.elapsed.iter().map(|(key, due)| (*key, due.alarm))
    }

    pub(crate) fn elapsed_alarm(&self, key: AlarmKey) -> Option<A> {
        Some(self.elapsed.get(&key)?.alarm)
    }

    /// Returns the time at which the first alarm for a wall time is due, in microseconds.
    pub(crate) fn next_wall(&self) -> Option<i64> {
        let first = self.wall.keys().next();
        first.map(|bucket| bucket.saturating_mul(MILLISECOND))
    }

    /// Returns the time at which an alarm is due, as the wall clock goes now.
    pub(crate) fn due_at(&self, key: AlarmKey) -> i64 {
        key.at.saturating_add(self.set_by)
    }
}

fn bucket_of(at: i64) -> i64 {
    at.div_euclid(MILLISECOND) + i64::from(at.rem_euclid(MILLISECOND) > 0)
}

#[cfg(test)]
mod tests;
