//! Requests that are sent again because their answer was lost.
//!
//! The store then answers that claims are lost which it had accepted before. The runs that they
//! opened exist.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use punctual_core::{Origin, Run, RunId};
use punctual_store::{Claim, ClaimAnswer, ClaimKind, ClaimReply, ClaimRequest, OpenRun, StoredJob};
use punctual_store::{Handed, OpenState, RunEnd, RunFilter, Won};

/// A revision that no row ever has.
const NEVER: u64 = u64::MAX;

/// Returns the request as it is sent again.
///
/// It does not claim due fire times. They were planned before the store failed, and by now it may
/// be too late for them. Fire times that were not claimed the first time are lost and planned anew.
/// The store applies the repeated request after all that has happened in the meantime.
#[must_use]
pub fn again(request: &ClaimRequest, now: DateTime<Utc>) -> ClaimRequest {
    let mut again = request.clone();
    again.now = now.max(request.now);
    for claim in &mut again.claims {
        if let ClaimKind::Advance { revision, .. } = &mut claim.kind {
            *revision = NEVER;
        }
    }
    again
}

/// Returns the part of a repeated request that the store has not tried, if it has not tried all
/// claims.
///
/// It has to be sent as a repeated request too, before the machine hears of the answers. A claim that
/// was not tried may have been accepted the first time.
#[must_use]
pub fn untried(request: &ClaimRequest, reply: &ClaimReply) -> Option<ClaimRequest> {
    let claims = request.claims.iter().zip(&reply.answers);
    let claims = claims.filter(|(_, answer)| matches!(answer, ClaimAnswer::NotTried));
    let claims: Vec<Claim> = claims.map(|(claim, _)| claim.clone()).collect();
    let ends = request.ends.get(reply.ends_done..).unwrap_or_default();
    (!claims.is_empty()).then(|| {
        ClaimRequest::new(request.lease.clone(), request.now)
            .ends(ends.to_vec())
            .claims(claims)
            .takes_waiting(request.takes_waiting)
            .is_repeated(true)
    })
}

/// Forgets the runs that one part of a request has handed out and that an end in a later part has
/// given back, since they wait again or are over. The answer to that part hands them out anew.
pub fn forget_given_back(reply: &mut ClaimReply, later: &[RunEnd]) {
    let ends: BTreeSet<RunId> = later.iter().map(|end| end.run).collect();
    let is_given_back = |handed: &Handed| handed.runs.iter().any(|run| ends.contains(&run.id));
    reply.handed.retain(|handed| !is_given_back(handed));
}

/// Adds the answer to what was untried to the answer before. Returns false if the store has not got
/// any further.
pub fn add(reply: &mut ClaimReply, untried: &ClaimRequest, rest: ClaimReply) -> bool {
    forget_given_back(reply, &untried.ends);
    let mut gets_on = rest.ends_done > 0;
    let answers = reply.answers.iter_mut();
    let answers = answers.filter(|answer| matches!(answer, ClaimAnswer::NotTried));
    for (answer, tried) in answers.zip(rest.answers) {
        gets_on |= !matches!(tried, ClaimAnswer::NotTried);
        *answer = tried;
    }
    reply.ends_done += rest.ends_done;
    reply.handed.extend(rest.handed);
    reply.cancels.extend(rest.cancels);
    reply.removed.extend(rest.removed);
    gets_on
}

/// Turns the answers to repeated claims into what they were the first time.
///
/// Returns the rows that have moved on since.
pub fn find_won(request: &ClaimRequest, reply: &mut ClaimReply, own: &[OpenRun]) -> Vec<StoredJob> {
    // Handed runs begin by the answer itself, although they may have the key of a claim.
    let handed = reply.handed.iter().flat_map(|handed| &handed.runs);
    let mut begun: BTreeSet<RunId> = handed.map(|run| run.id).collect();
    let mut moved_on = Vec::new();
    let mut claims: Vec<_> = request.claims.iter().zip(&mut reply.answers).collect();
    // Of two claims of one fire time, made before and after an edit, only the newer can have opened
    // it.
    claims.sort_by_key(|(claim, _)| Reverse(revision(claim)));
    for (claim, answer) in claims {
        if matches!(answer, ClaimAnswer::Won(_) | ClaimAnswer::NotTried) {
            continue;
        }
        let first = first_run(claim, request.now, own).filter(|run| begun.insert(run.id));
        if first.is_none() && !was_refused(claim, answer) {
            continue;
        }
        let row = match std::mem::replace(answer, ClaimAnswer::NotTried) {
            ClaimAnswer::Lost(row) => row,
            ClaimAnswer::AtLimit(row) => Some(row),
            ClaimAnswer::Won(_) | ClaimAnswer::NotTried => None,
        };
        *answer = ClaimAnswer::Won(won(claim, first, row.as_ref()));
        moved_on.extend(row);
    }
    moved_on
}

