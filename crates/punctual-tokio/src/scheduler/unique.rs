//! Makes sure that an id names one job of a scheduler, in all its stores.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use punctual_core::JobId;
use punctual_store::{Insert, StoredJob};

use super::Scheduler;
use super::add::unanswered;
use crate::error::{Error, ErrorKind};
use crate::shared::adding::OnTheWay;
use crate::stores::NamedStore;

/// The number of ids that are looked up concurrently in one store.
const LOOKED_UP_AT_ONCE: usize = 32;

impl Scheduler {
    /// Adds jobs to a store, except those whose ids are taken in another.
    pub(super) async fn insert(
        &self,
        named: &NamedStore,
        inserts: Vec<Insert>,
    ) -> Result<Vec<Result<StoredJob, Error>>, Error> {
        let mut others = self.shared.stores();
        others.retain(|other| other.id != named.id);
        if others.is_empty() {
            return self.insert_unchecked(named, inserts).await;
        }
        let mut way = self.shared.adding.begin();
        let mut answers = Vec::with_capacity(inserts.len());
        let mut free = Vec::with_capacity(inserts.len());
        let taken = taken(&others, &inserts, &mut way, named.id).await?;
        for (insert, taken) in inserts.into_iter().zip(taken) {
            if taken.is_none() {
                free.push(insert);
            }
            answers.push(taken);
        }
        let mut stored = self.insert_unchecked(named, free).await?.into_iter();
        Ok(answers
            .into_iter()
            .map(|taken| match taken {
                Some(error) => Err(error),
                None => stored.next().unwrap_or_else(unanswered),
            })
            .collect())
    }
}

/// Returns, for each job, the error that tells where its id is taken, if the id is taken.
async fn taken(
    others: &[NamedStore],
    inserts: &[Insert],
    way: &mut OnTheWay,
    store: u32,
) -> Result<Vec<Option<Error>>, Error> {
    let ids: Vec<JobId> = inserts
        .iter()
        .map(|insert| insert.job.id().clone())
        .collect();
    let mut taken: Vec<Option<Error>> = ids
        .iter()
        .map(|id| (!way.reserve(id, store)).then(|| conflict(id, "another store, just now")))
        .collect();
    for other in others {
        let found: Vec<bool> = stream::iter(ids.clone())
            .map(|id| async move {
                match other.store.get(id).await {
                    Err(error) if error.kind() == punctual_store::ErrorKind::Unreadable => Ok(true),
                    found => Ok::<_, Error>(found?.is_some()),
                }
            })
            .buffered(LOOKED_UP_AT_ONCE)
            .try_collect()
            .await?;
        for ((taken, id), found) in taken.iter_mut().zip(&ids).zip(found) {
            if found {
                let alias = &other.alias;
                taken.get_or_insert_with(|| conflict(id, &format!("the store `{alias}`")));
            }
        }
    }
    Ok(taken)
}

fn conflict(id: &JobId, place: &str) -> Error {
    Error::of(
        ErrorKind::Conflict,
        format!(
            "a job with the id `{id}` is in {place}; an id names one job, whatever store it is in: choose another, or remove that job first"
        ),
    )
}
