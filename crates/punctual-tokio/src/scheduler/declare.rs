//! Bringing stores up to date with the jobs that code declares.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::plan::passed;
use punctual_core::{Declared, Job, SkipReason};
use punctual_store::{Insert, JobFilter, OnConflict, StoredJob};
use tracing::Level;

use super::Scheduler;
use super::add::only;
use super::edit::{Edited, event_of};
use super::once::go_by_trigger;
use super::releases::{Alone, Standing, rolled_back};
use crate::error::{Error, ErrorKind};
use crate::events::event::EventKind;
use crate::job::snapshot::JobSnapshot;
use crate::scheduler::remote_tasks::Elsewhere;
use crate::scheduler::validate::Checked;
use crate::stores::NamedStore;

/// How often a job is looked at anew because another node changed it meanwhile.
const TRIES: usize = 32;

/// What became of a declared job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Tally {
    added: usize,
    updated: usize,
    unchanged: usize,
    exhausted: usize,
    unreadable: usize,
    /// A newer release has the say about them.
    outdated: usize,
    /// They were removed by hand.
    removed: usize,
}

/// A look at all declared jobs.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// How long no newer release has been there; nothing at a start.
    pub(super) later: Option<Alone>,
    tally: Tally,
}

impl Look {
    /// Whether a newer release has the say about some.
    pub(super) fn has_outdated(&self) -> bool {
        self.tally.outdated > 0
    }

    /// A look of a scheduler that runs.
    pub(super) fn later(alone: Alone) -> Self {
        Self {
            later: Some(alone),
            tally: Tally::default(),
        }
    }
}

impl Scheduler {
    /// The stored jobs that code of this program once declared and does not declare any more.
    ///
    /// Declared jobs are brought up to date when a scheduler starts, by their ids:
    ///
    /// - one that is not stored is added, unless its only date has passed, or it was removed by hand
    ///   ([`remove_job`](Self::remove_job)) and the code says the same as then;
    /// - one that is over by what the code says now ends: what waits of it goes on, and the fire time
    ///   that was next is skipped (edited);
    /// - one that is stored as the code says stays as it is, edits included: each carries a
    ///   fingerprint of the definition that it was last brought up to date with;
    /// - one whose code has changed since becomes what the code says, edits included; it keeps its
    ///   counters, stays paused if it was, and keeps its next fire time if the trigger is the same;
    /// - one that the code does not declare any more, nor a newer release, has *vanished*: it is
    ///   logged, told as [`EventKind::JobVanished`] and listed here, but never removed. It goes on as
    ///   long as its task is known, else it is parked. If it is removed by hand, an older program that
    ///   declares it does not bring it back.
    ///
    /// Jobs of crates that declare nothing in this program are none of its business. With
    /// [releases](crate::SchedulerBuilder::release), an older program leaves alone what a newer one
    /// has declared.
    ///
    /// ```
    /// # use punctual_tokio::Scheduler;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), punctual_tokio::Error> {
    /// # let scheduler = Scheduler::builder().build()?;
    /// for vanished in scheduler.vanished_jobs().await? {
    ///     scheduler.remove_job(vanished.job.id()).await?;
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// If a store cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// Nothing is changed.
    pub async fn vanished_jobs(&self) -> Result<Vec<JobSnapshot>, Error> {
        let declared = self.shared.declared.ids();
        let mut vanished = Vec::new();
        for by in self.shared.declared.crates() {
            let filter = JobFilter {
                declared_by: Some(by.to_owned()),
                ..JobFilter::default()
            };
            let stored = self.get_jobs(filter).await?;
            vanished.extend(
                stored
                    .into_iter()
                    .filter(|stored| !declared.contains(stored.job.id().as_str()))
                    .filter(|stored| release_of(&stored.job) <= self.shared.release),
            );
        }
        Ok(vanished)
    }

    /// Checks all declared jobs, so that a mistake is known before anything runs.
    pub(crate) fn check_declared(&self) -> Result<(), Error> {
        for (declaration, job) in self.shared.declared.jobs() {
            let id = job.given_id().unwrap_or_default().to_owned();
            job.check(&self.shared, &Elsewhere::default())
                .map_err(|error| error.about(format_args!("job `{id}` of {declaration}")))?;
        }
        Ok(())
    }

