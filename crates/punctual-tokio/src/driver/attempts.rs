//! Runs from their start to their one outcome: attempts, timeouts, retries, cancellation.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{CancelReason, JobId, Outcome, RunId, SkipReason, Timeout};
use punctual_store::{RunEnd, StoredJob};

use super::active::{Active, Attempt, AttemptKey, Stop};
use super::finish::{cancelled_by, finish_of};
use super::waiting::ELSEWHERE;
use super::{Alarm, Driver, log};
use crate::clock::instant;
use crate::event::{EventKind, JobEvent};
use crate::gate::{Full, Gate};
use crate::handler::{Finish, RunInfo, RunOf};
use crate::jobs::JobKey;
use crate::partition::{Code, Entry, Instance};
use crate::reports::{Key, Report, Told};

impl Driver {
    pub(super) fn entry(&mut self, key: JobKey) -> Option<&mut Entry> {
        self.partitions.get_mut(&key.store)?.jobs.get_mut(key)
    }

    pub(super) fn job_event(&self, key: JobKey) -> Option<JobEvent> {
        let partition = self.partitions.get(&key.store)?;
        let entry = partition.jobs.get(key)?;
        Some(JobEvent {
            id: entry.stored.job.id().clone(),
            store: Arc::clone(&partition.alias),
        })
    }

    /// Starts what the core has admitted and the store has accepted. The permit is what holds
    /// the limit, should the two ever have counted wrongly.
    pub(super) fn start_instance(&mut self, key: JobKey, instance: Instance) {
        if self.stage.ends_runs() {
            return self.postpone(key.store, &instance, 0);
        }
        if let Some(reason) = self.is_to_end(key.store, &instance) {
            return self.refuse(key, &instance, Outcome::Cancelled(reason));
        }
        let partition = self.partitions.get_mut(&key.store);
        if partition.is_some_and(|own| own.is_doubtful) {
            return self.postpone(key.store, &instance, 0);
        }
        let Some(entry) = self.entry(key) else {
            return;
        };
        if entry.is_head {
            // Never without its arguments: the store hands it out again, and whole.
            return self.postpone(key.store, &instance, ELSEWHERE);
        }
        let Some(code) = entry.code.clone() else {
            return self.start_without_code(key, instance);
        };
        let limit = entry.stored.job.policies().max_instances;
        let permit = match Gate::enter(&mut entry.gate, limit) {
            Ok(permit) => permit,
            Err(Full) if instance.was_admitted => None,
            Err(Full) => {
                let skipped = Outcome::Skipped(SkipReason::MaxInstances);
                return self.refuse(key, &instance, skipped);
            }
        };
        entry.instances += 1;
        let past = entry.past;
        let birth = entry.stored.state.birth;
        let job = Arc::clone(&entry.stored.job);
        if self.core.bus.is_heard()
            && let Some(job) = self.job_event(key)
        {
            self.core.bus.emit(|| EventKind::JobSubmitted {
                job,
                run: instance.first,
                scheduled_times: instance.fire_times.clone(),
            });
        }
        let mut fire_times = std::collections::VecDeque::from(instance.fire_times);
        let Some(fire_time) = fire_times.pop_front() else {
            return;
        };
        let key = self.active.insert(Active {
            birth,
            key,
            job,
            code,
            run: instance.first,
            token: instance.token,
            fire_time,
            rest: fire_times,
            attempt: None,
            attempts: instance.attempts,
            turn: 0,
            alarm: None,
            started: instance.started,
            stop: None,
            is_awaited: false,
            may_be_late: instance.may_be_late && instance.attempts == 0,
            was_past: past == Some(fire_time),
            is_fenced: false,
            _permit: permit,
        });
        self.begin_attempt(key);
    }

    fn begin_attempt(&mut self, key: Key) {
        let latest = self.latest_begin(key);
        let Some(active) = self.active.get_mut(key) else {
            return;
        };
        active.attempts += 1;
        (active.stop, active.is_awaited) = (None, false);
        active.turn = active.turn.wrapping_add(1);
        let info = Arc::new(RunInfo::new(
            Arc::clone(&self.host),
            Arc::clone(&active.job),
            RunOf {
                run: active.run,
                token: active.token,
                fire_time: active.fire_time,
                attempt: active.attempts,
                latest,
            },
        ));
        let Code { task, place } = &active.code;
        let handle = place.begin(task, &self.runtime, Arc::clone(&info), key);
        active.attempt = Some(Attempt {
            info,
            handle,
            #[cfg(feature = "testing")]
            began: tokio::time::Instant::now(),
        });
        if let Some(limit) = active.job.policies().timeout.limit() {
            let turn = active.turn;
            let alarm = Alarm::Timeout(AttemptKey { run: key, turn });
            active.alarm = Some(self.timer.after(limit, 0, alarm));
        }
    }

