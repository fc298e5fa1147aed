use std::rc::Rc;

use punctual::scheduler::NewJob;
use punctual::trigger::Crontab;

fn main() {
    let counter = Rc::new(1);
    let _ = NewJob::new(move || { let _ = &counter; async {} }, Crontab::new("@daily"));
}
