//! Requests that are sent again because the answer was lost. Claims that had been accepted are then
//! called lost by the store, but the runs that they opened are there.

use punctual_core::{RunId, RunKey};
use punctual_store::{
    Claim, ClaimAnswer, ClaimKind, ClaimReply, ClaimRequest, OpenRun, StoredJob, Won,
};

/// No row ever has it.
const NEVER: u64 = u64::MAX;

/// The request as it is sent again. Due fire times are not claimed by it: they were planned before
/// the store failed, and by now it may be too late for them. Those that were not claimed the
/// first time are lost, and planned anew.
pub(super) fn again(request: &ClaimRequest) -> ClaimRequest {
    let mut again = request.clone();
    for claim in &mut again.claims {
        if let ClaimKind::Advance { revision, .. } = &mut claim.kind {
            *revision = NEVER;
        }
    }
    again
}

/// Turns answers to such claims into what they were the first time, and returns the rows that
/// have moved on since.
pub(super) fn find_won(
    request: &ClaimRequest,
    reply: &mut ClaimReply,
    own: &[OpenRun],
) -> Vec<StoredJob> {
    let mut moved_on = Vec::new();
    for (claim, answer) in request.claims.iter().zip(&mut reply.answers) {
        if let Some(first) = first_run(claim, answer, own) {
            let row = match std::mem::replace(answer, ClaimAnswer::Lost(None)) {
                ClaimAnswer::Lost(row) => row,
                ClaimAnswer::AtLimit(row) => Some(row),
                ClaimAnswer::Won(_) => None,
            };
            *answer = ClaimAnswer::Won(won(claim, first, row.as_ref()));
            moved_on.extend(row);
        }
    }
    moved_on
}

/// The first run that a claim has opened or started, if its answer does not say so.
fn first_run(claim: &Claim, answer: &ClaimAnswer, own: &[OpenRun]) -> Option<RunId> {
    let find = |is_it: &dyn Fn(&OpenRun) -> bool| own.iter().find(|open| is_it(open));
    let found = match (&claim.kind, answer) {
        (_, ClaimAnswer::Won(_)) => None,
        (ClaimKind::Promote { first, .. }, _) => find(&|open| open.id == *first && !open.is_queued),
        (ClaimKind::Advance { plan, .. } | ClaimKind::Manual { plan }, _) => {
            let fire_time = *plan.start.first().or(plan.queue.first())?;
            let key = RunKey {
                incarnation: claim.incarnation,
                origin: claim.kind.origin(),
                fire_time,
            };
            find(&|open| open.key == key)
        }
    };
    found.map(|open| open.id)
}

fn won(claim: &Claim, first: RunId, row: Option<&StoredJob>) -> Won {
    let state = row.map(|row| row.state).unwrap_or_default();
    let revision = match &claim.kind {
        ClaimKind::Advance { revision, .. } => revision + 1,
        _ => state.revision,
    };
    Won {
        revision,
        first,
        running: state.running,
        queued: state.queued,
    }
}
