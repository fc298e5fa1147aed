//! A store whose calls fail as a test asks, in front of another store.

use std::future::pending;

use chrono::{DateTime, Utc};
use punctual_core::{Declared, JobId};

use super::state::{Kind, Met, Shared, State};
use super::{Fault, Faults, StoreCall};
use crate::layer::forward;
use crate::{
    ClaimReply, ClaimRequest, DueJobs, DueRequest, Error, Insert, JobFilter, JobPage, JobStore,
    StoreCapabilities, StoreFuture, StoreLayer, StoredJob, UnreadableJob, Update,
};

/// Passes calls on to another store, unless its [`Faults`] say otherwise.
///
/// To imitate several nodes, put one of them in front of each of several clones of one store. Each
/// has faults of its own. Clones of one `FaultyStore` share their faults.
#[derive(Debug, Clone)]
pub struct FaultyStore<S>(Faulty<S>);

#[derive(Debug, Clone)]
struct Faulty<S> {
    inner: S,
    capabilities: Option<StoreCapabilities>,
    shared: Shared,
}

impl<S: JobStore> FaultyStore<S> {
    /// Returns a store without faults, and the handle that sets them.
    #[must_use]
    pub fn new(inner: S) -> (Self, Faults) {
        let faults = Faults::default();
        let faulty = Faulty {
            inner,
            capabilities: None,
            shared: faults.0.clone(),
        };
        (Self(faulty), faults)
    }

    /// Sets the capabilities that the store reports, in place of those of the store behind it.
    #[must_use]
    pub fn with_capabilities(self, capabilities: StoreCapabilities) -> Self {
        Self(Faulty {
            capabilities: Some(capabilities),
            ..self.0
        })
    }

    /// Returns the store behind this one.
    #[must_use]
    pub fn inner(&self) -> &S {
        &self.0.inner
    }
}

impl<S: JobStore> JobStore for FaultyStore<S> {
    forward!(|store| store.0);
}

impl<S: JobStore> Faulty<S> {
    fn of_job<'a, T: Send + 'a>(
        &'a self,
        call: StoreCall,
        id: JobId,
        work: impl FnOnce(JobId) -> StoreFuture<'a, T> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        self.around(call, move || match self.unreadable_job(&id) {
            Some(error) => StoreFuture::ready(Err(error)),
            None => work(id),
        })
    }

    fn unreadable_job(&self, id: &JobId) -> Option<Error> {
        self.is_damaged(id)
            .then(|| Error::unreadable(id, "it was damaged"))
    }

    fn is_damaged(&self, id: &JobId) -> bool {
        self.shared
            .read(|state| state.damaged.contains(id.as_str()))
    }

    /// Returns the error for a job that may be neither added nor changed.
    fn refused_job(&self, id: &JobId) -> Option<Error> {
        self.unreadable_job(id).or_else(|| {
            self.shared.read(|state| {
                let mut refusals = state.refusals.iter();
                refusals
                    .find(|refusal| refusal.refuses_job(id.as_str()))
                    .map(super::Refusal::error)
            })
        })
    }

    /// Adds the jobs that are not refused, and answers in the order of the request.
    async fn add_others(&self, jobs: Vec<Insert>) -> Result<Vec<Result<StoredJob, Error>>, Error> {
        if self.shared.read(|state| state.swallows_adds) {
            return Ok(Vec::new());
        }
        let errors: Vec<_> = jobs
            .iter()
            .map(|insert| self.refused_job(insert.job.id()))
            .collect();
        let others = jobs.into_iter().zip(&errors);
        let others = others.filter_map(|(insert, error)| error.is_none().then_some(insert));
        let mut added = self.inner.add(others.collect()).await?.into_iter();
        let answers = errors.into_iter().map(|error| match error {
            Some(error) => Some(Err(error)),
            None => added.next(),
        });
        Ok(answers.flatten().collect())
    }

    /// Lists the jobs that are not damaged.
    async fn readable_jobs(&self, filter: JobFilter) -> Result<JobPage, Error> {
        let mut page = self.inner.list(filter).await?;
        let ranks = page.ranks.into_iter().zip(page.last_runs);
        let listed = page.jobs.into_iter().zip(ranks);
        let rest: (Vec<_>, (Vec<_>, Vec<_>)) = listed
            .filter(|(stored, _)| !self.is_damaged(stored.job.id()))
            .unzip();
        (page.jobs, (page.ranks, page.last_runs)) = rest;
        Ok(page)
    }

    /// Reads a window, or takes the last one, and changes it as the test asks.
    async fn window(&self, request: DueRequest) -> Result<DueJobs, Error> {
        let is_first = request.after.is_none();
        let frozen = self.shared.read(State::frozen_window);
        let mut window = match frozen.filter(|_| is_first) {
            Some(window) => window,
            None => self.inner.due(request).await?,
        };
        window
            .jobs
            .retain(|due| !self.is_damaged(due.stored.job.id()));
        if is_first {
            let kept = window.clone();
            self.shared.change(|state| state.window = Some(kept));
        }
        if let Some(rewrite) = self.shared.read(|state| state.rewrites_windows.clone()) {
            rewrite(&mut window);
        }
        Ok(window)
    }

    async fn decide(&self, request: &ClaimRequest) -> Result<ClaimReply, Error> {
        let refused = self.shared.read(|state| {
            let mut refusals = state.refusals.iter();
            refusals.find_map(|refusal| refusal.of(request))
        });
        if let Some(error) = refused {
            return Err(error);
        }
        let mut reply = self.inner.claim(request).await?;
        if let Some(rewrite) = self.shared.read(|state| state.rewrites_replies.clone()) {
            rewrite(&mut reply);
        }
        Ok(reply)
    }

    async fn unreadable_jobs(&self, limit: usize) -> Result<Vec<UnreadableJob>, Error> {
        let mut unreadable = self.inner.unreadable(limit).await?;
        let damaged: Vec<String> = self
            .shared
            .read(|state| state.damaged.iter().cloned().collect());
        unreadable.extend(damaged.into_iter().map(|id| UnreadableJob {
            id,
            reason: "it was damaged".to_owned(),
        }));
        unreadable.sort_by(|a, b| a.id.cmp(&b.id));
        unreadable.truncate(limit);
        Ok(unreadable)
    }
}

