//! The tokio tasks that carry requests to a store, so that the driver never waits for a store.

mod refused;
mod set_back;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use punctual_core::{CancelReason, JobId, Outcome};
use punctual_machine::{Read, Reply, repeated};
use punctual_store::{
    ChangedJobs, ClaimAnswer, ClaimReply, ClaimRequest, DueJobs, DueRequest, Error, ErrorKind,
    Handed, JobStore, Lease, NodeInfo, OpenRequest, OpenRun, StoreFuture, StoredJob,
};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, timeout};

use crate::shared::Shared;
use crate::store_link::lease::Held;
use crate::stores::health::Health;

pub(crate) use set_back::Corrections;

/// An answer of a store, or news that a store tells by itself.
pub(crate) struct Replied {
    pub(crate) store: u32,
    pub(crate) reply: Reply,
}

/// The error that says that the driver no longer waits for answers.
#[derive(Debug)]
pub(crate) struct Gone;

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// The longest time that an answer of the store waits for listeners to be told of the edits in it.
const LONGEST_HOLD_UP: Duration = Duration::from_secs(1);

/// The state that the tokio tasks between the driver and the store have in common.
#[derive(Clone)]
pub(crate) struct Worker {
    pub(crate) id: u32,
    pub(crate) alias: Arc<str>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) store: Arc<dyn JobStore>,
    pub(crate) node: NodeInfo,
    pub(crate) health: Arc<Health>,
    /// True if this node begins runs of the store. It does so while it is neither paused nor
    /// shutting down, and while the store is not removed.
    pub(crate) begins_runs: Arc<AtomicBool>,
    pub(crate) replies: mpsc::Sender<Replied>,
    /// Tells the keeper of the lease that the store has begun to be shared.
    pub(crate) became_shared: Arc<Notify>,
    /// Tells that the runs of a dead node are settled.
    pub(crate) settled: Arc<Notify>,
}

/// The number of open runs that are read at a time.
const PAGE: usize = 1_000;

impl Worker {
    /// Carries claims to the store, one request after another, until the driver sends no more.
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

    /// Reads what the driver asks for, one request after another, until the driver sends no more.
    pub(crate) async fn carry_reads(self, mut requests: mpsc::Receiver<Read>) {
        while let Some(request) = requests.recv().await {
            let read = async {
                tokio::select! {
                    () = self.replies.closed() => Err(Gone),
                    read = self.read(request) => read,
                }
            };
            if read.await.is_err() {
                break;
            }
        }
    }

    async fn read(&self, request: Read) -> Result<(), Gone> {
        match request {
            Read::Due(request) => self.due(request).await,
            Read::Left(request) => self.left(request).await,
            Read::Adopt(runs) => self.adopt(runs).await,
        }
    }

    async fn due(&self, request: DueRequest) -> Result<(), Gone> {
        let due = self.insist(|| self.store.due(request.clone())).await;
        let ids = due.jobs.iter().map(|due| due.stored.job.id());
        self.hold_up(ids).await;
        self.reply(Reply::Due(due)).await
    }

    /// Looks for jobs that were left to other nodes. Does not retry, since the driver asks again
    /// before long.
    async fn left(&self, request: DueRequest) -> Result<(), Gone> {
        let left = self.store.due(request).await.unwrap_or_else(|error| {
            self.health.fails(&error);
            DueJobs::default()
        });
        let ids = left.jobs.iter().map(|due| due.stored.job.id());
        self.hold_up(ids).await;
        self.reply(Reply::Left(left)).await
    }

    /// Looks for the jobs of runs. A run whose job is gone or cannot be read cannot go on. A run
    /// that the store has handed out has not begun, so it is cancelled with its job, or lost.
    async fn adopt(&self, runs: Vec<OpenRun>) -> Result<(), Gone> {
        let mut handed: Vec<Handed> = Vec::new();
        let mut over = Vec::new();
        for instance in repeated::instances(&runs) {
            let runs = instance.to_vec();
            match self.job_of(&runs[0]).await {
                Ok(job) => handed.push(Handed::new(job, runs)),
                Err(outcome) => over.extend(runs.into_iter().map(|run| (run, outcome))),
            }
        }
        self.reply(Reply::Adopted(handed, over)).await
    }

    /// Returns the job of a run, or the outcome of a run whose job is gone.
    async fn job_of(&self, run: &OpenRun) -> Result<StoredJob, Outcome> {
        let mut wait = FIRST_WAIT;
        loop {
            match self.store.get(run.job.clone()).await {
                Ok(found) => {
                    let found = found.filter(|job| job.state.birth == run.birth);
                    return found.ok_or(Outcome::Cancelled(CancelReason::User));
                }
                Err(error) if error.kind() == ErrorKind::Unreadable => return Err(Outcome::Lost),
                Err(error) => wait = self.wait_after(&error, wait).await,
            }
        }
    }