/// Returns the revision that a claim was decided on.
fn revision(claim: &Claim) -> Option<u64> {
    match claim.kind {
        ClaimKind::Advance { revision, .. } => Some(revision),
        _ => None,
    }
}

/// Returns the first run of the instance that a claim has started.
///
/// Runs that it has queued do not belong to this node. An instance that has only one fire time in
/// common with the claim was opened by another one. A run with an earlier attempt was handed out, and
/// so was one that was not opened by the request that was `sent` at that time. A run by hand has a key
/// of its own, and may have been opened when the request was sent again.
fn first_run<'o>(claim: &Claim, sent: DateTime<Utc>, own: &'o [OpenRun]) -> Option<&'o OpenRun> {
    let start = &claim.kind.plan()?.start;
    let origin = claim.kind.origin();
    let is_its = |instance: &&[OpenRun]| {
        let first = &instance[0];
        first.birth == claim.birth
            && first.state == OpenState::Running
            && first.attempts == 0
            && (origin == Origin::Manual || first.opened == sent.trunc_subsecs(6))
            && first.key.origin == origin
            && instance.iter().map(|run| &run.key.fire_time).eq(start)
    };
    instances(own).find(is_its).map(|instance| &instance[0])
}

/// Groups open runs by instance. The runs of an instance have consecutive numbers.
pub fn instances(own: &[OpenRun]) -> impl Iterator<Item = &[OpenRun]> {
    own.chunk_by(|run, next| !run.ends_instance && run.id.0 + 1 == next.id.0)
}

/// Returns true if the first request recorded a run by hand as skipped or queued. Its key is then
/// used, and its job exists.
fn was_refused(claim: &Claim, answer: &ClaimAnswer) -> bool {
    let ClaimAnswer::Lost(Some(row)) = answer else {
        return false;
    };
    let ClaimKind::Manual {
        incarnation, plan, ..
    } = &claim.kind
    else {
        return false;
    };
    // After an edit that began the fire times anew, the store refuses the claim in any case.
    let is_same = row.state.birth == claim.birth && row.state.incarnation == *incarnation;
    plan.start.is_empty() && is_same
}

/// Returns where to look for the run by hand that a claim may have let wait or recorded as skipped.
///
/// Only the store knows its number. If an edit has begun the fire times anew since, only the store
/// knows whether there is one.
#[must_use]
pub fn queued_by_hand(claim: &Claim, answer: &ClaimAnswer) -> Option<RunFilter> {
    let ClaimKind::Manual {
        incarnation, plan, ..
    } = &claim.kind
    else {
        return None;
    };
    let queued = plan.queue.first().copied();
    let skipped = plan.skipped.map(|(range, _)| range.first);
    let is_edited =
        |row: &StoredJob| row.state.birth == claim.birth && row.state.incarnation != *incarnation;
    let fire_time = match answer {
        ClaimAnswer::Won(won) if won.first == RunId::default() => queued,
        ClaimAnswer::Lost(Some(row)) if is_edited(row) => queued.or(skipped),
        _ => None,
    };
    fire_time.map(|fire_time| RunFilter {
        from: Some(fire_time),
        until: Some(fire_time + TimeDelta::microseconds(1)),
        limit: 16,
        ..RunFilter::job(claim.id.clone())
    })
}