    /// Nothing is waited for any more on behalf of the attempt that is over, or was told to end.
    fn disarm(&mut self, key: Key) {
        if let Some(alarm) = self
            .active
            .get_mut(key)
            .and_then(|active| active.alarm.take())
        {
            self.timer.cancel(alarm);
        }
    }

    pub(super) fn take_reports(&mut self) {
        let mut reports = std::mem::take(&mut self.reports);
        self.host.reports.take(&mut reports);
        for told in reports.drain(..) {
            match told {
                Told::Begun(key) => self.attempt_begun(key),
                Told::Ended(report) => self.attempt_ended(report),
            }
        }
        self.reports = reports;
    }

    fn attempt_ended(&mut self, report: Report) {
        self.disarm(report.key);
        let is_stopping = !self.stage.starts_runs();
        let Some(active) = self.active.get_mut(report.key) else {
            return;
        };
        active.attempt = None;
        active.started = active.started.or(report.started);
        active.may_be_late &= report.started.is_none();
        let finish = finish_of(active.stop, report.finish, is_stopping);
        if report.started.is_none() && !finish.outcome.is_retryable() {
            // It has only waited for its place.
            active.attempts = active.attempts.saturating_sub(1);
        }
        let is_cancelled = active.is_fenced || matches!(active.stop, Some(Stop::Cancel(_)));
        let wait = active.job.policies().retry.wait_after(active.attempts);
        match wait.filter(|_| finish.outcome.is_retryable() && !is_cancelled) {
            Some(wait) => {
                let voice = &self.core.voice;
                log::again(voice, active.job.id(), active, finish.text.as_ref(), wait);
                self.wait_for_retry(report.key, finish, report.finished, wait);
            }
            None => self.end_run(report.key, finish, report.finished),
        }
    }

