//! Verbs own what they need, so each can be spawned as it is.

use punctual::ledger::RunId;
use punctual::scheduler::NewJob;
use punctual::trigger::Crontab;
use punctual::{Error, JobHandle, Scheduler};
use tokio::spawn;

async fn tick() {}

async fn of_scheduler(s: &Scheduler) {
    let hourly = || Crontab::new("@hourly");
    spawn(s.add_job(tick, hourly()).id("tick").into_future());
    spawn(s.add_jobs([NewJob::new(tick, hourly())]));
    spawn(s.get_job("tick"));
    spawn(s.pause_job("tick").into_future());
    spawn(s.resume_job("tick").catch_up().into_future());
    spawn(s.reschedule_job("tick", hourly()).into_future());
    spawn(s.modify_job("tick").name("Tick").into_future());
    spawn(s.run_job("tick").into_future());
    spawn(s.cancel_run(RunId(1)).into_future());
    spawn(s.run(("default", RunId(1))));
    spawn(s.remove_job("tick").into_future());
    spawn(s.pause_all_jobs().tag("t").into_future());
    spawn(s.resume_all_jobs().store("default").into_future());
    spawn(s.remove_all_jobs().into_future());
    spawn(s.statistics("tick"));
    spawn(s.running());
    spawn(s.upcoming(3));
    spawn(s.export_jobs());
    spawn(s.import_jobs("{}"));
    spawn(s.start().paused().into_future());
    spawn(s.pause());
    spawn(s.resume());
    spawn(s.wakeup());
    spawn(s.remove_store("other"));
    spawn(s.remove_executor("other"));
    spawn(s.wait_until_stopped());
    spawn(s.run_until_signal());
    spawn(s.shutdown().immediately().into_future());
}

async fn of_job(job: &JobHandle) {
    spawn(job.get());
    spawn(job.pause().into_future());
    spawn(job.resume().into_future());
    spawn(job.modify().untag("t").into_future());
    spawn(job.reschedule(Crontab::new("@daily")).into_future());
    spawn(job.run().into_future());
    spawn(job.next_run_time());
    spawn(job.upcoming(3));
    spawn(job.running());
    spawn(job.statistics());
    spawn(job.remove().into_future());
}

async fn of_run(job: &JobHandle) -> Result<(), Error> {
    let run = job.run().await?;
    spawn(run.wait());
    spawn(run.get());
    spawn(run.cancel().into_future());
    Ok(())
}

fn main() {
    let _ = (of_scheduler, of_job, of_run);
}
