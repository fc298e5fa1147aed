//! Lists of jobs.

use std::collections::BTreeMap;

use punctual_core::Outcome;

use super::rows::{NONE, Row};
use super::state::State;
use crate::{JobCursor, JobFilter, JobOrder, JobPage};

impl State {
    /// Looks at all jobs, and holds no more of them than a page.
    pub(super) fn list(&self, filter: &JobFilter) -> JobPage {
        let limit = match filter.limit {
            0 => usize::MAX,
            limit => limit,
        };
        let after = filter.after.as_ref().map(|after| (after.rank, &after.id));
        let mut page = BTreeMap::new();
        for row in self.rows.all() {
            let place = (self.rank(filter.order, row), row.job.id());
            if after.is_some_and(|after| place <= after) || !filter.admits(&row.stored()) {
                continue;
            }
            page.insert(place, row);
            if page.len() > limit.saturating_add(1) {
                page.pop_last();
            }
        }
        let has_more = page.len() > limit;
        if has_more {
            page.pop_last();
        }
        let last = page.last_key_value().filter(|_| has_more);
        JobPage {
            next: last.map(|((rank, id), _)| JobCursor {
                rank: *rank,
                id: (*id).clone(),
            }),
            jobs: page.into_values().map(Row::stored).collect(),
        }
    }

    fn rank(&self, order: JobOrder, row: &Row) -> i64 {
        order.rank(&row.state, self.last_outcome(row))
    }

    fn last_outcome(&self, row: &Row) -> Option<Outcome> {
        let history = Some(row.history).filter(|history| *history != NONE)?;
        self.ledger.statistics(history)?.last_outcome
    }
}
