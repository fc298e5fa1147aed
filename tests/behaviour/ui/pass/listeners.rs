//! All forms of listeners, with nothing written about their types.

use std::sync::{Arc, Mutex};

use punctual::Scheduler;
use punctual::event::EventMask;
use punctual::handler::BoxError;

async fn page(text: String) -> Result<(), std::io::Error> {
    Err(std::io::Error::other(text))
}

fn main() -> Result<(), punctual::Error> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let count = Arc::clone(&heard);
    let scheduler = Scheduler::builder()
        .listener(EventMask::ALL, |event| println!("{event:?}"))
        .listener(EventMask::ALL, move |event| heard.lock().unwrap().push(event))
        .listener(EventMask::ALL, |_| Err::<(), _>("text"))
        .listener(EventMask::ALL, |_| -> Result<(), BoxError> { Ok(()) })
        .listener(EventMask::ALL, async |event| page(format!("{event:?}")).await)
        .listener(EventMask::ALL, async |_| {})
        .listener(EventMask::ALL, move |event| {
            let count = Arc::clone(&count);
            async move { count.lock().unwrap().push(event) }
        })
        .listener(EventMask::ALL, |event| Box::pin(async move { drop(event) }))
        .build()?;
    drop(scheduler);
    Ok(())
}
