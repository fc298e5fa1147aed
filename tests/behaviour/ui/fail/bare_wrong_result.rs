use punctual::scheduler::NewJob;
use punctual::trigger::Crontab;

async fn count() -> u32 {
    1
}

fn main() {
    let _ = NewJob::new(count, Crontab::new("@daily"));
}