    /// Adds and updates the declared jobs, and reports those that vanished.
    pub(super) async fn bring_up_to_date(&self) -> Result<(), Error> {
        if self.shared.declared.is_empty() || self.is_running() {
            return Ok(());
        }
        let mut look = Look::default();
        for (_, job) in self.shared.declared.jobs() {
            let checked = job.check(&self.shared, &Elsewhere::default())?;
            match self.bring_one_up_to_date(&checked, &mut look).await {
                Err(error) if error.kind() == ErrorKind::Unreadable => {
                    tracing::error!(job = %checked.job.id(), %error, "the row of the declared job cannot be read, so it does not run: mend the row, or delete it");
                    let id = checked.job.id();
                    self.shared.voice.unheard(Level::ERROR, ("unreadable", id.as_str()), || {
                        format!("the row of the declared job `{id}` cannot be read, so it does not run: {error}")
                    });
                    look.tally.unreadable += 1;
                }
                done => done?,
            }
        }
        let tally = look.tally;
        tracing::info!(
            added = tally.added,
            updated = tally.updated,
            unchanged = tally.unchanged,
            exhausted = tally.exhausted,
            unreadable = tally.unreadable,
            outdated = tally.outdated,
            removed = tally.removed,
            "declared jobs are up to date"
        );
        for vanished in self.vanished_jobs().await? {
            let id = vanished.job.id();
            tracing::warn!(job = %id, store = %vanished.store, "no code declares this job any more");
            self.shared
                .voice
                .unheard(Level::WARN, ("vanished", id.as_str()), || {
                    format!("no code declares the job `{id}` any more, and it stays in its store")
                });
            let named = self.shared.store(&vanished.store)?;
            self.shared
                .bus
                .emit(|| EventKind::JobVanished(event_of(&named, id)));
        }
        Ok(())
    }

    /// Looks again at the declared jobs that are stored, by which nodes live now.
    pub(super) async fn go_by_releases(&self, look: &mut Look) -> Result<(), Error> {
        let mut all = Ok(());
        for (_, job) in self.shared.declared.jobs() {
            let done = match job.check(&self.shared, &Elsewhere::default()) {
                Ok(checked) => self.bring_one_up_to_date(&checked, look).await,
                Err(error) => Err(error),
            };
            match done {
                Err(error) if error.kind() == ErrorKind::Unreadable => {}
                done => all = all.and(done),
            }
        }
        all
    }

    async fn bring_one_up_to_date(&self, checked: &Checked, look: &mut Look) -> Result<(), Error> {
        let id = checked.job.id();
        for _ in 0..TRIES {
            let done = match self.find_declared(checked, look.later.is_none()).await? {
                None if look.later.is_some() => Ok(()),
                None => self.add_declared(checked, &mut look.tally).await,
                Some((named, stored)) => self.obey_code(checked, &named, &stored, look).await,
            };
            match done {
                // Another node was faster: it may have done the same.
                Err(error) if error.is_conflict() || error.is_not_found() => {}
                done => return done,
            }
        }
        Err(Error::of(
            ErrorKind::Conflict,
            format!("the job `{id}` is changed all the time; start again"),
        ))
    }

    async fn obey_code(
        &self,
        checked: &Checked,
        named: &NamedStore,
        stored: &StoredJob,
        look: &mut Look,
    ) -> Result<(), Error> {
        let standing = self.standing(checked, named, stored, look).await?;
        match standing {
            Standing::Same if look.later.is_some() => return Ok(()),
            Standing::Outdated => {
                look.tally.outdated += 1;
                return Ok(());
            }
            Standing::RolledBack => self.tell_rollback(checked, stored),
            Standing::Same | Standing::Changed => {}
        }
        if named.id == checked.store.id {
            self.update_declared(checked, stored, standing, &mut look.tally)
                .await
        } else {
            self.move_declared(checked, named, stored, standing).await?;
            look.tally.updated += 1;
            Ok(())
        }
    }

    async fn add_declared(&self, checked: &Checked, tally: &mut Tally) -> Result<(), Error> {
        if self.was_removed(checked).await? {
            tally.removed += 1;
            return Ok(());
        }
        let mut insert = checked.insert_declared(self.now())?;
        if let Some(first) = &mut insert
            && self.is_first_decided(checked).await?
            && !go_by_trigger(first)?
        {
            insert = None;
        }
        let Some(insert) = insert else {
            tracing::info!(job = %checked.job.id(), "the declared job has no fire time left");
            tally.exhausted += 1;
            return Ok(());
        };
        only(self.insert(&checked.store, vec![insert]).await?)?;
        tally.added += 1;
        Ok(())
    }

