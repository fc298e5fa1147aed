//! What rows, open runs and nodes say of each other.

use std::collections::{BTreeMap, BTreeSet};

use punctual_core::{JobId, JobState, Origin, Run, RunId, RunState};

/// Rows whose counts are not those of their open runs.
pub(crate) fn miscounted<'a>(
    rows: impl IntoIterator<Item = (&'a JobId, JobState)>,
    open: &[Run],
) -> Vec<String> {
    let mut of_jobs: BTreeMap<&JobId, Vec<&Run>> = BTreeMap::new();
    for run in open {
        of_jobs.entry(&run.job).or_default().push(run);
    }
    let mut wrong = Vec::new();
    for (id, state) in rows {
        let its = of_jobs.remove(id).unwrap_or_default().into_iter();
        // A job that had its id before may have left runs behind.
        let its = its.filter(|run| run.key.incarnation >= state.birth);
        let (waiting, under_way) = its.partition(|run| run.state == RunState::Queued);
        for (what, count, runs) in [
            ("run", state.running, under_way),
            ("wait", state.queued, waiting),
        ] {
            let (fewest, most) = instances(runs);
            if !(fewest..=most).contains(&count) {
                wrong.push(format!(
                    "{id}: its row says that {count} {what}, and there are {fewest} to {most}"
                ));
            }
        }
    }
    wrong
}

/// How many instances these runs are at least and at most: those of one have numbers that follow
/// each other.
fn instances(mut runs: Vec<&Run>) -> (u32, u32) {
    runs.sort_unstable_by_key(|run| run.id);
    let follows = |pair: &&[&Run]| {
        let key = |run: &Run| (run.key.incarnation, run.key.origin == Origin::Manual);
        pair[1].id.0 == pair[0].id.0 + 1 && key(pair[0]) == key(pair[1])
    };
    let following = runs.windows(2).filter(follows).count();
    let count = |number: usize| u32::try_from(number).unwrap();
    (count(runs.len() - following), count(runs.len()))
}

/// Runs that a node has and its store does not give it, and the other way round.
pub(crate) fn unlike(stored: &BTreeSet<RunId>, mut held: BTreeSet<RunId>) -> Vec<String> {
    // Of an instance, a node shows the run that has begun. The others come after it.
    let next = |run: &RunId| Some(RunId(run.0 + 1)).filter(|next| stored.contains(next));
    let after = |run: &RunId| std::iter::successors(next(run), next);
    let follow: Vec<RunId> = held.iter().flat_map(after).collect();
    held.extend(follow);
    let differ = stored.symmetric_difference(&held);
    let told = differ.map(|run| {
        let has = if held.contains(run) { "has" } else { "lacks" };
        format!("{has} run {run}, unlike its store")
    });
    told.collect()
}