    /// Lets a run whose attempt has failed wait for the next one, in the store: whatever becomes of
    /// this node, the run goes on.
    fn wait_for_retry(&mut self, key: Key, finish: Finish, finished: i64, wait: Duration) {
        let Some(active) = self.active.remove(key) else {
            return;
        };
        let due = finished.saturating_add(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX));
        let end = RunEnd {
            run: active.run,
            outcome: finish.outcome,
            retry_at: Some(due),
            started: active.started,
            finished,
            attempts: active.attempts,
            text: finish.text,
        };
        let (job, id, birth) = (active.key, active.job.id().clone(), active.birth);
        drop(active);
        if let Some(partition) = self.partitions.get_mut(&job.store) {
            partition.outbox.ends.push(end);
        }
        self.instance_ended(job, true);
        self.wait_for(job.store, birth, id, instant(due));
    }

    /// Whether a run of the instance was cancelled while the store's answer was on its way.
    fn is_to_end(&self, store: u32, instance: &Instance) -> Option<CancelReason> {
        let to_end = &self.partitions.get(&store)?.outbox.to_end;
        let last = instance.first.0 + instance.fire_times.len() as u64;
        let mut its = to_end
            .iter()
            .filter(|(run, _)| (instance.first.0..last).contains(&run.0));
        its.next().map(|(_, reason)| *reason)
    }

    pub(super) fn abort(&mut self, key: AttemptKey) {
        if self.active.at(key).is_some() {
            self.active.abort(key.run);
        }
    }

    /// Tells an attempt to end, and sees to it that it does. What already has a reason to stop
    /// keeps it, unless the other one outdoes it. What has not begun is over.
    pub(super) fn stop(&mut self, key: Key, stop: Stop) {
        let Some(active) = self.active.get_mut(key) else {
            return;
        };
        if active.stop.is_some_and(|stopped| !stop.outdoes(stopped)) {
            return;
        }
        let Some(attempt) = &active.attempt else {
            return;
        };
        if active.stop.replace(stop).is_some() {
            // It was told to end, and has its grace time.
            return;
        }
        attempt.info.cancel();
        if attempt.info.standing.take_back() {
            // It leaves its place in the line, and will not tell of it.
            attempt.handle.abort();
            self.host.reports.push(Told::Ended(Report {
                key,
                started: None,
                finished: self.core.clock.micros(),
                finish: None,
            }));
        }
        let turn = active.turn;
        let alarm = Alarm::Abort(AttemptKey { run: key, turn });
        let alarm = self.timer.after(Timeout::GRACE, 0, alarm);
        if let Some(timeout) = active.alarm.replace(alarm) {
            self.timer.cancel(timeout);
        }
    }

    /// Cancels a run.
    pub(super) fn cancel(&mut self, key: Key, reason: CancelReason) {
        self.stop(key, Stop::Cancel(reason));
    }

    /// Records the outcome of a run. The next fire time of its instance follows, unless the run
    /// was cancelled, though it may have ended well all the same: that cancels those too.
    pub(super) fn end_run(&mut self, key: Key, finish: Finish, finished: i64) {
        let mut rest = self.end_one(key, finish, finished);
        while let Some(outcome) = rest {
            rest = self.end_one(key, Finish::plain(outcome), finished);
        }
    }

    /// Records one outcome, and says which one the rest of the instance shares, if it does.
    fn end_one(&mut self, key: Key, finish: Finish, finished: i64) -> Option<Outcome> {
        self.disarm(key);
        let all_end = self.stage.ends_runs();
        let active = self.active.get_mut(key)?;
        let outcome = finish.outcome;
        let started = active.started.take();
        let end = RunEnd {
            run: active.run,
            outcome,
            retry_at: None,
            started,
            // The clock may have been set back meanwhile.
            finished: started.map_or(finished, |started| finished.max(started)),
            attempts: std::mem::take(&mut active.attempts),
            text: finish.text,
        };
        let (job, fire_time) = (active.key, active.fire_time);
        let is_told = outcome != Outcome::Succeeded || self.core.bus.is_heard();
        let id = is_told.then(|| active.job.id().clone());
        let is_fenced = active.is_fenced;
        let was_past = std::mem::take(&mut active.was_past);
        let since = (!was_past).then_some(fire_time);
        let cancelled = cancelled_by(active.stop.take(), outcome);
        let next = active.rest.pop_front();
        if let Some(next) = next {
            active.fire_time = next;
            active.run = RunId(active.run.0 + 1);
            active.token += 1;
        }
        self.core.metrics.ended(&end, since);
        if matches!(outcome, Outcome::Missed(_)) {
            self.tell_missed(job, fire_time, outcome);
        } else if let Some(id) = id {
            log::ended(&self.core.voice, &id, fire_time, &end);
            self.tell_end(job.store, id, fire_time, &end);
        }
        if !is_fenced && let Some(partition) = self.partitions.get_mut(&job.store) {
            partition.outbox.ends.push(end);
        }
        match (next, cancelled) {
            (None, _) => {
                self.active.remove(key);
                self.instance_ended(job, started.is_some());
                None
            }
            (Some(_), Some(cancelled)) => Some(cancelled),
            (Some(_), _) if is_fenced => Some(Outcome::Lost),
            (Some(_), _) if all_end => Some(Outcome::Cancelled(CancelReason::Shutdown)),
            (Some(_), _) => {
                self.go_on(key);
                None
            }
        }
    }

    /// Begins the next fire time of an instance, or lets it wait in the store.
    fn go_on(&mut self, key: Key) {
        let Some(active) = self.active.get_mut(key) else {
            return;
        };
        let partition = self.partitions.get(&active.key.store);
        if partition.is_none_or(|own| !own.may_be_taken_for_dead()) {
            return self.begin_attempt(key);
        }
        if let Some(active) = self.active.remove(key) {
            let job = active.key;
            self.postpone(job.store, &active.rest_of_instance(), 0);
            self.instance_ended(job, true);
        }
    }

    fn instance_ended(&mut self, job: JobKey, has_begun: bool) {
        if let Some(entry) = self.entry(job) {
            if has_begun {
                entry.told = None;
            }
            entry.instances = entry.instances.saturating_sub(1);
            if entry.instances == 0 {
                entry.gate = None;
            }
            if entry.is_idle() {
                self.settled.push(job);
            }
        }
    }

    pub(super) fn tell_end(
        &self,
        store: u32,
        id: JobId,
        scheduled_time: chrono::DateTime<chrono::Utc>,
        end: &RunEnd,
    ) {
        let Some(partition) = self.partitions.get(&store) else {
            return;
        };
        let job = JobEvent {
            id,
            store: Arc::clone(&partition.alias),
        };
        self.core
            .bus
            .emit(|| EventKind::ended(job, scheduled_time, end));
    }

    /// The store has taken a job out, with its last run.
    pub(super) fn job_left(&self, store: u32, job: &StoredJob) {
        let Some(partition) = self.partitions.get(&store) else {
            return;
        };
        self.core.bus.emit(|| {
            EventKind::JobRemoved(JobEvent {
                id: job.job.id().clone(),
                store: Arc::clone(&partition.alias),
            })
        });
        self.core.registry.unused(job.job.task());
    }

    /// Forgets jobs that nothing keeps here any more; the store knows them.
    pub(super) fn drop_settled_entries(&mut self) {
        for job in self.settled.drain(..) {
            if let Some(partition) = self.partitions.get_mut(&job.store)
                && partition.jobs.get(job).is_some_and(Entry::is_idle)
            {
                partition.jobs.remove(job);
            }
        }
    }
}
