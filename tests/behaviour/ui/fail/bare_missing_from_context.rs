use punctual::scheduler::NewJob;
use punctual::trigger::Crontab;

struct Db;

async fn backup(_: Db) {}

fn main() {
    let _ = NewJob::new(backup, Crontab::new("@daily"));
}
