use punctual::scheduler::NewJob;
use punctual::trigger::Crontab;

async fn send(to: String) {
    let _ = to;
}

fn main() {
    let _ = NewJob::new(send(String::from("ada")), Crontab::new("@daily"));
}
