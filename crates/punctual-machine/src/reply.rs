//! What stores answer.

use punctual_core::{CancelReason, Outcome, RunId};
use punctual_store::{
    ChangedJobs, ClaimReply, ClaimRequest, DueJobs, Handed, Lease, OpenRun, Peer, Recovered,
    WaitingJob,
};

/// What a store answers, or says by itself.
#[derive(Debug)]
pub enum Reply {
    /// The request comes back with the answers to its claims. If it was repeated, all open runs of
    /// this node come with it: together, since by the next request some of them may be over.
    Claimed(Box<ClaimRequest>, ClaimReply, Vec<OpenRun>),
    /// What is due soon.
    Due(DueJobs),
    /// Jobs that were left to other nodes, and that none has claimed.
    Left(DueJobs),
    /// The nodes that share the store, this one included.
    Nodes(Vec<Peer>),
    /// Open runs of this node that were unknown to it, and those whose jobs are gone or cannot be read,
    /// with how they end.
    Adopted(Vec<Handed>, Vec<(OpenRun, Outcome)>),
    /// Jobs with waiting runs that may start.
    Waiting(Vec<WaitingJob>),
    /// Others have changed jobs.
    Changed(ChangedJobs),
    /// From now on this lease holds; what was opened under another is not this node's any more.
    Leased(Lease),
    /// Runs that are to be cancelled, and why.
    Cancel(Vec<(RunId, CancelReason)>),
    /// What became of the runs of a dead node.
    Recovered(Box<Recovered>),
    /// The store has lost what it keeps its rows in: what is sent to it is not recorded for now.
    Gone,
}
