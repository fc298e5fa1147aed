//! Verbs own what they need. Each can be spawned, alone, from a handle that is gone.

use std::future::IntoFuture;

use punctual_core::{Error, JobId, RunId};
use punctual_tokio::{
    AddJob, Call, CancelRun, ErrorKind, Executor, GetJobTable, GetJobs, GetJobsPage, IntoJobId,
    JobHandle, MemoryStore, ModifyJob, NewJob, PauseAllJobs, PauseJob, RemoveAllJobs, RemoveJob,
    RescheduleJob, ResumeAllJobs, ResumeJob, RunHandle, RunJob, Runs, RunsPage, Scheduler,
    Shutdown, ShutdownSignal, Start, Stopped,
};

use crate::support::{every, pass};

fn is_owned<T: Send + 'static>() {}

fn is_a_verb<T>()
where
    T: IntoFuture<IntoFuture: Send + Unpin + 'static> + Send + 'static,
{
}

#[test]
fn verbs_and_their_futures_are_owned() {
    is_owned::<Call<std::rc::Rc<()>>>();
    is_owned::<JobHandle>();
    is_owned::<RunHandle>();
    is_a_verb::<Call<()>>();
    is_a_verb::<AddJob>();
    is_a_verb::<ModifyJob>();
    is_a_verb::<PauseJob>();
    is_a_verb::<ResumeJob>();
    is_a_verb::<RescheduleJob>();
    is_a_verb::<RemoveJob>();
    is_a_verb::<RunJob>();
    is_a_verb::<CancelRun>();
    is_a_verb::<RemoveAllJobs>();
    is_a_verb::<PauseAllJobs>();
    is_a_verb::<ResumeAllJobs>();
    is_a_verb::<GetJobs>();
    is_a_verb::<GetJobsPage>();
    is_a_verb::<GetJobTable>();
    is_a_verb::<Runs>();
    is_a_verb::<RunsPage>();
    is_a_verb::<Start>();
    is_a_verb::<Shutdown>();
    is_a_verb::<Stopped>();
    is_a_verb::<ShutdownSignal>();
}

/// Spawns a verb, as a program does that goes on meanwhile.
async fn spawned<T: Send + 'static>(
    verb: impl IntoFuture<Output = Result<T, Error>, IntoFuture: Send + 'static>,
) -> Result<T, Error> {
    tokio::spawn(verb.into_future()).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_verb_can_be_spawned() {
    let s = Scheduler::new();
    spawned(s.start().paused()).await.unwrap();
    let job = spawned(s.add_job(|| async {}, every(60)).id("a")).await;
    let job = job.unwrap();
    let jobs = [NewJob::new(|| async {}, every(60)).id("b")];
    assert_eq!(spawned(s.add_jobs(jobs)).await.unwrap().len(), 1);
    spawned(s.resume()).await.unwrap();
    spawned(s.pause()).await.unwrap();
    spawned(s.wakeup()).await.unwrap();
    spawned(s.resume()).await.unwrap();
    spawned(s.pause_job("a")).await.unwrap();
    spawned(s.resume_job("a").catch_up()).await.unwrap();
    spawned(s.reschedule_job("a", every(30))).await.unwrap();
    spawned(s.modify_job("a").name("A")).await.unwrap();
    assert!(spawned(s.get_job("a")).await.unwrap().is_some());
    let run = spawned(s.run_job("a")).await.unwrap();
    spawned(run.wait()).await.unwrap();
    spawned(run.get()).await.unwrap();
    spawned(s.run(run.id())).await.unwrap();
    assert!(spawned(s.cancel_run(RunId(99))).await.is_err());
    assert!(spawned(run.cancel()).await.is_err());
    assert_eq!(spawned(s.statistics("a")).await.unwrap().succeeded, 1);
    spawned(s.running()).await.unwrap();
    spawned(s.recount()).await.unwrap();
    spawned(s.get_jobs()).await.unwrap();
    spawned(s.get_jobs().page(10)).await.unwrap();
    spawned(s.job_table()).await.unwrap();
    spawned(s.runs()).await.unwrap();
    spawned(s.runs().page(10)).await.unwrap();
    spawned(s.upcoming(1)).await.unwrap();
    spawned(job.pause()).await.unwrap();
    spawned(job.resume()).await.unwrap();
    spawned(job.modify().tag("t")).await.unwrap();
    spawned(job.reschedule(every(60))).await.unwrap();
    spawned(job.run()).await.unwrap();
    spawned(job.get()).await.unwrap();
    spawned(job.next_run_time()).await.unwrap();
    spawned(job.upcoming(2)).await.unwrap();
    spawned(job.running()).await.unwrap();
    spawned(job.statistics()).await.unwrap();
    assert_eq!(spawned(s.pause_all_jobs()).await.unwrap(), 2);
    assert_eq!(spawned(s.resume_all_jobs().tag("t")).await.unwrap(), 1);
    spawned(s.add_store("more", MemoryStore::new()))
        .await
        .unwrap();
    spawned(s.remove_store("more")).await.unwrap();
    let executor = Executor::tokio();
    spawned(s.add_executor("more", executor)).await.unwrap();
    spawned(s.remove_executor("more")).await.unwrap();
    let text = spawned(s.export_jobs()).await.unwrap();
    spawned(job.remove()).await.unwrap();
    assert!(spawned(s.remove_job("a")).await.unwrap_err().is_not_found());
    spawned(s.import_jobs(text)).await.unwrap();
    assert_eq!(spawned(s.remove_all_jobs()).await.unwrap(), 1);
    let stopped = tokio::spawn(s.wait_until_stopped());
    spawned(s.shutdown()).await.unwrap();
    stopped.await.unwrap();
    spawned(s.shutdown().immediately()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_verb_begins_when_it_is_polled_and_outlives_its_handle() {
    let scheduler = Scheduler::new();
    let other = scheduler.clone();
    let adding = other.add_job(|| async {}, every(60)).id("a").into_future();
    drop(other);
    pass(1).await;
    assert!(scheduler.get_job("a").await.unwrap().is_none());
    drop(scheduler.remove_job("a").into_future());
    let job = adding.await.unwrap();
    assert_eq!(job.id().as_str(), "a");
}

async fn names_it(scheduler: &Scheduler, id: impl IntoJobId) {
    scheduler.pause_job(id).await.unwrap();
}

#[tokio::test]
async fn a_job_is_named_in_many_ways_and_a_wrong_id_is_told_when_awaited() {
    let scheduler = Scheduler::new();
    let job = scheduler.add_job(|| async {}, every(60)).id("a").await;
    let job = job.unwrap();
    names_it(&scheduler, "a").await;
    names_it(&scheduler, "a".to_owned()).await;
    names_it(&scheduler, &"a".to_owned()).await;
    names_it(&scheduler, job.id()).await;
    names_it(&scheduler, JobId::new("a").unwrap()).await;
    names_it(&scheduler, &job).await;
    names_it(&scheduler, &job.get().await.unwrap().unwrap()).await;
    let verb = scheduler.pause_job("");
    assert_eq!(verb.await.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(scheduler.job("").unwrap_err().kind(), ErrorKind::Invalid);
}