    /// Whether the job was removed by hand when the code said the same, or a newer release said what
    /// it is.
    async fn was_removed(&self, checked: &Checked) -> Result<bool, Error> {
        let (id, own) = (checked.job.id(), checked.job.declared());
        for named in self.shared.stores() {
            let Some(then) = named.store.removed(id.clone()).await? else {
                continue;
            };
            let is_its_store = named.id == checked.store.id;
            let is_same = is_its_store && own.is_some_and(|own| own.says_the_same(&then));
            if is_same || then.release() > self.shared.release {
                tracing::info!(job = %id, "the declared job was removed by hand and stays away until its definition changes; `add_job` under its id brings it back");
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn update_declared(
        &self,
        checked: &Checked,
        looked_at: &StoredJob,
        standing: Standing,
        tally: &mut Tally,
    ) -> Result<(), Error> {
        let stored = looked_at;
        let is_unchanged = standing == Standing::Same;
        if is_unchanged && !checked.runs_at_start() {
            if release_of(&stored.job) < release_of(&checked.job) {
                self.raise_release(checked, stored).await?;
            }
            tally.unchanged += 1;
            return Ok(());
        }
        let is_decided = self.is_first_decided(checked).await?;
        let is_restart = checked.is_first_given() && !is_decided;
        let is_same = stored.job.trigger() == checked.job.trigger() && !stored.state.finished;
        if !is_same && checked.insert_declared(self.now())?.is_none() {
            // What the code says now is over.
            tracing::info!(job = %stored.job.id(), "the declared job has no fire time left: it ends");
            let reason = match standing {
                Standing::RolledBack => SkipReason::RolledBack,
                _ => SkipReason::Edited,
            };
            self.finish(checked, stored, reason).await?;
            tally.exhausted += 1;
            return Ok(());
        }
        self.edit_in(Some(&checked.store), stored.job.id(), |stored, now| {
            is_as_looked_at(stored, looked_at)?;
            let mut insert = replacement(checked, stored, now)?;
            if is_unchanged && release_of(&stored.job) > release_of(&insert.job) {
                let mark = stored.job.declared().cloned();
                insert.job = Arc::new(Job::clone(&insert.job).with_declared(mark));
            }
            if is_restart {
                insert.on_conflict = OnConflict::Restart;
            } else if is_decided {
                go_by_trigger(&mut insert)?;
            }
            let replaced = stored.replaced_by(&insert);
            let edited = Edited {
                job: insert.job,
                state: replaced.state,
                new_incarnation: replaced.new_incarnation,
                decided: replaced.decided,
            };
            Ok(match standing {
                Standing::RolledBack => rolled_back(stored, edited),
                _ => edited,
            })
        })
        .await?;
        if is_unchanged {
            tally.unchanged += 1;
        } else {
            tracing::info!(job = %stored.job.id(), "the code of the declared job has changed: updated");
            tally.updated += 1;
        }
        Ok(())
    }

    /// Notes that a newer release declares the same.
    async fn raise_release(&self, checked: &Checked, looked_at: &StoredJob) -> Result<(), Error> {
        self.edit_in(Some(&checked.store), checked.job.id(), |stored, _| {
            is_as_looked_at(stored, looked_at)?;
            let declared = checked.job.declared().cloned();
            Ok(Edited {
                job: Arc::new(Job::clone(&stored.job).with_declared(declared)),
                state: stored.state,
                new_incarnation: false,
                decided: None,
            })
        })
        .await
    }

    /// Whether the code names a first fire time that was decided before.
    async fn is_first_decided(&self, checked: &Checked) -> Result<bool, Error> {
        let now = self.now();
        match passed(checked.given_first(), now) {
            Some(first) => {
                self.was_decided(&checked.store, checked.job.id(), first, now)
                    .await
            }
            None => Ok(false),
        }
    }
}

fn release_of(job: &Job) -> u64 {
    job.declared().map_or(0, Declared::release)
}

/// Another node may have brought the job up to date meanwhile, by another release.
pub(super) fn is_as_looked_at(stored: &StoredJob, looked_at: &StoredJob) -> Result<(), Error> {
    if stored.job.declared() == looked_at.job.declared() {
        return Ok(());
    }
    let id = stored.job.id();
    let message = format!("the job `{id}` was declared anew meanwhile");
    Err(Error::of(ErrorKind::Conflict, message))
}

/// What the code says, for a job that is stored already.
pub(super) fn replacement(
    checked: &Checked,
    stored: &StoredJob,
    now: DateTime<Utc>,
) -> Result<Insert, Error> {
    Ok(checked.insert_declared(now)?.unwrap_or_else(|| Insert {
        job: Arc::clone(&checked.job),
        state: stored.state,
        on_conflict: OnConflict::Refuse,
        now,
    }))
}
