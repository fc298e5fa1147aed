//! Brings stores up to date with the jobs that code declares.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::plan::passed;
use punctual_core::{Declared, Job, SkipReason};
use punctual_store::{Insert, OnConflict, StoredJob};
use tracing::Level;

use super::Scheduler;
use super::add::only;
use super::edit::{Edited, event_of};
use super::once::go_by_trigger;
use super::releases::{Alone, Standing, rolled_back};
use crate::error::{Error, ErrorKind};
use crate::events::event::EventKind;
use crate::scheduler::remote_tasks::Elsewhere;
use crate::scheduler::validate::Checked;
use crate::shared::Shared;
use crate::stores::NamedStore;

/// The number of times that a job is read again because another node changed it between read and
/// write.
const TRIES: usize = 32;

/// The numbers of declared jobs by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Tally {
    added: usize,
    updated: usize,
    unchanged: usize,
    exhausted: usize,
    unreadable: usize,
    /// Declared jobs about which a newer release decides.
    outdated: usize,
    /// Declared jobs that were removed by hand.
    removed: usize,
}

/// One look at all declared jobs.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// The time since which no newer release has been there. Absent in a look at a start.
    pub(super) later: Option<Alone>,
    tally: Tally,
}

impl Look {
    /// Returns true if a newer release decides about some of the declared jobs.
    pub(super) fn has_outdated(&self) -> bool {
        self.tally.outdated > 0
    }

    /// Returns a look of a scheduler that runs already.
    pub(super) fn later(alone: Alone) -> Self {
        Self {
            later: Some(alone),
            tally: Tally::default(),
        }
    }
}

impl Scheduler {
    /// Checks all declared jobs, so that the program learns of a mistake before anything runs.
    pub(crate) fn check_declared(&self) -> Result<(), Error> {
        for (declaration, job) in self.shared.declared.jobs() {
            let id = job.given_id().unwrap_or_default().to_owned();
            job.check(&self.shared, &Elsewhere::default(), self.now())
                .map_err(|error| error.about(named(&id, &declaration)))?;
        }
        Ok(())
    }

    /// Adds and updates the declared jobs, and reports those that have vanished.
    pub(super) async fn bring_up_to_date(&self) -> Result<(), Error> {
        if self.shared.declared.is_empty() || self.is_running() {
            return Ok(());
        }
        let mut look = Look::default();
        for (_, job) in self.shared.declared.jobs() {
            let checked = job.check(&self.shared, &Elsewhere::default(), self.now())?;
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
        for vanished in self.get_jobs().vanished().await? {
            let id = vanished.id();
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

    /// Looks again at the declared jobs that are stored, and goes by the nodes that live now.
    pub(super) async fn go_by_releases(&self, look: &mut Look) -> Result<(), Error> {
        let mut all = Ok(());
        for (_, job) in self.shared.declared.jobs() {
            let done = match job.check(&self.shared, &Elsewhere::default(), self.now()) {
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
                // Another node was faster and may have made the same change.
                Err(error) if is_of_another(&error) => {}
                done => return done,
            }
        }
        Err(Error::of(
            ErrorKind::Changed,
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

    /// Returns true if the job was removed by hand while the code was the same, or while a newer
    /// release decided about its definition.
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
            // The definition in the code has no fire time left.
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

    /// Notes in the stored job that a newer release declares the same definition.
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
        .map(drop)
    }

    /// Returns true if the code names a first fire time that was decided before.
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

/// Finds the stored jobs that code of this program once declared and no longer declares.
pub(super) struct Vanished {
    crates: BTreeSet<&'static str>,
    declared: BTreeSet<String>,
    release: u64,
}

impl Vanished {
    pub(super) fn of(shared: &Shared) -> Self {
        Self {
            crates: shared.declared.crates(),
            declared: shared.declared.ids(),
            release: shared.release,
        }
    }

    /// Returns the only crate that declares something, if there is one.
    pub(super) fn only_crate(&self) -> Option<&'static str> {
        let first = self.crates.first().copied();
        first.filter(|_| self.crates.len() == 1)
    }

    /// Returns true if the job has vanished.
    pub(super) fn has(&self, job: &Job) -> bool {
        let by = job.declared().map(Declared::by);
        by.is_some_and(|by| self.crates.contains(by))
            && !self.declared.contains(job.id().as_str())
            && release_of(job) <= self.release
    }
}

fn release_of(job: &Job) -> u64 {
    job.declared().map_or(0, Declared::release)
}

/// Returns an error if the job was brought up to date since it was looked at. Another node may have
/// done so, for another release.
pub(super) fn is_as_looked_at(stored: &StoredJob, looked_at: &StoredJob) -> Result<(), Error> {
    if stored.job.declared() == looked_at.job.declared() {
        return Ok(());
    }
    let id = stored.job.id();
    let message = format!("the job `{id}` was declared anew meanwhile");
    Err(Error::of(ErrorKind::Changed, message))
}

/// Returns true if another node has added, changed or removed the job in between.
fn is_of_another(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Conflict | ErrorKind::Changed | ErrorKind::NotFound
    )
}

/// Returns the definition in the code as a job that replaces a stored one.
pub(super) fn replacement(
    checked: &Checked,
    stored: &StoredJob,
    now: DateTime<Utc>,
) -> Result<Insert, Error> {
    Ok(checked.insert_declared(now)?.unwrap_or_else(|| {
        Insert::new(Arc::clone(&checked.job), stored.state, now).on_conflict(OnConflict::Refuse)
    }))
}

/// Returns a declared job, with what declares it. A job without an id of its own has the name of its
/// task, which is told once.
fn named(id: &str, declaration: &str) -> String {
    if declaration.starts_with(&format!("`{id}` ")) {
        return format!("job {declaration}");
    }
    format!("job `{id}` of {declaration}")
}