/// A call that is counted until it is answered or dropped.
struct UnderWay {
    shared: Shared,
    call: StoreCall,
}

impl UnderWay {
    fn begin(shared: &Shared, call: StoreCall) -> (Self, Met) {
        let met = shared.begin(call);
        let shared = shared.clone();
        (Self { shared, call }, met)
    }

    /// Makes the call as far as its faults let it.
    async fn go<'a, T>(
        &self,
        met: Met,
        work: impl FnOnce() -> StoreFuture<'a, T>,
    ) -> Result<T, Error> {
        let mut met = self.arrive(met).await?;
        let answer = work().await;
        loop {
            match met {
                Some((Fault::HeldAnswer, turn)) => self.shared.turned(self.call, turn).await,
                Some((Fault::SilentAnswer, _)) => return pending().await,
                Some((Fault::LostAnswer, _)) => return Err(self.lost()),
                _ => return answer,
            }
            met = self.shared.kind(self.call, Kind::meet);
        }
    }

    /// Waits until the call may reach the store, and returns the fault that its answer may meet.
    async fn arrive(&self, mut met: Met) -> Result<Met, Error> {
        loop {
            match met {
                None => return Ok(None),
                Some((Fault::Held, turn)) => self.shared.turned(self.call, turn).await,
                Some((Fault::Silent, _)) => return pending().await,
                Some((Fault::Slow(delay), _)) => {
                    delay.begin().await;
                    return Ok(None);
                }
                Some((fault, turn)) => {
                    let error = fault.error(self.call);
                    return error.map_or(Ok(Some((fault, turn))), Err);
                }
            }
            met = self.shared.kind(self.call, Kind::meet);
        }
    }

    fn lost(&self) -> Error {
        Error::unavailable(format!("the answer to `{}` was lost", self.call))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.shared.kind(self.call, |kind| kind.in_flight -= 1);
    }
}

impl<S: JobStore> StoreLayer for Faulty<S> {
    fn inner(&self) -> &dyn JobStore {
        &self.inner
    }

    fn around<'a, T: Send + 'a>(
        &'a self,
        call: StoreCall,
        work: impl FnOnce() -> StoreFuture<'a, T> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        let (under_way, met) = UnderWay::begin(&self.shared, call);
        StoreFuture::new(async move { under_way.go(met, work).await })
    }

    fn capabilities(&self) -> StoreCapabilities {
        let own = self.capabilities;
        // A call that meets a fault may have to wait, which an answer in place cannot.
        let inner = || self.inner.capabilities().answers_in_place(false);
        own.unwrap_or_else(inner)
    }

    fn add(&self, jobs: Vec<Insert>) -> StoreFuture<'_, Vec<Result<StoredJob, Error>>> {
        self.around(StoreCall::Add, || StoreFuture::new(self.add_others(jobs)))
    }

    fn get(&self, id: JobId) -> StoreFuture<'_, Option<StoredJob>> {
        self.of_job(StoreCall::Get, id, |id| self.inner.get(id))
    }

    fn list(&self, filter: JobFilter) -> StoreFuture<'_, JobPage> {
        self.around(StoreCall::List, || {
            StoreFuture::new(self.readable_jobs(filter))
        })
    }

    fn update(&self, update: Update) -> StoreFuture<'_, StoredJob> {
        self.around(StoreCall::Update, || {
            match self.refused_job(update.job.id()) {
                Some(error) => StoreFuture::ready(Err(error)),
                None => self.inner.update(update),
            }
        })
    }

    fn remove(&self, id: JobId, now: DateTime<Utc>) -> StoreFuture<'_, Option<StoredJob>> {
        self.of_job(StoreCall::Remove, id, move |id| self.inner.remove(id, now))
    }

    fn removed(&self, id: JobId) -> StoreFuture<'_, Option<Declared>> {
        self.of_job(StoreCall::Removed, id, |id| self.inner.removed(id))
    }

    fn forget_removed(&self, id: JobId) -> StoreFuture<'_, ()> {
        self.of_job(StoreCall::ForgetRemoved, id, |id| {
            self.inner.forget_removed(id)
        })
    }

    fn unreadable(&self, limit: usize) -> StoreFuture<'_, Vec<UnreadableJob>> {
        self.around(StoreCall::Unreadable, move || {
            StoreFuture::new(self.unreadable_jobs(limit))
        })
    }

    fn due(&self, request: DueRequest) -> StoreFuture<'_, DueJobs> {
        self.around(StoreCall::Due, || StoreFuture::new(self.window(request)))
    }

    fn claim<'a>(&'a self, request: &'a ClaimRequest) -> StoreFuture<'a, ClaimReply> {
        self.around(StoreCall::Claim, || StoreFuture::new(self.decide(request)))
    }
}
