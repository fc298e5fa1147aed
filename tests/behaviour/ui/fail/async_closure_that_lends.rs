use punctual::scheduler::NewJob;
use punctual::trigger::Crontab;

fn main() {
    let name = String::from("ada");
    let _ = NewJob::new(async move || println!("{name}"), Crontab::new("@daily"));
}
