//! `AsyncIOScheduler` inside a web framework, here actix: the scheduler runs on the thread of `main`, and handlers use
//! its handle from the threads of the server. `cargo run --example actix`
#![expect(clippy::print_stdout, reason = "it is what an example is for")]

mod client;

use std::error::Error;

use actix_web::web::{Data, Json};
use actix_web::{App, HttpResponse, HttpServer, post};
use chrono::TimeDelta;
use punctual::{Args, Date, Scheduler, State};
use serde::Deserialize;
use tokio::sync::mpsc::{Sender, channel, error::SendError};

#[derive(Deserialize)]
struct Reminder {
    id: String,
    text: String,
}

async fn remind(
    Args(text): Args<String>,
    State(told): State<Sender<String>>,
) -> Result<(), SendError<String>> {
    told.send(text).await
}

#[post("/reminders")]
async fn add(scheduler: Data<Scheduler>, Json(reminder): Json<Reminder>) -> HttpResponse {
    let soon = Date::at(scheduler.now() + TimeDelta::milliseconds(500));
    let job = scheduler.add_job(remind, soon).id(reminder.id);
    match job.args((reminder.text,)).await {
        Ok(job) => HttpResponse::Created().body(job.id().to_string()),
        Err(error) if error.is_conflict() => HttpResponse::Conflict().body(error.to_string()),
        Err(error) => HttpResponse::UnprocessableEntity().body(error.to_string()),
    }
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (sender, told) = channel(8);
    let scheduler = Scheduler::builder().state(sender).build()?;
    scheduler.start().await?;
    let data = Data::new(scheduler.clone());
    let server = HttpServer::new(move || App::new().app_data(data.clone()).service(add));
    let server = server.workers(2).bind(("127.0.0.1", 0))?;
    let address = server.addrs()[0];
    let server = server.run();
    let stop = server.handle();
    let client = async {
        let talked = client::talk(address, told).await;
        stop.stop(true).await;
        talked
    };
    let (served, talked) = tokio::join!(server, client);
    scheduler.shutdown().await?;
    served?;
    talked
}
