#![deny(unused_must_use)]

use punctual::trigger::Crontab;
use punctual::{Error, Scheduler};

async fn tick() {}

async fn forgetful(scheduler: Scheduler) -> Result<(), Error> {
    scheduler.add_job(tick, Crontab::new("@daily")).id("tick");
    scheduler.modify_job("tick").name("Tick");
    scheduler.events();
    Ok(())
}

fn main() {
    let _ = forgetful;
}
