//! Listens for the edits of other processes and for their requests to cancel runs.
//!
//! The next look finds an edit that was not heard, and a renewal finds a request. So a connection that
//! breaks costs time and nothing else.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use punctual_core::{CancelReason, RunId};
use sqlx::Executor as _;
use sqlx::postgres::PgListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::Inner;
use super::changes::HEARD;
use crate::row::words;

/// The most requests to cancel a run that are kept for callers that do not ask at the moment.
const KEPT: usize = 1_024;
/// The time after which a connection that broke is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// The time after which the task asks a silent connection whether its server is still there. The network
/// may have silenced it.
const QUIET: Duration = Duration::from_secs(15);
/// The time in which it has to answer.
const WELL: Duration = Duration::from_secs(5);

/// What this process has heard.
#[derive(Debug, Default)]
pub(super) struct Ear {
    news: watch::Sender<()>,
    cancels: Mutex<Cancels>,
    /// The task that listens, from the first call that waits for changes on.
    task: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Cancels {
    /// The number of requests that were heard.
    count: u64,
    /// The last of them, the newest last.
    last: VecDeque<(RunId, CancelReason)>,
}

impl Ear {
    pub(super) fn subscribe(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    /// Wakes the callers of this process that wait for changes.
    pub(super) fn wake(&self) {
        self.news.send_replace(());
    }

    pub(super) fn hear_cancel(&self, run: RunId, reason: CancelReason) {
        let mut cancels = self.cancels.lock().unwrap_or_else(PoisonError::into_inner);
        cancels.count += 1;
        cancels.last.push_back((run, reason));
        if cancels.last.len() > KEPT {
            cancels.last.pop_front();
        }
        drop(cancels);
        self.wake();
    }

    /// Returns the number of requests that were heard, modulo [`HEARD`] plus one, and the kept ones after
    /// the first `since`.
    pub(super) fn heard_since(&self, since: u64) -> (u64, Vec<(RunId, CancelReason)>) {
        let cancels = self.cancels.lock().unwrap_or_else(PoisonError::into_inner);
        let new = cancels.count.wrapping_sub(since) & HEARD;
        let new = usize::try_from(new).unwrap_or(usize::MAX);
        let skipped = cancels.last.len().saturating_sub(new);
        let told = cancels.last.iter().skip(skipped).copied();
        (cancels.count & HEARD, told.collect())
    }
}

impl Ear {
    /// Stops listening.
    pub(super) fn stop(&self) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task.take() {
            task.abort();
        }
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Inner {
    /// Lets a task listen from now on, unless one does.
    pub(super) fn listen(&self) {
        let mut task = self.ear.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_none_or(JoinHandle::is_finished) && self.hears {
            *task = Some(tokio::spawn(hear(Weak::clone(&self.own))));
        }
    }

    /// Tells all processes of an edit. A process that does not hear it finds it at its next look.
    pub(super) async fn tell(&self) {
        self.ear.wake();
        self.notify("").await;
    }

    /// Tells all processes that the owner of a run is to end it.
    pub(super) async fn tell_cancel(&self, run: RunId, reason: CancelReason) {
        self.ear.hear_cancel(run, reason);
        let word = words::cancel_word(reason);
        self.notify(&format!("{} {word}", run.0)).await;
    }

    /// Notifies after the change was committed, in a transaction of its own, because the server lets
    /// one transaction that notifies commit at a time.
    async fn notify(&self, text: &str) {
        if let Err(error) = self.try_notify(text).await {
            tracing::debug!(%error, "other processes were not told of a change; they will look for it");
        }
    }

    async fn try_notify(&self, text: &str) -> Result<(), punctual_store::Error> {
        let mut line = self.line().await?;
        let mut at = self.at(&mut line);
        let query = at.query("SELECT pg_notify($1, $2)");
        let query = query.bind(self.tables.channel()).bind(text);
        at.execute(query).await?;
        line.commit().await
    }

    /// Notes what a process has told.
    fn heard(&self, text: &str) {
        match cancel_of(text) {
            Some((run, reason)) => self.ear.hear_cancel(run, reason),
            None => self.ear.wake(),
        }
    }
}

fn cancel_of(text: &str) -> Option<(RunId, CancelReason)> {
    let (run, word) = text.split_once(' ')?;
    Some((RunId(run.parse().ok()?), words::cancel(word)))
}

/// Listens until the store is gone or closed.
async fn hear(store: Weak<Inner>) {
    while let Some(inner) = store.upgrade() {
        if inner.pools.is_closed() {
            return;
        }
        let listener = open(&inner).await;
        drop(inner);
        match listener {
            Ok(Some(listener)) => hear_on(listener, &store).await,
            Ok(None) => return,
            Err(error) => tracing::debug!(%error, "listening for edits failed; trying again"),
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn open(inner: &Arc<Inner>) -> Result<Option<PgListener>, sqlx::Error> {
    let Some(mut listener) = inner.pools.listener().await? else {
        return Ok(None);
    };
    Box::pin(listener.listen(&inner.tables.channel())).await?;
    Ok(Some(listener))
}

/// Hands on what is heard until the connection breaks.
async fn hear_on(mut listener: PgListener, store: &Weak<Inner>) {
    loop {
        let heard = timeout(QUIET, Box::pin(listener.try_recv())).await;
        let Ok(heard) = heard else {
            if answers(&mut listener).await {
                continue;
            }
            return;
        };
        let Some(inner) = store.upgrade() else {
            return;
        };
        match heard {
            Ok(Some(told)) => inner.heard(told.payload()),
            // A notification may have been lost before the connection was there again.
            Ok(None) => inner.ear.wake(),
            Err(error) => {
                tracing::debug!(%error, "the connection that listens for edits broke");
                return;
            }
        }
    }
}

/// Returns true if the server answers on the connection.
async fn answers(listener: &mut PgListener) -> bool {
    let asked = listener.execute("SELECT 1");
    matches!(timeout(WELL, asked).await, Ok(Ok(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_heard_once_by_each_caller() {
        let ear = Ear::default();
        let user = CancelReason::User;
        assert_eq!(ear.heard_since(0), (0, vec![]));
        ear.hear_cancel(RunId(7), user);
        ear.hear_cancel(RunId(8), user);
        assert_eq!(ear.heard_since(1), (2, vec![(RunId(8), user)]));
        assert_eq!(ear.heard_since(2), (2, vec![]));
        assert_eq!(ear.heard_since(0).1.len(), 2);
    }

    #[test]
    fn what_is_told_of_a_run_is_understood() {
        let told = Some((RunId(42), CancelReason::Replaced));
        assert_eq!(cancel_of("42 replaced"), told);
        assert_eq!(cancel_of(""), None);
        assert_eq!(cancel_of("x y"), None);
    }
}
