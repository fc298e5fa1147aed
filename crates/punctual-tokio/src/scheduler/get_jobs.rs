//! Lists jobs of all stores.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use punctual_core::JobId;
use punctual_store::{JobCursor, JobFilter, JobOrder, RecentRequest, StoredJob};

use super::Scheduler;
use super::call::Call;
use super::declare::Vanished;
use super::list_stream::{Items, JobStream};
use super::merge::{Listed, Merge, Piece};
use super::page::{Cursor, Page, Places, check_size};
use crate::error::Error;
use crate::job::snapshot::JobSnapshot;
use crate::stores::NamedStore;

/// # Listing jobs
impl Scheduler {
    /// Lists jobs of all stores together. All that match are in the answer, unless there is a
    /// [limit](GetJobs::limit).
    ///
    /// ```
    /// # async fn doc(scheduler: punctual_tokio::Scheduler) -> Result<(), punctual_tokio::Error> {
    /// use punctual_tokio::JobOrder;
    ///
    /// let paused = scheduler.get_jobs().tag("billing").paused(true).await?;
    /// let next = scheduler.get_jobs().order(JobOrder::NextRun).limit(10).await?;
    ///
    /// let mut jobs = scheduler.get_jobs().search("inv").stream();
    /// while let Some(job) = jobs.next().await.transpose()? {
    ///     println!("{} {:?}", job.id(), job.next_run_time());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_jobs(&self) -> GetJobs {
        GetJobs {
            scheduler: self.clone(),
            filter: JobFilter::default(),
            store: None,
            limit: None,
            vanished: false,
            recent: None,
        }
    }
}

