//! Lists over all stores, page by page.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use punctual_core::Run;
use punctual_store::{JobCursor, JobFilter, JobOrder, RunCursor, RunFilter};
use serde::{Deserialize, Serialize};

use super::Scheduler;
use crate::error::{Error, ErrorKind};
use crate::job::snapshot::JobSnapshot;

/// A part of a list over all stores.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items on the page, in the order that the caller asked for.
    pub items: Vec<T>,
    /// The place where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

/// A place in a list over all stores. It keeps how far each store was read.
///
/// As text a cursor is opaque, fits into a URL as it is, and stays valid when the process is
/// restarted. A cursor of another list or of another order is refused.
///
/// ```
/// # async fn doc(scheduler: punctual_tokio::Scheduler) -> Result<(), punctual_tokio::Error> {
/// use punctual_tokio::{Cursor, JobFilter};
///
/// let filter = JobFilter { limit: 50, ..JobFilter::default() };
/// let mut page = scheduler.get_jobs_page(filter.clone(), None).await?;
/// while let Some(next) = page.next {
///     let next: Cursor = next.to_string().parse()?; // as a link of a page brings it back
///     page = scheduler.get_jobs_page(filter.clone(), Some(&next)).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor(Places);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Places {
    Jobs(JobOrder, BTreeMap<String, JobCursor>),
    Runs(BTreeMap<String, RunCursor>),
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = serde_json::to_vec(self).map_err(|_| fmt::Error)?;
        f.write_str(&URL_SAFE_NO_PAD.encode(json))
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let json = URL_SAFE_NO_PAD.decode(text).ok();
        json.and_then(|json| serde_json::from_slice(&json).ok())
            .ok_or_else(|| refused("it is not the text of a cursor"))
    }
}

fn refused(why: &str) -> Error {
    let message = format!("cursor: {why}; take the `next` of the page before, or none");
    Error::of(ErrorKind::Invalid, message)
}

/// The places and the items that one store has for a page.
struct Part<P, T> {
    store: String,
    found: Vec<(P, T)>,
    has_more: bool,
}

impl Scheduler {
    /// Lists a page of jobs of all stores together, in the order of the filter. A page holds at
    /// most `limit` jobs of the filter. With a `limit` of 0, all jobs are on one page.
    ///
    /// A job that is stored from the first page to the last page is listed exactly once, unless its
    /// place in the order changes between pages.
    ///
    /// # Errors
    ///
    /// Returns an error if a store cannot be reached, if the cursor belongs to another list or
    /// order, or if both the cursor and the filter's `after` name a place.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. It changes nothing.
    pub async fn get_jobs_page(
        &self,
        filter: JobFilter,
        after: Option<&Cursor>,
    ) -> Result<Page<JobSnapshot>, Error> {
        let places = match after.map(|cursor| &cursor.0) {
            None => None,
            Some(_) if filter.after.is_some() => return Err(two_places("after")),
            Some(Places::Jobs(order, places)) if *order == filter.order => Some(places),
            Some(Places::Jobs(order, _)) => {
                let why = format!(
                    "it is of a list in the order {order:?}, not {:?}",
                    filter.order
                );
                return Err(refused(&why));
            }
            Some(Places::Runs(_)) => return Err(refused("it is of a list of runs")),
        };
        self.page_of_jobs(filter, places).await
    }

    /// Lists a page of runs of all stores together, those that were opened last first. A page holds
    /// at most `limit` runs of the filter. With a `limit` of 0, all runs are on one page.
    ///
    /// # Errors
    ///
    /// Returns an error if a store cannot be reached, if the cursor belongs to another list, or if
    /// both the cursor and the filter's `before` name a place.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. It changes nothing.
    pub async fn runs_page(
        &self,
        filter: RunFilter,
        after: Option<&Cursor>,
    ) -> Result<Page<Run>, Error> {
        let places = match after.map(|cursor| &cursor.0) {
            None => None,
            Some(_) if filter.before.is_some() => return Err(two_places("before")),
            Some(Places::Runs(places)) => Some(places),
            Some(Places::Jobs(..)) => return Err(refused("it is of a list of jobs")),
        };
        self.page_of_runs(filter, places).await
    }

