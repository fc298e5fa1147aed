//! Lists runs of all stores.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use punctual_core::{IntoWhen, JobId, Outcomes, Run, When};
use punctual_store::{RunCursor, RunFilter};

use super::call::Call;
use super::list_stream::{Items, RunStream};
use super::merge::{Listed, Merge, PIECE, Piece};
use super::page::{Cursor, Page, Places, check_size};
use super::{IntoJobId, Scheduler, job_id};
use crate::error::Error;
use crate::stores::NamedStore;
use crate::time::when::instant;

/// # Listing runs
impl Scheduler {
    /// Lists runs of all stores together, those that were opened last first. All that match are in
    /// the answer, unless there is a [limit](Runs::limit).
    ///
    /// The list holds runs that wait or are under way on any node, runs that have ended, and ranges
    /// of fire times that did not run. A store learns of an attempt when it ends. Of an attempt that
    /// is under way on this node, the list tells `started` and `attempts` nevertheless.
    ///
    /// ```
    /// # async fn doc(scheduler: punctual_tokio::Scheduler) -> Result<(), punctual_tokio::Error> {
    /// use punctual_core::Outcomes;
    ///
    /// let bad = Outcomes::FAILED | Outcomes::TIMED_OUT;
    /// for run in scheduler.runs().job("report").outcomes(bad).limit(50).await? {
    ///     println!("{} {:?} {:?}", run.fire_time(), run.outcome(), run.error);
    /// }
    /// for run in scheduler.runs().open().await? {
    ///     println!("{} on {:?} since {:?}", run.job, run.node, run.started);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn runs(&self) -> Runs {
        Runs::new(Ok(self.clone()))
    }
}

