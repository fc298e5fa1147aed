use punctual::scheduler::NewJob;
use punctual::trigger::Crontab;

fn main() {
    let _ = NewJob::new(|_: u32| async {}, Crontab::new("@daily"));
}
