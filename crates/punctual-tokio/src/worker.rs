//! The two tasks that stand between the scheduler task and a store: it never waits for one.

use std::sync::Arc;
use std::time::Duration;

use punctual_store::{
    ChangedJobs, ClaimReply, ClaimRequest, Error, ErrorKind, JobStore, Lease, NodeInfo, StoredJob,
    Window, WindowRequest,
};
use tokio::sync::mpsc;

use crate::announce::Announcements;
use crate::health::Health;

/// What the scheduler task asks of a store. There is at most one of each kind on its way.
pub(crate) enum Request {
    Claim(Box<ClaimRequest>),
    Window(WindowRequest),
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
}

/// One of each kind may be on its way.
pub(crate) const REQUESTS: usize = 2;

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

pub(crate) struct Worker {
    pub(crate) id: u32,
    pub(crate) store: Arc<dyn JobStore>,
    pub(crate) node: NodeInfo,
    pub(crate) health: Arc<Health>,
    pub(crate) announcements: Arc<Announcements>,
    pub(crate) replies: mpsc::Sender<Reply>,
}

impl Worker {
    /// Carries requests to the store, one after another, until there is nobody to ask.
    pub(crate) async fn carry(self, mut requests: mpsc::Receiver<Request>) {
        let mut lease = self.insist(|| self.store.register(self.node.clone())).await;
        while let Some(request) = requests.recv().await {
            let kind = match request {
                Request::Claim(mut request) => {
                    let reply = self.claim(&mut request, &mut lease).await;
                    ReplyKind::Claimed(request, reply)
                }
                Request::Window(request) => {
                    let window = self.insist(|| self.store.window(request.clone())).await;
                    self.hold_up(&window.jobs).await;
                    ReplyKind::Window(window)
                }
            };
            if self.reply(kind).await.is_err() {
                break;
            }
        }
        if let Err(error) = self.store.leave(lease).await {
            tracing::debug!(%error, "leaving the store failed");
        }
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

    /// Waits until listeners were told of the edits that made these jobs what they are.
    async fn hold_up(&self, jobs: &[StoredJob]) {
        let ids = jobs.iter().map(|stored| stored.job.id());
        self.announcements.told(ids).await;
    }

    async fn reply(&self, kind: ReplyKind) -> Result<(), mpsc::error::SendError<Reply>> {
        let reply = Reply {
            store: self.id,
            kind,
        };
        self.replies.send(reply).await
    }

    async fn claim(&self, request: &mut ClaimRequest, lease: &mut Lease) -> ClaimReply {
        let mut wait = FIRST_WAIT;
        loop {
            request.lease = lease.clone();
            match self.store.claim(request).await {
                Ok(reply) => {
                    self.health.works();
                    return reply;
                }
                Err(error) if error.kind() == ErrorKind::Fenced => {
                    *lease = self.insist(|| self.store.register(self.node.clone())).await;
                }
                Err(error) => wait = self.wait_after(&error, wait).await,
            }
        }
    }

    /// Asks until there is an answer.
    async fn insist<'a, T>(&self, ask: impl Fn() -> punctual_store::Reply<'a, T>) -> T {
        let mut wait = FIRST_WAIT;
        loop {
            match ask().await {
                Ok(answer) => {
                    self.health.works();
                    return answer;
                }
                Err(error) => wait = self.wait_after(&error, wait).await,
            }
        }
    }

    async fn wait_after(&self, error: &Error, wait: Duration) -> Duration {
        self.health.fails(error);
        tokio::time::sleep(wait).await;
        (wait * 2).min(LONGEST_WAIT)
    }
}
