//! The decisions of a claim request, the same in every database.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use punctual_core::{CancelReason, Job, RunId};
use punctual_store::batch::{Answers, Batch, Rows, Verdict};
use punctual_store::{ClaimAnswer, ClaimKind, ClaimReply, ClaimRequest, Handed, StoredJob, Won};

use super::{HeldJob, HeldRows};

/// The definitions of jobs by their birth.
pub(crate) type Definitions = HashMap<u64, Arc<Job>>;

/// The index of a row among the held ones.
type Row = usize;

/// The decisions before they are turned into an answer.
pub(crate) struct Decided {
    verdicts: Vec<Verdict<Row>>,
    handed: Vec<(Row, Vec<RunId>)>,
    cancels: Vec<(RunId, CancelReason)>,
}

impl Decided {
    /// Returns the runs that are handed out.
    pub(crate) fn handed(&self) -> impl Iterator<Item = RunId> {
        self.handed.iter().flat_map(|(_, runs)| runs).copied()
    }
}

/// Returns the jobs whose open runs have to be read completely. See [`Rows`].
pub(crate) fn whole(request: &ClaimRequest, held: &HeldRows) -> Vec<u64> {
    let claims = request.claims.iter();
    let asked = claims.filter(|claim| match &claim.kind {
        ClaimKind::Promote => true,
        ClaimKind::Advance { plan, .. } | ClaimKind::Manual { plan, .. } => {
            let has_queue = |job: &HeldJob| job.state.queued > 0;
            !plan.queue.is_empty() || held.job(claim.birth).is_some_and(has_queue)
        }
    });
    let ended = request.ends.iter().filter_map(|end| {
        let run = held.run(end.run)?;
        let waits = end.retry_at.is_some();
        let has_queue = |job: &HeldJob| run.ends_instance && job.state.queued > 0;
        (waits || held.job(run.birth).is_some_and(has_queue)).then_some(run.birth)
    });
    let whole: BTreeSet<_> = asked.map(|claim| claim.birth).chain(ended).collect();
    whole.into_iter().collect()
}

/// Decides about the rows of a request.
pub(crate) fn decide(request: &ClaimRequest, held: &mut HeldRows) -> Decided {
    let mut batch = Batch::new(held, request.now);
    request.ends.iter().for_each(|end| batch.end(end));
    let verdicts = request.claims.iter().map(|claim| batch.claim(claim));
    let verdicts = verdicts.collect();
    if request.takes_waiting {
        batch.hand_out();
    }
    let Answers { handed, cancels } = batch.into_answers();
    Decided {
        verdicts,
        handed,
        cancels,
    }
}

/// Returns the jobs whose definitions are part of the answer.
pub(crate) fn shown(held: &HeldRows, decided: &Decided) -> Vec<u64> {
    let answered = decided.verdicts.iter().filter_map(|verdict| match verdict {
        Verdict::Lost(Some(row)) | Verdict::AtLimit(row) => Some(held.jobs[*row].state.birth),
        Verdict::Won(..) | Verdict::Lost(None) => None,
    });
    let gone = held.gone().map(|job| job.state.birth);
    answered.chain(gone).collect()
}

/// Returns the answer to a request whose changes were made.
pub(crate) fn reply(
    request: &ClaimRequest,
    decided: Decided,
    held: &HeldRows,
    definitions: &Definitions,
) -> ClaimReply {
    let stored = |job: &HeldJob| {
        let state = job.state;
        let job = definitions.get(&state.birth)?.clone();
        Some(StoredJob::new(job, state))
    };
    let there = |row: Row| {
        Some(&held.jobs[row])
            .filter(|job| !job.is_gone)
            .and_then(stored)
    };
    let claims = request.claims.iter().zip(decided.verdicts);
    let answers = claims.map(|(claim, verdict)| match verdict {
        Verdict::Won(_, won) if claim.wants_job => {
            let mut won: Won = won;
            won.job = definitions.get(&claim.birth).cloned();
            ClaimAnswer::Won(won)
        }
        Verdict::Won(_, won) => ClaimAnswer::Won(won),
        Verdict::Lost(row) => ClaimAnswer::Lost(row.and_then(there)),
        Verdict::AtLimit(row) => there(row).map_or(ClaimAnswer::Lost(None), ClaimAnswer::AtLimit),
    });
    let handed = decided.handed.iter().filter_map(|(row, runs)| {
        Some(Handed::new(
            there(*row)?,
            runs.iter().filter_map(|id| held.told(*id)).collect(),
        ))
    });
    ClaimReply::new(answers.collect())
        .ends_done(request.ends.len())
        .handed(handed.collect())
        .cancels(decided.cancels)
        .removed(held.gone().filter_map(stored).collect())
}
