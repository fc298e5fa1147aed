//! An open run as columns.

use std::borrow::Cow;

use chrono::DateTime;
use punctual_core::RunId;
use punctual_store::batch::{OpenView, Owner};
use punctual_store::{Lease, OpenState};
use serde::Deserialize;

use super::HeldRun;
use crate::row::words;
use crate::row::{count, key};

/// The columns of an open run as they are read.
#[derive(Debug, Deserialize)]
pub(crate) struct OpenRow<'r> {
    pub(crate) id: i64,
    pub(crate) birth: i64,
    #[serde(borrow)]
    pub(crate) job: Cow<'r, str>,
    pub(crate) incarnation: i64,
    pub(crate) origin: Cow<'r, str>,
    pub(crate) fire_time: i64,
    pub(crate) token: i64,
    pub(crate) state: Cow<'r, str>,
    pub(crate) due: Option<i64>,
    pub(crate) ends_instance: i64,
    pub(crate) cancel: Option<Cow<'r, str>>,
    pub(crate) reruns: i64,
    pub(crate) attempts: i64,
    pub(crate) started: Option<i64>,
    pub(crate) error: Option<Cow<'r, str>>,
    pub(crate) node: Option<Cow<'r, str>>,
    pub(crate) epoch: Option<i64>,
    pub(crate) opened: i64,
    /// Whether the run has arguments of its own.
    pub(crate) has_args: i64,
}

impl OpenRow<'_> {
    /// Returns the run as a node sees it, or `None` if it cannot be decoded.
    pub(crate) fn decode(&self, by: Option<&Lease>) -> Option<HeldRun> {
        let view = OpenView::new(
            count("birth", self.birth).ok()?,
            count("token", self.token).ok()?,
            self.state(),
            self.owner(by),
        )
        .ends_instance(self.ends_instance != 0)
        .reruns(count("reruns", self.reruns).unwrap_or(u32::MAX))
        .attempts(count("attempts", self.attempts).unwrap_or(u32::MAX))
        .cancel(self.cancel.as_deref().map(words::cancel));
        let id = RunId(count("id", self.id).ok()?);
        let key = key(self.incarnation, &self.origin, self.fire_time).ok()?;
        let mut run = HeldRun::read(id, &self.job, key, view);
        run.opened = DateTime::from_timestamp_micros(self.opened)?;
        run.started = self.started;
        run.failure = self.error.as_deref().map(Into::into);
        run.lacks_args = self.has_args != 0;
        Some(run)
    }

    fn state(&self) -> OpenState {
        match (&*self.state, self.due) {
            (words::QUEUED, _) => OpenState::Queued,
            (words::RETRYING, Some(due)) => OpenState::Retrying { due },
            _ => OpenState::Running,
        }
    }

    fn owner(&self, by: Option<&Lease>) -> Owner {
        let Some(node) = self.node.as_deref() else {
            return Owner::Free;
        };
        let epoch = self.epoch.unwrap_or(0).unsigned_abs();
        if by.is_some_and(|lease| *lease.node == *node && lease.epoch == epoch) {
            Owner::Own
        } else {
            Owner::Other
        }
    }
}