    async fn claim(
        &self,
        mut request: Box<ClaimRequest>,
        held: &mut Held,
        wait: &mut Duration,
    ) -> Result<(), Gone> {
        loop {
            let lease = held.current().await.ok_or(Gone)?;
            if request.lease != lease {
                // The ends belong to runs that other nodes decide about. A rerun has the same
                // number, and this node may be the one that begins it.
                request.ends.clear();
                request.lease = lease;
            }
            let again = request.is_repeated.then(|| self.again(&request));
            let asked = again.as_ref().unwrap_or(&request);
            let sent = Instant::now();
            match self.claim_all(asked).await {
                Ok(reply) => {
                    self.health.works();
                    self.health.pulse.was_answered(&request.lease, sent);
                    if !request.is_repeated {
                        *wait = FIRST_WAIT;
                    }
                    return self.claimed(request, reply).await;
                }
                Err(error) if error.kind() == ErrorKind::Fenced => {
                    held.was_refused(&request.lease).await;
                }
                Err(error) if error.is_refused() => match self.claim_in_parts(asked).await {
                    Ok(reply) => return self.claimed(request, reply).await,
                    Err(error) => {
                        request.is_repeated = true;
                        *wait = self.wait_after(&error, *wait).await;
                    }
                },
                Err(error) => {
                    if error.kind() == ErrorKind::Gone {
                        self.reply(Reply::Gone).await?;
                    }
                    // The store may have carried out the request all the same.
                    request.is_repeated = true;
                    *wait = self.wait_after(&error, *wait).await;
                }
            }
        }
    }

    /// Carries a request to the store, and all of it if the request is repeated. The machine may not
    /// ask anew for a claim that the store has perhaps accepted the first time.
    async fn claim_all(&self, request: &ClaimRequest) -> Result<ClaimReply, Error> {
        let mut reply = self.store.claim(request).await?;
        while request.is_repeated
            && let Some(rest) = repeated::untried(request, &reply)
        {
            let tried = self.store.claim(&rest).await?;
            if !repeated::add(&mut reply, &rest, tried) {
                return Err(stands_still());
            }
        }
        Ok(reply)
    }

    /// Returns a request as it is sent again. A node that has been paused since takes no waiting
    /// runs.
    fn again(&self, request: &ClaimRequest) -> ClaimRequest {
        let mut again = repeated::again(request, self.shared.clock.now());
        again.takes_waiting &= self.begins_runs.load(Ordering::SeqCst);
        again
    }

    async fn claimed(
        &self,
        mut request: Box<ClaimRequest>,
        mut reply: ClaimReply,
    ) -> Result<(), Gone> {
        let (asked, answered) = (request.claims.len(), reply.answers.len());
        if asked != answered {
            tracing::error!(asked, answered, "the store left claims out of its answer");
            reply.answers.resize(asked, ClaimAnswer::Lost(None));
            // The store may have accepted the claims all the same.
            request.is_repeated = true;
        }
        if !request.is_repeated {
            let claimed = Reply::Claimed(request, reply, Vec::new());
            return self.reply(claimed).await;
        }
        let own = self.open_runs(&request.lease).await;
        let mut moved_on = repeated::find_won(&request, &mut reply, &own);
        for (claim, answer) in request.claims.iter().zip(&mut reply.answers) {
            if let Some(filter) = repeated::queued_by_hand(claim, answer) {
                let runs = self.insist(|| self.store.runs(filter.clone())).await;
                moved_on.extend(repeated::found_queued(claim, answer, &runs));
            }
        }
        self.reply(Reply::Claimed(request, reply, own)).await?;
        if moved_on.is_empty() {
            return Ok(());
        }
        let changed = ChangedJobs::These(moved_on);
        self.reply(Reply::Changed(changed)).await
    }

    async fn open_runs(&self, lease: &Lease) -> Vec<OpenRun> {
        let mut own: Vec<OpenRun> = Vec::new();
        loop {
            let request = OpenRequest::new(lease.clone(), PAGE).after(own.last().map(|run| run.id));
            let page = self.insist(|| self.store.open_runs(request.clone())).await;
            let is_last = page.len() < PAGE;
            own.extend(page);
            if is_last {
                return own;
            }
        }
    }

    /// Tells the driver of changes that other callers and nodes make in the store.
    pub(crate) async fn watch(self) {
        let mut counter = 0;
        let mut is_shared = false;
        loop {
            let changes = tokio::select! {
                () = self.replies.closed() => return,
                changes = self.insist(|| self.store.changes(counter)) => changes,
            };
            counter = changes.counter;
            let was_shared = is_shared;
            is_shared = self.store.capabilities().shared;
            if is_shared && !was_shared {
                self.became_shared.notify_one();
            }
            if !changes.cancels.is_empty() {
                let cancel = Reply::Cancel(changes.cancels);
                if self.reply(cancel).await.is_err() {
                    return;
                }
            }
            if let ChangedJobs::These(jobs) = &changes.jobs {
                self.hold_up(jobs.iter().map(|stored| stored.job.id()))
                    .await;
            }
            if self.reply(Reply::Changed(changes.jobs)).await.is_err() {
                return;
            }
        }
    }

    /// Waits until listeners were told of the edits that led to these jobs. The wait has a limit,
    /// since a caller may have begun an edit and not go on with it.
    async fn hold_up<'i>(&self, jobs: impl Iterator<Item = &'i JobId> + Clone) {
        // The answer is used in either case.
        let _ = timeout(LONGEST_HOLD_UP, self.shared.announcements.told(jobs)).await;
    }

    pub(crate) async fn reply(&self, reply: Reply) -> Result<(), Gone> {
        let replied = Replied {
            store: self.id,
            reply,
        };
        self.replies.send(replied).await.map_err(|_| Gone)
    }

    /// Asks the store until it answers. An answer to the first try does not mean that the store is
    /// well again, since a call may work while others fail. For example, a full disk can be read.
    pub(crate) async fn insist<'a, T>(&self, mut ask: impl FnMut() -> StoreFuture<'a, T>) -> T {
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

/// Returns the error of a store that takes nothing of a request and gives no reason.
fn stands_still() -> Error {
    Error::unavailable("it takes neither an end nor a claim of a request, and gives no reason")
}
