use punctual::Scheduler;
use punctual::event::EventMask;

fn main() {
    let _ = Scheduler::builder().listener(EventMask::ALL, |event| event.at);
    let _ = Scheduler::builder().listener(EventMask::ALL, async |event| event.at);
}
