use punctual::scheduler::NewJob;
use punctual::trigger::Crontab;

async fn greet(name: &str) {
    let _ = name;
}

fn main() {
    let _ = NewJob::new(greet, Crontab::new("@daily"));
}