/// A list of jobs that is being asked for. `await` it, or take it as a [`stream`](Self::stream) or
/// page by [`page`](Self::page). Each setting narrows the list further.
///
/// The stores are read in pieces, so no call holds a store for long. A job that is stored from the
/// beginning to the end is listed once. In an order other than that of ids, a stream and pages may
/// list a job twice or leave it out if its place in the order changes in between.
///
/// ```
/// # use punctual_tokio::Scheduler;
/// use punctual_tokio::JobOrder;
/// # async fn bill() {}
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), punctual_tokio::Error> {
/// # let scheduler = Scheduler::new();
/// scheduler.add_job(bill, "@daily").id("bill").tag("money").await?;
/// let jobs = scheduler.get_jobs().tag("money").paused(false).order(JobOrder::NextRun).await?;
/// assert_eq!(jobs[0].id().as_str(), "bill");
///
/// let mut all = scheduler.get_jobs().store("default").search("bil").stream();
/// while let Some(job) = all.next().await {
///     println!("{}", job?.name());
/// }
///
/// let page = scheduler.get_jobs().recent_runs(5).page(50).await?;
/// assert!(page.next.is_none());
/// assert!(scheduler.get_jobs().vanished().limit(10).await?.is_empty());
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// Returns an error if there is no store of the alias, or if a store cannot be reached.
///
/// # Cancel safety
///
/// This call is cancel safe. It changes nothing.
#[derive(Debug, Clone)]
#[must_use = "a list is read when it is awaited"]
pub struct GetJobs {
    scheduler: Scheduler,
    filter: JobFilter,
    store: Option<String>,
    limit: Option<usize>,
    vanished: bool,
    recent: Option<usize>,
}

impl GetJobs {
    /// Selects jobs with this tag.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.filter.tag = Some(tag.into());
        self
    }

    /// Selects jobs that call the task of this name.
    pub fn task(mut self, name: impl Into<String>) -> Self {
        self.filter.task = Some(name.into());
        self
    }

    /// Selects jobs of the store with this alias.
    pub fn store(mut self, alias: impl Into<String>) -> Self {
        self.store = Some(alias.into());
        self
    }

    /// Selects paused jobs, or jobs that are not paused.
    pub fn paused(mut self, paused: bool) -> Self {
        self.filter.paused = Some(paused);
        self
    }

    /// Selects jobs whose id or name contains this text, in upper or lower case.
    pub fn search(mut self, text: impl Into<String>) -> Self {
        self.filter.search = Some(text.into());
        self
    }

    /// Selects jobs that the code of this crate declared.
    pub fn declared_by(mut self, name: impl Into<String>) -> Self {
        self.filter.declared_by = Some(name.into());
        self
    }

    /// Selects jobs that code of this program once declared and no longer declares.
    ///
    /// The scheduler brings declared jobs up to date when it starts. It finds the stored job by the
    /// id:
    ///
    /// - A declared job that is not stored is added. There are two exceptions. In the first, its
    ///   only date has passed. In the second, a caller removed the job by hand
    ///   ([`remove_job`](Scheduler::remove_job)), and the code has not changed since.
    /// - A stored job that has no fire time left by its code ends. Its waiting runs go on, and its
    ///   next fire time is recorded as skipped (edited).
    /// - A stored job whose code has not changed stays as it is, edits included. To tell, each
    ///   stored job carries a fingerprint of the definition with which it was last brought up to
    ///   date.
    /// - A stored job whose code has changed since takes on the definition in the code, which
    ///   overwrites edits. The job keeps its counters, stays paused if it was, and keeps its next
    ///   fire time if the trigger is the same.
    /// - A stored job that neither the code nor a newer release declares any more has *vanished*.
    ///   The scheduler logs it, tells listeners of it as
    ///   [`EventKind::JobVanished`](crate::EventKind::JobVanished) and lists it here, but never
    ///   removes it. The job goes on while its task is known, else it is parked. After a caller has
    ///   removed it by hand, an older program that declares it does not bring it back.
    ///
    /// The scheduler leaves alone the jobs of crates that declare nothing in this program. With
    /// [releases](crate::SchedulerBuilder::release), an older program leaves alone the jobs that a
    /// newer one has declared.
    ///
    /// ```
    /// # use punctual_tokio::Scheduler;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), punctual_tokio::Error> {
    /// # let scheduler = Scheduler::builder().build()?;
    /// for vanished in scheduler.get_jobs().vanished().await? {
    ///     scheduler.remove_job(&vanished).await?;
    /// }
    /// # Ok(()) }
    /// ```
    pub fn vanished(mut self) -> Self {
        self.vanished = true;
        self
    }

    /// Sets the order of the list. The default is the order of ids.
    pub fn order(mut self, order: JobOrder) -> Self {
        self.filter.order = order;
        self
    }

    /// Ends the list after this number of jobs. With 0, the list is empty.
    pub fn limit(mut self, jobs: usize) -> Self {
        self.limit = Some(jobs);
        self
    }

    /// Adds to each job its newest runs, at most this number of them, and its older runs that are
    /// still open. [`JobSnapshot::recent_runs`] has them.
    ///
    /// A store is asked once more for each piece of the list, not for each job.
    ///
    /// ```
    /// # async fn doc(scheduler: punctual_tokio::Scheduler) -> Result<(), punctual_tokio::Error> {
    /// for job in scheduler.get_jobs().recent_runs(5).await? {
    ///     let outcomes: Vec<_> = job.recent_runs().iter().map(|run| run.outcome()).collect();
    ///     println!("{} {:?} {outcomes:?}", job.id(), job.last_run());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn recent_runs(mut self, per_job: usize) -> Self {
        self.recent = Some(per_job);
        self
    }

    /// Returns the jobs one by one. The stream reads 1,000 jobs of a store at a time.
    pub fn stream(self) -> JobStream {
        let limit = self.limit.unwrap_or(usize::MAX);
        let is_filtered_here = self.vanished;
        let merge = self.merge(BTreeMap::new());
        let merge = merge.map(|merge| merge.in_pieces_for(is_filtered_here, limit));
        JobStream::new(Items::new(merge, limit))
    }

    /// Lists one page of this number of jobs. A list in pages has no [limit](Self::limit).
    pub fn page(self, size: usize) -> GetJobsPage {
        GetJobsPage {
            list: self,
            size,
            after: None,
        }
    }

    /// Returns the list of what a filter selects.
    pub(super) fn of(scheduler: &Scheduler, filter: JobFilter, store: Option<String>) -> Self {
        let list = scheduler.get_jobs();
        Self {
            filter,
            store,
            ..list
        }
    }

    fn merge(self, before: BTreeMap<String, JobCursor>) -> Result<Merge<Jobs>, Error> {
        let shared = &self.scheduler.shared;
        let stores = shared.asked(self.store.as_deref())?;
        let vanished = self.vanished.then(|| Vanished::of(shared));
        let mut filter = self.filter;
        if let Some(vanished) = &vanished {
            let only = vanished.only_crate().map(str::to_owned);
            filter.declared_by = filter.declared_by.or(only);
        }
        let jobs = Jobs {
            filter,
            vanished,
            recent: self.recent,
            scheduler: self.scheduler,
        };
        Ok(Merge::new(Arc::new(jobs), stores, before))
    }

    /// Reads all jobs by their ids, which do not change, and sorts them.
    async fn all(mut self) -> Result<Vec<JobSnapshot>, Error> {
        let order = self.filter.order;
        self.filter.order = JobOrder::Id;
        let mut merge = self.merge(BTreeMap::new())?.whole_in_process();
        let mut jobs = merge.take(usize::MAX).await?;
        jobs.sort_by_key(|job| job.rank(order));
        Ok(jobs)
    }

    async fn first(self, limit: usize) -> Result<Vec<JobSnapshot>, Error> {
        let is_filtered_here = self.vanished;
        let merge = self.merge(BTreeMap::new())?;
        let mut jobs = merge
            .in_pieces_for(is_filtered_here, limit)
            .take(limit)
            .await?;
        // A job whose place has changed between two pieces may have come twice.
        let mut seen = HashSet::new();
        jobs.retain(|job| seen.insert((job.store().to_owned(), job.id().clone())));
        Ok(jobs)
    }
}

