use punctual::Scheduler;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), punctual::Error> {
    let scheduler = Scheduler::new();
    scheduler.cancel_run(7).await
}
