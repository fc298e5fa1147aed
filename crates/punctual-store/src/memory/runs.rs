//! Reads of open runs and of the ledger.

use std::cmp::Reverse;
use std::collections::HashMap;

use punctual_core::{JobId, Run, RunId};

use super::ledger::{Entry, at};
use super::open_runs::{Open, Past};
use super::state::State;
use crate::{Error, OpenRequest, OpenRun, RecentRequest, RunFeed, RunFilter, RunsSince};

/// A run, open or over.
#[derive(Debug)]
enum Found<'a> {
    Open(&'a Open),
    Ended(&'a JobId, &'a Entry),
}

/// A place in the order of the ledger, and the run there.
type Placed<'a> = ((i64, RunId), Found<'a>);

/// The maximum number of runs in one answer of the feed.
const FEED: usize = 1_000;

impl State {
    pub(super) fn open_runs(&self, request: &OpenRequest) -> Vec<OpenRun> {
        let Some(node) = self.nodes.name_of(&request.node.node) else {
            return Vec::new();
        };
        let epoch = request.node.epoch;
        let its = self.open.in_order(|id, open| {
            Some(id) > request.after && open.node == node && open.epoch == epoch
        });
        its.into_iter()
            .take(request.limit)
            .filter_map(|(id, open)| self.told(id, open))
            .collect()
    }

    pub(super) fn open_run(&self, id: RunId) -> Option<OpenRun> {
        self.told(id, self.open.get(id)?)
    }

    fn told(&self, id: RunId, open: &Open) -> Option<OpenRun> {
        let job = self.ledger.job(open.history)?.clone();
        let Past {
            reruns,
            attempts,
            started,
            failure,
            args,
            ..
        } = open.past.as_deref().cloned().unwrap_or_default();
        Some(OpenRun {
            opened: at(open.opened),
            state: open.state(),
            ends_instance: open.ends_instance,
            reruns,
            attempts,
            started,
            failure,
            cancel: open.cancel,
            args,
            ..OpenRun::new(id, open.token, job, open.birth, open.key())
        })
    }

    pub(super) fn runs(&self, filter: &RunFilter) -> Vec<Run> {
        let history = match &filter.job {
            Some(job) => match self.ledger.find(job) {
                None => return Vec::new(),
                found => found,
            },
            None => None,
        };
        let limit = match filter.limit {
            0 => usize::MAX,
            limit => limit,
        };
        let mut found = self.placed(history, filter);
        // Runs mostly end in the order in which they were opened, so there is little to sort.
        found.sort_by_key(|(place, _)| Reverse(*place));
        let runs = found.iter().filter_map(|placed| self.shown(placed));
        runs.filter(|run| filter.admits(run)).take(limit).collect()
    }

    /// Returns the runs of one history, or of all, with their places. They are narrowed down to one
    /// number and to open runs.
    fn placed(&self, history: Option<u32>, filter: &RunFilter) -> Vec<Placed<'_>> {
        let is_its = |open: &Open| history.is_none_or(|history| open.history == history);
        let open = self.open.iter().filter(|(_, open)| is_its(open));
        let open = open.map(|(id, open)| placed_open(id, open));
        let ended = self.ledger.newest_first(history).filter(|_| !filter.open);
        let is_named = |(place, _): &Placed<'_>| filter.id.is_none_or(|id| place.1 == id);
        open.chain(ended.map(placed_ended))
            .filter(is_named)
            .collect()
    }

    fn shown(&self, (place, found): &Placed<'_>) -> Option<Run> {
        match found {
            Found::Open(open) => self.shown_open(place.1, open),
            Found::Ended(job, entry) => Some(self.shown_ended(job, entry)),
        }
    }

    fn shown_open(&self, id: RunId, open: &Open) -> Option<Run> {
        let job = self.ledger.job(open.history)?;
        Some(open.run(id, job, self.ledger.names.text(open.node)))
    }

    fn shown_ended(&self, job: &JobId, entry: &Entry) -> Run {
        entry.run(job, self.ledger.names.text(entry.node))
    }

    pub(super) fn recent(&self, request: &RecentRequest) -> Result<Vec<Run>, Error> {
        let jobs = request.distinct()?.into_iter();
        let histories: Vec<_> = jobs.filter_map(|job| self.ledger.find(job)).collect();
        // One pass over all open runs serves all jobs of the request.
        let mut open: HashMap<u32, Vec<Placed<'_>>> =
            histories.iter().map(|own| (*own, Vec::new())).collect();
        for (id, run) in self.open.iter() {
            if let Some(own) = open.get_mut(&run.history) {
                own.push(placed_open(id, run));
            }
        }
        let mut runs = Vec::new();
        for history in histories {
            let mut found = open.remove(&history).unwrap_or_default();
            found.extend(self.ledger.newest_first(Some(history)).map(placed_ended));
            found.sort_by_key(|(place, _)| Reverse(*place));
            let is_told = |index: usize, found: &Found<'_>| {
                index < request.per_job || matches!(found, Found::Open(_))
            };
            let found = found.iter().enumerate();
            let told = found.filter(|(index, (_, found))| is_told(*index, found));
            runs.extend(told.filter_map(|(_, placed)| self.shown(placed)));
        }
        Ok(runs)
    }

    /// Returns ended entries in the order in which they were recorded, and open runs by number.
    ///
    /// A run that has ended is only among the entries, even if it was reported as open before.
    pub(super) fn runs_since(&self, since: RunFeed, limit: usize) -> RunsSince {
        let last = RunFeed::new(self.next_run - 1, self.ledger.recorded());
        let since = since.up_to(last);
        let limit = limit.clamp(1, FEED);
        let mut runs = Vec::new();
        let (mut opened, mut ended) = (last.opened(), last.ended());
        let mut told = (since.opened(), since.ended());
        let mut more = false;
        for (place, job, entry) in self.ledger.recorded_after(since.ended()) {
            if runs.len() == limit {
                (ended, more) = (told.1, true);
                break;
            }
            runs.push(self.shown_ended(job, entry));
            told.1 = place;
        }
        let new = |id: RunId, _: &Open| id.0 > since.opened();
        for (id, open) in self.open.in_order(new) {
            if runs.len() == limit {
                (opened, more) = (told.0, true);
                break;
            }
            runs.extend(self.shown_open(id, open));
            told.0 = id.0;
        }
        runs.sort_unstable_by_key(|run| run.id);
        RunsSince {
            runs,
            next: RunFeed::new(opened, ended),
            more,
        }
    }
}

fn placed_open(id: RunId, open: &Open) -> Placed<'_> {
    ((open.opened, id), Found::Open(open))
}

fn placed_ended<'a>((job, entry): (&'a JobId, &'a Entry)) -> Placed<'a> {
    ((entry.opened, entry.id), Found::Ended(job, entry))
}
