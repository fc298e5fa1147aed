use punctual::Scheduler;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), punctual::Error> {
    let scheduler = Scheduler::new();
    scheduler.pause_job(7).await
}