/// Takes a claim for won if the run that it has let wait or skipped is among these.
///
/// Returns the row of the job if it has moved on since.
pub fn found_queued(claim: &Claim, answer: &mut ClaimAnswer, runs: &[Run]) -> Option<StoredJob> {
    let ClaimKind::Manual { incarnation, .. } = &claim.kind else {
        return None;
    };
    let is_its =
        |run: &&Run| run.key.origin == Origin::Manual && run.key.incarnation == *incarnation;
    let found = runs.iter().find(is_its)?;
    let row = match answer {
        ClaimAnswer::Lost(row) => row.take(),
        _ => None,
    };
    if let Some(row) = &row {
        *answer = ClaimAnswer::Won(won(claim, None, Some(row)));
    }
    if let ClaimAnswer::Won(won) = answer {
        won.first = found.id;
    }
    row
}

fn won(claim: &Claim, first: Option<&OpenRun>, row: Option<&StoredJob>) -> Won {
    let mut state = row.map(|row| row.state).unwrap_or_default();
    if let ClaimKind::Advance { revision, .. } = &claim.kind {
        state.revision = revision + 1;
    }
    let (id, token) = first.map_or((RunId::default(), state.token), |run| (run.id, run.token));
    let mut won = Won::new(&state, id, token);
    won.job = row
        .filter(|row| is_of_claim(claim, first, row))
        .map(|row| Arc::clone(&row.job));
    won
}