impl IntoFuture for GetJobs {
    type Output = Result<Vec<JobSnapshot>, Error>;
    type IntoFuture = Call<Vec<JobSnapshot>>;

    fn into_future(self) -> Self::IntoFuture {
        Call::new(async move {
            match self.limit {
                Some(limit) => self.first(limit).await,
                None => self.all().await,
            }
        })
    }
}

/// A page of a list of jobs that is being asked for.
///
/// # Errors
///
/// Returns an error if the list does, if the cursor belongs to another list or order, if the size
/// is 0, or if the list has a limit.
///
/// # Cancel safety
///
/// This call is cancel safe. It changes nothing.
#[derive(Debug, Clone)]
#[must_use = "a page is read when it is awaited"]
pub struct GetJobsPage {
    list: GetJobs,
    size: usize,
    after: Option<Cursor>,
}

impl GetJobsPage {
    /// Begins at the [`next`](Page::next) of another page, or at the beginning if it has none.
    pub fn after(mut self, cursor: impl Into<Option<Cursor>>) -> Self {
        self.after = cursor.into();
        self
    }

    async fn read(self) -> Result<Page<JobSnapshot>, Error> {
        check_size(self.size, self.list.limit)?;
        let order = self.list.filter.order;
        let is_filtered_here = self.list.vanished;
        let merge = self.list.merge(Places::of_jobs(self.after, order)?)?;
        // One job more than fits on the page tells if there is another page.
        let mut merge = merge.in_pieces_for(is_filtered_here, self.size.saturating_add(1));
        let items = merge.take(self.size).await?;
        let places = merge.rest().await?;
        let next = places.map(|places| Cursor(Places::Jobs(order, places)));
        Ok(Page { items, next })
    }
}

impl IntoFuture for GetJobsPage {
    type Output = Result<Page<JobSnapshot>, Error>;
    type IntoFuture = Call<Page<JobSnapshot>>;

    fn into_future(self) -> Self::IntoFuture {
        Call::new(self.read())
    }
}

/// The jobs that a list selects.
pub(super) struct Jobs {
    scheduler: Scheduler,
    filter: JobFilter,
    vanished: Option<Vanished>,
    recent: Option<usize>,
}

impl Listed for Jobs {
    type Item = JobSnapshot;
    type Place = JobCursor;

    async fn read(
        &self,
        named: &NamedStore,
        after: Option<JobCursor>,
        count: usize,
    ) -> Result<Piece<Self>, Error> {
        let filter = JobFilter {
            after,
            limit: count,
            ..self.filter.clone()
        };
        let page = named.store.list(filter).await?;
        let jobs = page.ranks.into_iter().zip(page.jobs).zip(page.last_runs);
        let wanted = jobs.filter(|((_, stored), _)| self.wants(stored));
        let items = wanted.map(|((rank, stored), last_run)| {
            let id = stored.job.id().clone();
            let snapshot = self.scheduler.shared.snapshot(named, stored);
            (JobCursor::new(rank, id), snapshot.with_last_run(last_run))
        });
        let mut items: Vec<_> = items.collect();
        if let Some(per_job) = self.recent {
            add_recent_runs(named, &mut items, per_job).await?;
        }
        Ok(Piece {
            items,
            next: page.next,
        })
    }

    fn compare(one: &JobCursor, other: &JobCursor) -> Ordering {
        one.cmp(other)
    }
}

impl Jobs {
    fn wants(&self, stored: &StoredJob) -> bool {
        let vanished = self.vanished.as_ref();
        vanished.is_none_or(|vanished| vanished.has(&stored.job))
    }
}

/// Reads the newest runs of jobs, in as few requests as a store allows.
async fn add_recent_runs(
    named: &NamedStore,
    items: &mut [(JobCursor, JobSnapshot)],
    per_job: usize,
) -> Result<(), Error> {
    let together = RecentRequest::MAX_RUNS / per_job.max(1);
    for items in items.chunks_mut(together.clamp(1, RecentRequest::MAX_JOBS)) {
        let ids = items.iter().map(|(_, job)| job.id().clone());
        let request = RecentRequest::new(ids.collect(), per_job);
        let runs = named.store.recent(request).await?;
        let places = items.iter().map(|(_, job)| job.id().clone()).zip(0..);
        let places: HashMap<JobId, usize> = places.collect();
        for mut run in runs {
            if let Some(place) = places.get(&run.job) {
                run.store = Some(Arc::clone(&named.alias));
                items[*place].1.push_recent(run);
            }
        }
    }
    Ok(())
}
