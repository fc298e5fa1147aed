//! Wrong lists and feeds.

use punctual_core::{JobId, Outcome, Run, limits};

use super::{Breaking, Defect};
use crate::{
    Error, JobFilter, JobOrder, JobPage, JobStore, LastRun, RecentRequest, RunCursor, RunFeed,
    RunFilter, RunsSince,
};

impl<S: JobStore> Breaking<S> {
    pub(super) async fn broken_list(&self, mut filter: JobFilter) -> Result<JobPage, Error> {
        if self.has(Defect::IgnoresPages) {
            filter.after = None;
        }
        if self.has(Defect::IgnoresOrders) {
            filter.order = JobOrder::Id;
        }
        let mut page = self.inner.list(filter).await?;
        self.break_last_runs(&mut page).await?;
        if let Some(next) = page
            .next
            .as_mut()
            .filter(|_| self.has(Defect::PassesOverTies))
        {
            let last = "\u{10ffff}".repeat(limits::MAX_ID_CHARS);
            next.id = JobId::new(last).unwrap_or_else(|_| next.id.clone());
        }
        Ok(page)
    }

    async fn break_last_runs(&self, page: &mut JobPage) -> Result<(), Error> {
        if self.has(Defect::ListsNoLastRuns) {
            page.last_runs.iter_mut().for_each(|last| *last = None);
        }
        let is_wrong = self.has(Defect::LastRunNeverRan) || self.has(Defect::LastRunByTheEnd);
        for (stored, last) in page.jobs.iter().zip(&mut page.last_runs) {
            if !is_wrong {
                break;
            }
            let filter = RunFilter::job(stored.job.id().clone());
            let runs = self.inner.runs(filter).await?.into_iter();
            let wrong = if self.has(Defect::LastRunNeverRan) {
                runs.max_by_key(|run| run.id)
            } else {
                runs.filter(|run| run.finished.is_some())
                    .min_by_key(|run| run.id)
            };
            *last = wrong.and_then(|run| {
                let fire_time = run.fire_time().timestamp_micros();
                LastRun::of(run.id, fire_time, Outcome::Succeeded, None, 0)
            });
        }
        Ok(())
    }

    pub(super) async fn broken_recent(&self, request: RecentRequest) -> Result<Vec<Run>, Error> {
        let per_job = request.per_job;
        let mut runs = self.inner.recent(request).await?;
        if self.has(Defect::HidesOldRuns) {
            let all = runs.clone();
            let newer = |run: &Run| {
                let same = all.iter().filter(|other| other.job == run.job);
                same.filter(|other| RunCursor::of(other) > RunCursor::of(run))
                    .count()
            };
            runs.retain(|run| newer(run) < per_job);
        }
        if self.has(Defect::MixesJobs) {
            runs.sort_by_key(|run| std::cmp::Reverse(RunCursor::of(run)));
        }
        Ok(runs)
    }

    pub(super) async fn broken_feed(
        &self,
        mut since: RunFeed,
        limit: usize,
    ) -> Result<RunsSince, Error> {
        if self.has(Defect::FeedsTooFar) {
            return self.torn_feed(since, limit).await;
        }
        if self.has(Defect::FeedsThePast) && since == RunFeed::END {
            since = RunFeed::default();
        }
        let mut told = self.inner.runs_since(since, limit).await?;
        let has_ended = |run: &Run| run.finished.map(|at| at.timestamp_micros());
        if self.has(Defect::FeedsNoEnds) {
            told.runs.retain(|run| has_ended(run).is_none());
        }
        if self.has(Defect::FeedsForEver) && !told.runs.is_empty() {
            told.next = since;
        }
        if self.has(Defect::FeedsOnePage) && told.more {
            told.next = self.inner.runs_since(RunFeed::END, 1).await?.next;
            told.more = false;
        }
        if self.has(Defect::FeedsByTheClock) {
            let before = self.steps.feed(told.runs.iter().filter_map(has_ended));
            told.runs
                .retain(|run| has_ended(run).is_none_or(|at| at > before));
        }
        Ok(told)
    }
}