    pub(super) async fn page_of_jobs(
        &self,
        filter: JobFilter,
        places: Option<&BTreeMap<String, JobCursor>>,
    ) -> Result<Page<JobSnapshot>, Error> {
        let mut parts = Vec::new();
        for named in self.shared.stores() {
            let mut own = filter.clone();
            own.after = place_in(places, &named.alias).or(own.after);
            let page = named.store.list(own).await?;
            let jobs = page.ranks.into_iter().zip(page.jobs).map(|(rank, stored)| {
                let id = stored.job.id().clone();
                let place = JobCursor { rank, id };
                (place, self.shared.snapshot(&named, stored))
            });
            parts.push(Part {
                store: named.alias.to_string(),
                found: jobs.collect(),
                has_more: page.next.is_some(),
            });
        }
        let (page, places) = merged(parts, filter.limit, places, JobCursor::clone);
        Ok(page.with(Places::Jobs(filter.order, places)))
    }

    pub(super) async fn page_of_runs(
        &self,
        filter: RunFilter,
        places: Option<&BTreeMap<String, RunCursor>>,
    ) -> Result<Page<Run>, Error> {
        let mut parts = Vec::new();
        for named in self.shared.stores() {
            let mut own = filter.clone();
            own.before = place_in(places, &named.alias).or(own.before);
            // One item more than fits on the page tells if there is another page.
            own.limit = match filter.limit {
                0 => 0,
                limit => limit.saturating_add(1),
            };
            let runs = named.store.runs(own).await?.into_iter();
            let found = runs.map(|run| (Reverse(RunCursor::of(&run)), run));
            parts.push(Part {
                store: named.alias.to_string(),
                found: found.collect(),
                has_more: false,
            });
        }
        let (page, places) = merged(parts, filter.limit, places, |Reverse(place)| *place);
        Ok(page.with(Places::Runs(places)))
    }
}

fn two_places(field: &str) -> Error {
    let why = format!("the filter's `{field}` names a place, too");
    refused(&why)
}

fn place_in<P: Clone>(places: Option<&BTreeMap<String, P>>, store: &str) -> Option<P> {
    places.and_then(|places| places.get(store)).cloned()
}

/// A page without its cursor.
struct Merged<T> {
    items: Vec<T>,
    has_more: bool,
}

impl<T> Merged<T> {
    fn with(self, places: Places) -> Page<T> {
        Page {
            items: self.items,
            next: self.has_more.then_some(Cursor(places)),
        }
    }
}

/// Puts the parts of all stores into one order and cuts that off after the limit. Returns how far
/// each store was read, too. A store that has nothing on the page was read as far as before.
fn merged<K: Ord, P: Clone, T>(
    parts: Vec<Part<K, T>>,
    limit: usize,
    before: Option<&BTreeMap<String, P>>,
    place: impl Fn(&K) -> P,
) -> (Merged<T>, BTreeMap<String, P>) {
    let mut has_more = parts.iter().any(|part| part.has_more);
    let mut stores = Vec::with_capacity(parts.len());
    let mut all = Vec::new();
    for part in parts {
        let found = part.found.into_iter();
        all.extend(found.map(|(key, item)| (key, stores.len(), item)));
        stores.push(part.store);
    }
    // The sort is stable. Of equal places, the store that was added first comes first, on each
    // page.
    all.sort_by(|one, other| one.0.cmp(&other.0));
    if limit > 0 && all.len() > limit {
        all.truncate(limit);
        has_more = true;
    }
    let mut reached: Vec<Option<K>> = stores.iter().map(|_| None).collect();
    let mut items = Vec::with_capacity(all.len());
    for (key, store, item) in all {
        reached[store] = Some(key);
        items.push(item);
    }
    let mut places = before.cloned().unwrap_or_default();
    for (store, key) in stores.into_iter().zip(reached) {
        if let Some(key) = key {
            places.insert(store, place(&key));
        }
    }
    (Merged { items, has_more }, places)
}
