//! Arguments of jobs, by position and by name: `cargo run --example arguments`
#![expect(clippy::print_stdout, reason = "it is what an example is for")]

use std::error::Error;
use std::time::Duration;

use chrono::TimeDelta;
use punctual::{Args, Date, Output, Scheduler, job, scheduled_job};
use serde::{Deserialize, Serialize};

/// By position: `args=("Ada", 3)` of `APScheduler` is a tuple.
#[job(name = "greet")]
async fn greet(Args((name, times)): Args<(String, u32)>) -> Output<String> {
    Output(vec![format!("hello {name}"); times as usize].join(", "))
}

/// By name: `kwargs={"to": "ada"}` of `APScheduler` is a struct; what may be left out has a default.
#[derive(Serialize, Deserialize, schemars::JsonSchema)]
struct Mail {
    to: String,
    #[serde(default)]
    urgent: bool,
}

#[job(name = "mail.send", schema)]
async fn send(Args(mail): Args<Mail>) -> Result<String, std::fmt::Error> {
    let Mail { to, urgent } = mail;
    Ok(format!(
        "mail to {to}{}",
        if urgent { ", now!" } else { "" }
    ))
}

/// A job that is declared has its arguments beside it.
#[scheduled_job("0 9 * * mon", id = "monday", args("monday", 7))]
fn remind(Args((day, hours)): Args<(String, u32)>) {
    println!("{day} has {hours} hours");
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let scheduler = Scheduler::builder().discover().build()?;
    scheduler.start().await?;
    let soon = || Date::at(scheduler.now() + TimeDelta::milliseconds(100));
    scheduler
        .add_job(greet, soon())
        .id("tuple")
        .args(("Ada", 2))
        .await?;
    let mail = Mail {
        to: "grace".to_owned(),
        urgent: true,
    };
    scheduler
        .add_job(send, soon())
        .id("struct")
        .args(mail)
        .await?;
    let map = serde_json::json!({"to": "ada"});
    scheduler
        .add_job("mail.send", soon())
        .id("map")
        .args(map)
        .await?;
    scheduler.run_job("monday").await?;

    // Arguments that do not fit are refused when the job is added, not when it runs.
    let refused = scheduler.add_job(greet, soon()).args(("Ada",)).await;
    println!(
        "{}",
        refused
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    );

    tokio::time::sleep(Duration::from_millis(800)).await;
    for id in ["tuple", "struct", "map"] {
        for run in scheduler.runs().job(id).await? {
            println!("{id}: {}", run.result.unwrap_or_default());
        }
    }
    for task in scheduler.tasks() {
        if let Some(schema) = task.args_schema {
            println!("{} takes {}", task.name, schema["required"]);
        }
    }
    scheduler.shutdown().await?;
    Ok(())
}
