use punctual::Scheduler;
use punctual::event::EventMask;

fn main() {
    let (tx, _rx) = std::sync::mpsc::channel();
    let _ = Scheduler::builder().listener(EventMask::ALL, async move |event| tx.send(event));
}
