//! The replies of stores.

use std::sync::Arc;

use punctual_core::{CancelReason, Outcome, RunId};
use punctual_store::{
    ChangedJobs, ClaimReply, ClaimRequest, DueJobs, Handed, Lease, OpenRun, Peer, Recovered,
    WaitingJob,
};

/// An answer of a store, or a report that it makes by itself.
#[derive(Debug)]
pub enum Reply {
    /// The request with the answers to its claims.
    ///
    /// If the request was repeated, all open runs of this node come with it. They come together,
    /// since some of them may be over by the next request.
    Claimed(Box<ClaimRequest>, ClaimReply, Vec<OpenRun>),
    /// The jobs that are due soon.
    Due(DueJobs),
    /// The jobs that were left to other nodes and that none has claimed.
    Left(DueJobs),
    /// The nodes that share the store, with this one.
    Nodes(Vec<Peer>),
    /// The open runs of this node that were unknown to it.
    ///
    /// The second list holds runs whose jobs are gone or cannot be read, with their outcomes.
    Adopted(Vec<Handed>, Vec<(OpenRun, Outcome)>),
    /// The jobs with waiting runs that may start.
    Waiting(Vec<WaitingJob>),
    /// The jobs that other nodes or callers have changed.
    Changed(ChangedJobs),
    /// The lease that holds from now on. Runs that were opened under another lease do not belong to
    /// this node any more.
    Leased(Lease),
    /// The runs that are to be cancelled, each with the reason.
    Cancel(Vec<(RunId, CancelReason)>),
    /// The result of settling the runs of a dead node, with its name.
    Recovered(Box<Recovered>, Arc<str>),
    /// The store has lost the place of its rows. Nothing that is sent to it is recorded for now.
    Gone,
}
