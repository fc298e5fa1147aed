//! `QtScheduler`: a window with an event loop of its own, which must never wait. Jobs run in the background and hand
//! their results to the loop; clicks are handed to the scheduler. `cargo run --example gui`
#![expect(clippy::print_stdout, reason = "it is what an example is for")]

mod window;

use std::error::Error;
use std::sync::mpsc::Sender;

use punctual::{Interval, Scheduler, State};
use window::{Message, Window};

/// Runs beside the window. Its sender is what winit calls a proxy, and Qt a signal.
async fn weather(State(window): State<Sender<Message>>) {
    // A window that was closed shows nothing any more.
    let _ = window.send(Message::Weather("sunny"));
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut window = Window::open();
    let builder = Scheduler::builder().state(window.proxy());
    let background = builder.build()?.background()?;

    while let Some(message) = window.next_frame() {
        match message {
            Message::Clicked => {
                let scheduler = background.scheduler().clone();
                let window = window.proxy();
                // Not `block_on`: the store may take its time, and the window would stand still.
                background.spawn(async move {
                    let often = Interval::every("200ms");
                    let added = scheduler.add_job(weather, often).await;
                    let _ = window.send(Message::Added(added.is_ok()));
                });
            }
            Message::Added(is_added) => println!("the job was added: {is_added}"),
            Message::Weather(weather) => window.show(weather),
        }
    }
    background.shutdown()?;
    println!("closed");
    Ok(())
}