/// Returns true if a row holds the definition that the claim was made for, so that its job can tell
/// the arguments. An edit may have begun the fire times of the job anew since.
fn is_of_claim(claim: &Claim, first: Option<&OpenRun>, row: &StoredJob) -> bool {
    let incarnation = match claim.kind {
        ClaimKind::Manual { incarnation, .. } => Some(incarnation),
        _ => first.map(|run| run.key.incarnation),
    };
    incarnation == Some(row.state.incarnation)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use punctual_core::Outcome;
    use punctual_core::plan::{manual, plan};
    use punctual_core::{Interval, Job, JobState, RunKey};
    use punctual_store::{Lease, RunOverrides};

    use super::*;

    fn hourly() -> StoredJob {
        let trigger = Interval::every(std::time::Duration::from_secs(3_600));
        let trigger = trigger.start(DateTime::UNIX_EPOCH).build().unwrap();
        let mut state = JobState::default();
        state.next_run_time = Some(DateTime::UNIX_EPOCH);
        let job = Arc::new(Job::new("a".try_into().unwrap(), "work", trigger));
        StoredJob::new(job, state)
    }

    /// Returns a claim of a due fire time, and the open run that answers for the same fire time.
    fn claimed(stored: &StoredJob) -> (ClaimRequest, OpenRun) {
        let plan = plan(&stored.job.view(&stored.state), DateTime::UNIX_EPOCH);
        assert_eq!(plan.start, [DateTime::UNIX_EPOCH]);
        let (id, birth) = (stored.job.id().clone(), stored.state.birth);
        let revision = stored.state.revision;
        let claim = Claim::new(id.clone(), birth, ClaimKind::Advance { revision, plan });
        let key = RunKey {
            incarnation: stored.state.incarnation,
            origin: Origin::Scheduled,
            fire_time: DateTime::UNIX_EPOCH,
        };
        let lease = Lease::new("one".into(), 1);
        let request = ClaimRequest::new(lease, DateTime::UNIX_EPOCH)
            .claims(vec![claim])
            .takes_waiting(true)
            .is_repeated(true);
        (request, OpenRun::new(RunId(7), 1, id, birth, key))
    }

    #[test]
    fn a_claim_whose_run_is_there_was_won() {
        let stored = hourly();
        let (request, run) = claimed(&stored);
        let mut reply = ClaimReply::new(vec![ClaimAnswer::Lost(Some(stored))]);
        find_won(&request, &mut reply, std::slice::from_ref(&run));
        assert!(matches!(&reply.answers[0], ClaimAnswer::Won(won) if won.first == run.id));
    }

    /// An edit kept the fire time, and the same lost answer handed out the next attempt of the run
    /// before the edit. It goes on, and does not begin anew.
    #[test]
    fn a_next_attempt_is_not_that_of_a_claim() {
        let stored = hourly();
        let (request, mut run) = claimed(&stored);
        run.attempts = 1;
        let mut reply = ClaimReply::new(vec![ClaimAnswer::Lost(Some(stored))]);
        find_won(&request, &mut reply, &[run]);
        assert!(matches!(reply.answers[0], ClaimAnswer::Lost(_)));
    }

    /// The scheduler had not heard of an edit that kept the fire time, and also claimed it for the
    /// job before the edit.
    #[test]
    fn a_run_is_that_of_one_claim() {
        let stored = hourly();
        let (mut request, run) = claimed(&stored);
        let mut newer = request.claims[0].clone();
        let ClaimKind::Advance { revision, .. } = &mut newer.kind else {
            unreachable!("it is due");
        };
        *revision += 2;
        request.claims.push(newer);
        let mut reply = ClaimReply::new(vec![ClaimAnswer::Lost(Some(stored)); 2]);
        find_won(&request, &mut reply, &[run]);
        assert!(matches!(reply.answers[0], ClaimAnswer::Lost(_)));
        assert!(matches!(reply.answers[1], ClaimAnswer::Won(_)));
    }

    /// The job was rescheduled, and claimed before and after. Its new schedule has opened an
    /// instance of several fire times, one of which is also in the old schedule and must not begin
    /// again.
    #[test]
    fn all_runs_of_an_instance_are_those_of_one_claim() {
        let stored = hourly();
        let (mut request, first) = claimed(&stored);
        let hour = TimeDelta::hours(1);
        let mut newer = request.claims[0].clone();
        let ClaimKind::Advance { revision, plan } = &mut newer.kind else {
            unreachable!("it is due");
        };
        *revision += 2;
        plan.start = vec![DateTime::UNIX_EPOCH - hour, DateTime::UNIX_EPOCH];
        request.claims.push(newer);
        let mut before = OpenRun::new(RunId(6), 1, first.job.clone(), first.birth, first.key);
        before.key.fire_time -= hour;
        before.ends_instance = false;
        let mut reply = ClaimReply::new(vec![ClaimAnswer::Lost(Some(stored)); 2]);
        find_won(&request, &mut reply, &[before, first]);
        assert!(matches!(reply.answers[0], ClaimAnswer::Lost(_)));
        assert!(matches!(&reply.answers[1], ClaimAnswer::Won(won) if won.first == RunId(6)));
    }

    /// A lost answer also handed out runs that an earlier claim had queued. An older claim of one
    /// of their fire times has not opened them, or the other runs of the instance would never
    /// begin.
    #[test]
    fn part_of_an_instance_is_not_taken_for_all_of_another() {
        let stored = hourly();
        let (request, last) = claimed(&stored);
        let mut before = OpenRun::new(RunId(6), 1, last.job.clone(), last.birth, last.key);
        before.key.fire_time -= TimeDelta::hours(1);
        before.ends_instance = false;
        let mut reply = ClaimReply::new(vec![ClaimAnswer::Lost(Some(stored))]);
        find_won(&request, &mut reply, &[before, last]);
        assert!(matches!(reply.answers[0], ClaimAnswer::Lost(_)));
    }

    /// Another node had queued the fire time, and the same answer hands that run out. The run
    /// begins by the answer already.
    #[test]
    fn a_claim_whose_run_is_handed_out_was_lost() {
        let stored = hourly();
        let (request, run) = claimed(&stored);
        let (job, runs) = (stored.clone(), vec![run.clone()]);
        let mut reply = ClaimReply::new(vec![ClaimAnswer::Lost(Some(stored))])
            .handed(vec![Handed::new(job, runs)]);
        find_won(&request, &mut reply, &[run]);
        assert!(matches!(reply.answers[0], ClaimAnswer::Lost(_)));
    }

    /// Another node had queued it, and the lost answer handed it out.
    #[test]
    fn a_run_that_an_earlier_request_opened_is_not_that_of_a_claim() {
        let stored = hourly();
        let (request, mut run) = claimed(&stored);
        run.opened = request.now - TimeDelta::seconds(1);
        let mut reply = ClaimReply::new(vec![ClaimAnswer::Lost(Some(stored))]);
        find_won(&request, &mut reply, &[run]);
        assert!(matches!(reply.answers[0], ClaimAnswer::Lost(_)));
    }

    /// The first part lets a run wait and hands it out. An end in the second part gives it back, and
    /// the run is handed out under a newer token.
    #[test]
    fn a_run_that_a_later_part_gives_back_is_handed_out_once() {
        let stored = hourly();
        let (request, run) = claimed(&stored);
        let mut newer = run.clone();
        newer.token += 1;
        let token = newer.token;
        let end = RunEnd::new(run.id, Outcome::Lost, 0, 0).retry_at(Some(0));
        let other = RunEnd::new(RunId(3), Outcome::Lost, 0, 0);
        let request = request.ends(vec![other, end.clone()]);
        let mut reply = ClaimReply::new(vec![ClaimAnswer::NotTried])
            .ends_done(1)
            .handed(vec![Handed::new(stored.clone(), vec![run])]);
        let untried = untried(&request, &reply).unwrap();
        assert_eq!((untried.ends.len(), untried.claims.len()), (1, 1));
        assert_eq!(untried.ends[0].run, end.run);
        assert!(untried.takes_waiting && untried.is_repeated);
        let nothing = ClaimReply::new(vec![ClaimAnswer::NotTried]);
        assert!(!add(&mut reply.clone(), &untried, nothing));
        let rest = ClaimReply::new(vec![ClaimAnswer::Lost(None)])
            .ends_done(1)
            .handed(vec![Handed::new(stored, vec![newer])]);
        assert!(add(&mut reply, &untried, rest));
        let tokens = reply.handed.iter().map(|handed| handed.runs[0].token);
        assert_eq!(tokens.collect::<Vec<_>>(), [token]);
        assert_eq!(reply.ends_done, 2);
        assert!(super::untried(&request, &reply).is_none());
    }

    /// Returns the claim of a run by hand that is to wait, or to start.
    fn by_hand(stored: &StoredJob, waits: bool) -> Claim {
        let view = stored.job.view(&stored.state);
        let mut plan = manual(&view, DateTime::UNIX_EPOCH);
        if waits {
            plan.queue = std::mem::take(&mut plan.start);
        }
        let kind = ClaimKind::Manual {
            incarnation: stored.state.incarnation,
            plan,
            overrides: RunOverrides::none(),
        };
        Claim::new(stored.job.id().clone(), stored.state.birth, kind)
    }

    /// The key of a run that waits is used. Otherwise the first request was not accepted.
    #[test]
    fn a_run_by_hand_was_let_wait_only_if_it_was_to_wait_and_its_job_is_the_same() {
        let stored = hourly();
        let mut rescheduled = stored.clone();
        rescheduled.state.incarnation += 1;
        let mut another = stored.clone();
        another.state.birth += 1;
        for (waits, row, wanted) in [
            (true, &stored, true),
            (false, &stored, false),
            (true, &rescheduled, false),
            (true, &another, false),
        ] {
            let answer = ClaimAnswer::Lost(Some(row.clone()));
            assert_eq!(was_refused(&by_hand(&stored, waits), &answer), wanted);
        }
    }

    /// Other runs of the job were asked for by hand, before and since.
    #[test]
    fn a_run_that_waits_is_looked_for_at_its_own_fire_time() {
        let stored = hourly();
        let claim = by_hand(&stored, true);
        let won = ClaimAnswer::Won(Won::new(&stored.state, RunId::default(), 1));
        let filter = queued_by_hand(&claim, &won).unwrap();
        let fire_time = DateTime::UNIX_EPOCH;
        assert_eq!(filter.from, Some(fire_time));
        assert_eq!(filter.until, Some(fire_time + TimeDelta::microseconds(1)));
        let known = ClaimAnswer::Won(Won::new(&stored.state, RunId(3), 1));
        assert!(queued_by_hand(&claim, &known).is_none());
    }

    #[test]
    fn a_run_that_waits_is_looked_for_although_its_job_was_rescheduled() {
        let stored = hourly();
        let claim = by_hand(&stored, true);
        let lost = |change: fn(&mut JobState)| {
            let mut row = stored.clone();
            change(&mut row.state);
            ClaimAnswer::Lost(Some(row))
        };
        let mut rescheduled = lost(|state| state.incarnation += 1);
        assert!(queued_by_hand(&claim, &rescheduled).is_some());
        assert!(queued_by_hand(&claim, &lost(|_| ())).is_none());
        let replaced = lost(|state| (state.birth, state.incarnation) = (9, 9));
        assert!(queued_by_hand(&claim, &replaced).is_none());
        assert!(found_queued(&claim, &mut rescheduled, &[]).is_none());
        assert!(matches!(rescheduled, ClaimAnswer::Lost(Some(_))));
    }
}
