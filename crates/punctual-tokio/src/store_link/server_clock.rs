//! Lets the clock of this node go by the clock of a store's server, so that the nodes of a fleet agree
//! about the time although the clocks of their machines differ.

use std::time::Duration;

use chrono::TimeDelta;
use punctual_store::Error;
use tokio::time::{sleep, timeout};

use crate::events::event::EventKind;
use crate::store_link::worker::Worker;

/// The time between two looks at the server's clock.
const LOOK: Duration = Duration::from_secs(10);
/// The time until the second look, if the first one found a difference.
const AGAIN: Duration = Duration::from_secs(1);
/// The time within which a look has to be answered.
const ANSWER: Duration = Duration::from_secs(2);
/// The number of looks at the start, of which the most exact counts.
const FIRST_LOOKS: u32 = 3;
/// A look that is as exact as this, in microseconds, needs no other one.
const EXACT: i64 = 5_000;
/// Smaller differences are left, in microseconds. Clocks that are synchronised differ by less.
const NOTICED: i64 = 100_000;
/// Greater differences of the machine's clock are told, in microseconds.
const TOLD: i64 = 1_000_000;

/// The time by which the server's clock was ahead of this node's, in microseconds, and by how much
/// that may be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    ahead: i64,
    error: i64,
}

impl Look {
    /// Returns what a look has shown that began and ended at these times of this node's clock. The
    /// server read its own clock some time in between (Cristian, 1989).
    fn between(began: i64, server: i64, ended: i64) -> Self {
        let error = ended.saturating_sub(began).max(0) / 2;
        Self {
            ahead: server.saturating_sub(began.saturating_add(error)),
            error,
        }
    }

    /// Returns the time by which this node's clock has to be set, or 0 if it is right.
    fn correction(self) -> i64 {
        let is_noticed = self.ahead.saturating_abs() > NOTICED.saturating_add(self.error);
        if is_noticed { self.ahead } else { 0 }
    }

    /// Returns true if both looks ask for the same correction.
    fn agrees(self, other: Self) -> bool {
        let differ = self.ahead.saturating_sub(other.ahead).saturating_abs();
        let (one, two) = (self.correction(), other.correction());
        one != 0 && two != 0 && differ <= NOTICED + self.error + other.error
    }
}

impl Worker {
    /// Sets the clock of this node by that of the server before the node joins it, if the store has a
    /// clock of its own. Only the first such store of a scheduler does so.
    pub(crate) async fn join_clock(&self) {
        let mut best: Option<Look> = None;
        for _ in 0..FIRST_LOOKS {
            let Some(look) = self.first_look().await else {
                return;
            };
            if best.is_none_or(|best| look.error < best.error) {
                best = Some(look);
            }
            if look.error <= EXACT {
                break;
            }
        }
        let Some(best) = best else { return };
        if self.shared.clock.follow(best.correction()) {
            self.tell_clock();
        }
    }

    /// Looks until the store answers. Returns `None` if its clock is not for this node.
    async fn first_look(&self) -> Option<Look> {
        let clock = &self.shared.clock;
        let mut began = clock.micros();
        let time = self.insist(|| {
            began = clock.micros();
            self.store.time()
        });
        let server = time.await?.timestamp_micros();
        let is_leader = self.shared.leads_clock(self.id);
        is_leader.then(|| Look::between(began, server, clock.micros()))
    }

    /// Looks at the server's clock now and then. A difference that two looks find is followed, so that
    /// one answer that was on its way for long moves no clock.
    pub(crate) async fn follow_clock(self) {
        let (mut before, mut wait) = (None, LOOK);
        loop {
            tokio::select! {
                () = self.replies.closed() => return,
                () = sleep(wait) => {}
            }
            if !self.shared.leads_clock(self.id) || self.shared.clock.followed().is_none() {
                continue;
            }
            // A store that does not answer is told of by the renewals of its lease.
            let look = match timeout(ANSWER, self.look()).await {
                Ok(Ok(Some(look))) => look,
                Ok(Ok(None)) => return,
                Ok(Err(_)) | Err(_) => continue,
            };
            if before.take().is_some_and(|first| look.agrees(first)) {
                self.shared.clock.follow(look.correction());
            } else if look.correction() != 0 {
                before = Some(look);
            }
            wait = if before.is_some() { AGAIN } else { LOOK };
            self.tell_clock();
        }
    }

    async fn look(&self) -> Result<Option<Look>, Error> {
        let clock = &self.shared.clock;
        let began = clock.micros();
        let time = self.store.time().await?;
        let ended = clock.micros();
        Ok(time.map(|time| Look::between(began, time.timestamp_micros(), ended)))
    }

    /// Tells of a clock of this machine that is wrong, when that begins, and when it changes.
    fn tell_clock(&self) {
        let ahead = self.shared.clock.followed().unwrap_or(0);
        if !self.health.server_clock(ahead, TOLD) {
            return;
        }
        if ahead.saturating_abs() <= TOLD {
            tracing::info!(store = %self.alias, "the clock of this machine is right again");
        } else {
            let (tenths, side) = (ahead.unsigned_abs() / 100_000, side(ahead));
            let clock = format!("{}.{} s {side}", tenths / 10, tenths % 10);
            tracing::warn!(
                store = %self.alias,
                server = %clock,
                "the clock of this machine is wrong, or that of the store's server: jobs go by the server's; synchronise the clocks, for example by NTP"
            );
        }
        self.shared.bus.emit(|| EventKind::ClockDiffers {
            store: self.alias.clone(),
            ahead: TimeDelta::microseconds(ahead),
        });
    }
}

fn side(ahead: i64) -> &'static str {
    if ahead > 0 { "ahead" } else { "behind" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_as_exact_as_it_was_quick() {
        let look = Look::between(1_000_000, 61_200_000, 1_400_000);
        assert_eq!((look.ahead, look.error), (60_000_000, 200_000));
        assert_eq!(look.correction(), 60_000_000);
        // The server may have read its clock at any moment of these two seconds.
        assert_eq!(Look::between(0, 0, 2_000_000).correction(), 0);
        assert_eq!(Look::between(0, 90_000, 0).correction(), 0);
        assert_eq!(Look::between(0, -90_000_000, 0).correction(), -90_000_000);
    }

    #[test]
    fn two_looks_agree_about_one_correction() {
        let look = |ahead, error| Look { ahead, error };
        assert!(look(5_000_000, 10_000).agrees(look(5_050_000, 1_000)));
        assert!(!look(5_000_000, 10_000).agrees(look(-5_000_000, 1_000)));
        assert!(!look(5_000_000, 10_000).agrees(look(9_000_000, 1_000)));
        assert!(!look(5_000, 0).agrees(look(5_000, 0)));
    }
}
