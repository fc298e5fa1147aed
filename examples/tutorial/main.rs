//! What APScheduler tutorials show, translated: `cargo run --example tutorial`
//!
//! Each module is one snippet. A clock that is moved makes days pass in no time, so that the program shows what comes of
//! each and ends by itself; a service would call `run_until_signal` instead.
#![expect(clippy::print_stdout, reason = "it is what an example is for")]

mod aliases;
mod at_start;
mod by_text;
mod cron;
mod grace;
mod listener;
mod overlap;
mod replace;
mod stage;
mod steer;
mod web;
mod window;

use stage::Outcome;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    grace::show().await?;
    by_text::show().await?;
    cron::show().await?;
    window::show().await?;
    aliases::show().await?;
    replace::show().await?;
    steer::show().await?;
    overlap::show().await?;
    at_start::show().await?;
    listener::show().await?;
    web::show().await
}