/// A list of runs that is being asked for. `await` it, or take it as a [`stream`](Self::stream) or
/// page by [`page`](Self::page). Each setting narrows the list further.
///
/// The stores are read in pieces, so no call holds a store for long.
///
/// ```
/// # use punctual_tokio::Scheduler;
/// use punctual_core::{Outcome, Outcomes};
/// # async fn tick() {}
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), punctual_tokio::Error> {
/// # let scheduler = Scheduler::new();
/// # scheduler.add_job(tick, "@hourly").id("tick").await?;
/// # scheduler.start().await?;
/// scheduler.run_job("tick").await?.wait().await?;
/// let runs = scheduler.runs().job("tick").ended().limit(10).await?;
/// assert_eq!(runs[0].outcome(), Some(Outcome::Succeeded));
///
/// let bad = scheduler.runs().outcomes(Outcomes::FAILED | Outcomes::TIMED_OUT).store("default");
/// assert!(bad.from("2026-01-01T00:00:00Z").until("2026-02-01T00:00:00Z").await?.is_empty());
/// assert!(scheduler.runs().open().page(50).await?.items.is_empty());
///
/// let mut all = scheduler.runs().stream();
/// while let Some(run) = all.next().await {
///     println!("{}", run?.fire_time());
/// }
/// # scheduler.shutdown().await?;
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// Returns an error if the id or a time is not valid, if there is no store of the alias, or if a
/// store cannot be reached.
///
/// # Cancel safety
///
/// This call is cancel safe. It changes nothing.
#[derive(Debug, Clone)]
#[must_use = "a list is read when it is awaited"]
pub struct Runs {
    scheduler: Result<Scheduler, Error>,
    job: Option<Result<JobId, Error>>,
    from: Option<Result<When, Error>>,
    until: Option<Result<When, Error>>,
    filter: RunFilter,
    ended: bool,
    store: Option<String>,
    limit: Option<usize>,
}

impl Runs {
    pub(super) fn new(scheduler: Result<Scheduler, Error>) -> Self {
        Self {
            scheduler,
            job: None,
            from: None,
            until: None,
            filter: RunFilter::default(),
            ended: false,
            store: None,
            limit: None,
        }
    }

    /// Selects runs of this job, even if the job is gone. An id that never had a job selects no runs.
    pub fn job(mut self, id: impl IntoJobId) -> Self {
        self.job = Some(job_id(id));
        self
    }

    /// Selects runs with one of these outcomes. An [`Outcome`](punctual_core::Outcome) is a set of
    /// one.
    pub fn outcomes(mut self, outcomes: impl Into<Outcomes>) -> Self {
        self.filter.outcomes = Some(outcomes.into());
        self
    }

    /// Selects runs that wait or are under way, on all nodes.
    pub fn open(mut self) -> Self {
        self.filter.open = true;
        self
    }

    /// Selects runs that have ended, and ranges of fire times that did not run.
    pub fn ended(mut self) -> Self {
        self.ended = true;
        self
    }

    /// Selects runs with a fire time from this one on. A local time is one of the scheduler's zone.
    pub fn from(mut self, fire_time: impl IntoWhen) -> Self {
        self.from = Some(fire_time.into_when("from"));
        self
    }

    /// Selects runs with a fire time before this one. A local time is one of the scheduler's zone.
    pub fn until(mut self, fire_time: impl IntoWhen) -> Self {
        self.until = Some(fire_time.into_when("until"));
        self
    }

    /// Selects runs of the store with this alias.
    pub fn store(mut self, alias: impl Into<String>) -> Self {
        self.store = Some(alias.into());
        self
    }

    /// Ends the list after this number of runs, which are the newest. With 0, the list is empty.
    pub fn limit(mut self, runs: usize) -> Self {
        self.limit = Some(runs);
        self
    }

    /// Returns the runs one by one. The stream reads 1,000 runs of a store at a time.
    pub fn stream(self) -> RunStream {
        let limit = self.limit.unwrap_or(usize::MAX);
        let merge = self.merge(BTreeMap::new());
        let merge = merge.map(|merge| merge.in_pieces_of(limit.clamp(1, PIECE)));
        RunStream::new(Items::new(merge, limit))
    }

    /// Lists one page of this number of runs. A list in pages has no [limit](Self::limit).
    pub fn page(self, size: usize) -> RunsPage {
        RunsPage {
            list: self,
            size,
            after: None,
        }
    }

    fn merge(mut self, before: BTreeMap<String, RunCursor>) -> Result<Merge<Ledger>, Error> {
        let scheduler = self.scheduler?;
        let stores = scheduler.shared.asked(self.store.as_deref())?;
        self.filter.job = self.job.transpose()?;
        let zone = scheduler.shared.zone;
        let read = |field, when: Option<Result<When, Error>>| match when {
            Some(when) => instant(field, when?, zone).map(Some),
            None => Ok(None),
        };
        self.filter.from = read("from", self.from)?;
        self.filter.until = read("until", self.until)?;
        if self.ended {
            self.filter.outcomes = self.filter.outcomes.or(Some(Outcomes::ALL));
        }
        let ledger = Ledger {
            filter: self.filter,
            scheduler,
        };
        Ok(Merge::new(Arc::new(ledger), stores, before))
    }

    async fn read(self) -> Result<Vec<Run>, Error> {
        let limit = self.limit;
        let mut merge = self.merge(BTreeMap::new())?;
        if let Some(limit) = limit {
            merge = merge.in_pieces_of(limit.clamp(1, PIECE));
        }
        merge.take(limit.unwrap_or(usize::MAX)).await
    }
}

impl IntoFuture for Runs {
    type Output = Result<Vec<Run>, Error>;
    type IntoFuture = Call<Vec<Run>>;

    fn into_future(self) -> Self::IntoFuture {
        Call::new(self.read())
    }
}

/// A page of a list of runs that is being asked for.
///
/// # Errors
///
/// Returns an error if the list does, if the cursor belongs to another list, if the size is 0, or
/// if the list has a limit.
///
/// # Cancel safety
///
/// This call is cancel safe. It changes nothing.
#[derive(Debug, Clone)]
#[must_use = "a page is read when it is awaited"]
pub struct RunsPage {
    list: Runs,
    size: usize,
    after: Option<Cursor>,
}

impl RunsPage {
    /// Begins at the [`next`](Page::next) of another page, or at the beginning if it has none.
    pub fn after(mut self, cursor: impl Into<Option<Cursor>>) -> Self {
        self.after = cursor.into();
        self
    }

    async fn read(self) -> Result<Page<Run>, Error> {
        check_size(self.size, self.list.limit)?;
        let merge = self.list.merge(Places::of_runs(self.after)?)?;
        // One run more than fits on the page tells if there is another page.
        let mut merge = merge.in_pieces_of(self.size.saturating_add(1).min(PIECE));
        let items = merge.take(self.size).await?;
        let places = merge.rest().await?;
        let next = places.map(|places| Cursor(Places::Runs(places)));
        Ok(Page { items, next })
    }
}

impl IntoFuture for RunsPage {
    type Output = Result<Page<Run>, Error>;
    type IntoFuture = Call<Page<Run>>;

    fn into_future(self) -> Self::IntoFuture {
        Call::new(self.read())
    }
}

/// The runs that a list selects.
pub(super) struct Ledger {
    filter: RunFilter,
    scheduler: Scheduler,
}

impl Listed for Ledger {
    type Item = Run;
    type Place = RunCursor;

    async fn read(
        &self,
        named: &NamedStore,
        before: Option<RunCursor>,
        count: usize,
    ) -> Result<Piece<Self>, Error> {
        let filter = RunFilter {
            before,
            limit: count,
            ..self.filter.clone()
        };
        let mut runs = named.store.runs(filter).await?;
        self.scheduler.add_progress(named, &mut runs).await;
        let last = runs.last().map(RunCursor::of);
        let next = last.filter(|_| runs.len() >= count);
        let items = runs.into_iter().map(|mut run| {
            run.store = Some(Arc::clone(&named.alias));
            (RunCursor::of(&run), run)
        });
        Ok(Piece {
            items: items.collect(),
            next,
        })
    }

    fn compare(one: &RunCursor, other: &RunCursor) -> Ordering {
        other.cmp(one)
    }
}
