//! A window that could be: one thread, one frame after another.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

/// What reaches the event loop, from the user and from jobs.
pub(crate) enum Message {
    Clicked,
    Added(bool),
    Weather(&'static str),
}

pub(crate) struct Window {
    sender: Sender<Message>,
    messages: Receiver<Message>,
    frames: u32,
    /// How often it showed something new.
    shown: u32,
}

impl Window {
    /// Opens the window; the user clicks at once.
    pub(crate) fn open() -> Self {
        let (sender, messages) = channel();
        let window = Self {
            sender,
            messages,
            frames: 0,
            shown: 0,
        };
        let _ = window.sender.send(Message::Clicked);
        window
    }

    /// The way into the loop, from any thread.
    pub(crate) fn proxy(&self) -> Sender<Message> {
        self.sender.clone()
    }

    /// Draws until there is a message, or until the user closes the window, who has seen enough.
    pub(crate) fn next_frame(&mut self) -> Option<Message> {
        while self.shown < 3 {
            if let Ok(message) = self.messages.try_recv() {
                return Some(message);
            }
            self.frames += 1;
            // The screen takes a frame in 60 times a second.
            thread::sleep(Duration::from_millis(16));
        }
        None
    }

    pub(crate) fn show(&mut self, weather: &str) {
        self.shown += 1;
        let has_moved = self.frames > 0;
        println!("it is {weather}; the window went on drawing: {has_moved}");
        self.frames = 0;
    }
}
