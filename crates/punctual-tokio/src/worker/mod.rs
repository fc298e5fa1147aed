//! The tasks that stand between the scheduler task and a store: it never waits for one.

mod repeated;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use punctual_core::RunId;
use punctual_store::{
    ChangedJobs, ClaimAnswer, ClaimReply, ClaimRequest, Error, ErrorKind, JobStore, Lease,
    NodeInfo, Recovered, StoredJob, Window, WindowRequest,
};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::core::Core;
use crate::health::Health;
use crate::lease::Held;

/// The ways for what the scheduler task asks of a store. Each has a task of its own, so that a slow
/// window holds up no claim, and at most one request on it.
pub(crate) struct Requests {
    pub(crate) claims: mpsc::Sender<Box<ClaimRequest>>,
    pub(crate) windows: mpsc::Sender<WindowRequest>,
}

/// What a store answers, or says by itself.
pub(crate) struct Reply {
    pub(crate) store: u32,
    pub(crate) kind: ReplyKind,
}

pub(crate) enum ReplyKind {
    /// The request comes back with the answers to its claims.
    Claimed(Box<ClaimRequest>, ClaimReply),
    Window(Window),
    Changed(ChangedJobs),
    /// From now on this lease holds; what was opened under another is not this node's any more.
    Leased(Lease),
    /// Runs that somebody asked to cancel.
    Cancel(Vec<RunId>),
    /// What became of the runs of a dead node.
    Recovered(Box<Recovered>),
}

/// Nobody waits for answers any more.
#[derive(Debug)]
pub(crate) struct Gone;

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// How long a store's answer waits for listeners to be told of the edits in it.
const LONGEST_HOLD_UP: Duration = Duration::from_secs(1);

/// What the tasks between the scheduler and a store have in common.
#[derive(Clone)]
pub(crate) struct Worker {
    pub(crate) id: u32,
    pub(crate) core: Arc<Core>,
    pub(crate) store: Arc<dyn JobStore>,
    pub(crate) node: NodeInfo,
    pub(crate) health: Arc<Health>,
    /// Whether this node begins runs of the store: it is neither paused nor shutting down, and
    /// the store was not removed.
    pub(crate) begins_runs: Arc<AtomicBool>,
    pub(crate) replies: mpsc::Sender<Reply>,
}

impl Worker {
    /// Carries claims to the store, one request after another, until there is nobody to ask.
    pub(crate) async fn carry_claims(
        self,
        mut requests: mpsc::Receiver<Box<ClaimRequest>>,
        mut held: Held,
    ) {
        let mut wait = FIRST_WAIT;
        while let Some(request) = requests.recv().await {
            if self.claim(request, &mut held, &mut wait).await.is_err() {
                break;
            }
        }
    }

    /// Reads windows, one after another, until there is nobody to ask.
    pub(crate) async fn carry_windows(self, mut requests: mpsc::Receiver<WindowRequest>) {
        while let Some(request) = requests.recv().await {
            let read = async {
                tokio::select! {
                    () = self.replies.closed() => Err(Gone),
                    read = self.window(request) => read,
                }
            };
            if read.await.is_err() {
                break;
            }
        }
    }

    async fn window(&self, request: WindowRequest) -> Result<(), Gone> {
        let window = self.insist(|| self.store.window(request.clone())).await;
        self.hold_up(&window.jobs).await;
        self.reply(ReplyKind::Window(window)).await
    }

    async fn claim(
        &self,
        mut request: Box<ClaimRequest>,
        held: &mut Held,
        wait: &mut Duration,
    ) -> Result<(), Gone> {
        loop {
            request.lease = held.current().await.ok_or(Gone)?;
            let answer = if request.is_repeated {
                self.store.claim(&repeated::again(&request)).await
            } else {
                self.store.claim(&request).await
            };
            match answer {
                Ok(reply) => {
                    self.health.works();
                    if !request.is_repeated {
                        *wait = FIRST_WAIT;
                    }
                    return self.claimed(request, reply).await;
                }
                Err(error) if error.kind() == ErrorKind::Fenced => {
                    held.was_refused(&request.lease).await;
                }
                Err(error) => {
                    // It may have been made all the same.
                    request.is_repeated = true;
                    *wait = self.wait_after(&error, *wait).await;
                }
            }
        }
    }

    async fn claimed(
        &self,
        mut request: Box<ClaimRequest>,
        mut reply: ClaimReply,
    ) -> Result<(), Gone> {
        let mut moved_on = Vec::new();
        let (asked, answered) = (request.claims.len(), reply.answers.len());
        if asked != answered {
            tracing::error!(asked, answered, "the store left claims out of its answer");
            reply.answers.resize(asked, ClaimAnswer::Lost(None));
            // They may have been accepted all the same.
            request.is_repeated = true;
        }
        if request.is_repeated {
            let own = self.insist(|| self.store.open_runs(request.lease.clone()));
            moved_on = repeated::find_won(&request, &mut reply, &own.await);
        }
        self.reply(ReplyKind::Claimed(request, reply)).await?;
        if moved_on.is_empty() {
            return Ok(());
        }
        let changed = ChangedJobs::These(moved_on);
        self.reply(ReplyKind::Changed(changed)).await
    }

    /// Tells what others change in the store.
    pub(crate) async fn watch(self) {
        let mut counter = 0;
        loop {
            let changes = tokio::select! {
                () = self.replies.closed() => return,
                changes = self.insist(|| self.store.changes(counter)) => changes,
            };
            counter = changes.counter;
            if let ChangedJobs::These(jobs) = &changes.jobs {
                self.hold_up(jobs).await;
            }
            if self.reply(ReplyKind::Changed(changes.jobs)).await.is_err() {
                return;
            }
        }
    }

    /// Waits until listeners were told of the edits that made these jobs what they are, but not
    /// for ever: somebody may have begun an edit and not go on with it.
    async fn hold_up(&self, jobs: &[StoredJob]) {
        let ids = jobs.iter().map(|stored| stored.job.id());
        // Which of the two ended it does not matter.
        let _ = timeout(LONGEST_HOLD_UP, self.core.announcements.told(ids)).await;
    }

    pub(crate) async fn reply(&self, kind: ReplyKind) -> Result<(), Gone> {
        let reply = Reply {
            store: self.id,
            kind,
        };
        self.replies.send(reply).await.map_err(|_| Gone)
    }

    /// Asks until there is an answer. One that came at once says nothing about what others fail
    /// at: a full disk can be read.
    pub(crate) async fn insist<'a, T>(&self, ask: impl Fn() -> punctual_store::Reply<'a, T>) -> T {
        let (mut wait, mut has_failed) = (FIRST_WAIT, false);
        loop {
            match ask().await {
                Ok(answer) => {
                    if has_failed {
                        self.health.works();
                    }
                    return answer;
                }
                Err(error) => {
                    has_failed = true;
                    wait = self.wait_after(&error, wait).await;
                }
            }
        }
    }

    async fn wait_after(&self, error: &Error, wait: Duration) -> Duration {
        self.health.fails(error);
        self.health.wait(wait).await;
        (wait * 2).min(LONGEST_WAIT)
    }
}
