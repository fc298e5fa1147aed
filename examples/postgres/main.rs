//! Two nodes share the jobs in a PostgreSQL database, and a client without runs adds them:
//! `DATABASE_URL=postgres://postgres@127.0.0.1/test cargo run --example postgres`
//!
//! The nodes would be processes on two machines. Here they are in one process, so that their output
//! is in one place. The tables are in the schema `punctual_example`.
#![expect(clippy::print_stdout, reason = "it is what an example is for")]

use chrono::TimeDelta;
use punctual::scheduler::Client;
use punctual::store::{OpenPostgres, PostgresStore};
use punctual::{Args, Date, Error, Scheduler, State};
use tokio::sync::mpsc::{self, UnboundedSender};

const SHOPS: u32 = 12;

/// A node, and where it tells of the reports that it has written.
#[derive(Clone)]
struct Site {
    name: &'static str,
    done: UnboundedSender<(u32, &'static str)>,
}

async fn report(State(site): State<Site>, Args(shop): Args<u32>) {
    // The program ends with the last report, so the other side may be gone.
    let _ = site.done.send((shop, site.name));
}

fn store() -> OpenPostgres {
    let url = std::env::var("DATABASE_URL");
    let url = url.unwrap_or_else(|_| "postgres://postgres@127.0.0.1/test".to_owned());
    PostgresStore::open(url).schema("punctual_example")
}

async fn node(site: Site) -> Result<Scheduler, Error> {
    let scheduler = Scheduler::builder()
        .store("default", store().await?)
        .node(site.name)
        .task("report", report)
        .state(site)
        .build()?;
    scheduler.start().await?;
    Ok(scheduler)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let (done, mut reports) = mpsc::unbounded_channel();
    let site = |name| Site {
        name,
        done: done.clone(),
    };
    let nodes = [node(site("north")).await?, node(site("south")).await?];

    let client = Client::new(store().await?)?;
    let soon = nodes[0].now() + TimeDelta::seconds(4);
    for shop in 1..=SHOPS {
        // A rerun of this program replaces what an earlier one has left.
        let job = client.add_job("report", Date::at(soon));
        job.id(format!("shop-{shop}"))
            .args((shop,))
            .replace_existing()
            .await?;
    }
    println!("{SHOPS} jobs were added by a client that runs none");

    for _ in 0..SHOPS {
        let Some((shop, name)) = reports.recv().await else {
            break;
        };
        println!("{name} has written the report of shop {shop}");
    }
    for scheduler in nodes {
        println!("{}", scheduler.shutdown().await?);
    }
    let left = client.get_jobs().await?;
    println!("{} jobs are left", left.len());
    Ok(())
}
