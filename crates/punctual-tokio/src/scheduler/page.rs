//! Pages of lists over all stores, and the places where they begin.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use punctual_store::{JobCursor, JobOrder, RunCursor};
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind};

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
/// use punctual_tokio::Cursor;
///
/// let mut page = scheduler.get_jobs().page(50).await?;
/// while let Some(next) = page.next {
///     let next: Cursor = next.to_string().parse()?; // as a link of a page brings it back
///     page = scheduler.get_jobs().page(50).after(next).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor(pub(super) Places);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Places {
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

impl Places {
    /// Returns the places of a list of jobs in this order.
    pub(super) fn of_jobs(
        after: Option<Cursor>,
        order: JobOrder,
    ) -> Result<BTreeMap<String, JobCursor>, Error> {
        match after.map(|cursor| cursor.0) {
            None => Ok(BTreeMap::new()),
            Some(Self::Jobs(own, places)) if own == order => Ok(places),
            Some(Self::Jobs(own, _)) => {
                let why = format!("it is of a list in the order {own:?}, not {order:?}");
                Err(refused(&why))
            }
            Some(Self::Runs(_)) => Err(refused("it is of a list of runs")),
        }
    }

    /// Returns the places of a list of runs.
    pub(super) fn of_runs(after: Option<Cursor>) -> Result<BTreeMap<String, RunCursor>, Error> {
        match after.map(|cursor| cursor.0) {
            None => Ok(BTreeMap::new()),
            Some(Self::Runs(places)) => Ok(places),
            Some(Self::Jobs(..)) => Err(refused("it is of a list of jobs")),
        }
    }
}

/// Returns an error if a page cannot have this number of items, or if the list has a limit, too.
pub(super) fn check_size(size: usize, limit: Option<usize>) -> Result<(), Error> {
    let message = match limit {
        _ if size == 0 => "page: `0` items are not a page; expected at least `1`".to_owned(),
        Some(limit) => format!(
            "limit: `{limit}` does not count on pages of `{size}`; leave out `limit` or `page`"
        ),
        None => return Ok(()),
    };
    Err(Error::of(ErrorKind::Invalid, message))
}

fn refused(why: &str) -> Error {
    let message = format!("cursor: {why}; take the `next` of the page before, or none");
    Error::of(ErrorKind::Invalid, message)
}
