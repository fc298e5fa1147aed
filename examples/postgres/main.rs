//! Three processes share the jobs in a PostgreSQL database, and one of them is killed:
//! `DATABASE_URL=postgres://postgres@127.0.0.1/test cargo run --example postgres`
//!
//! The program starts itself three times as a node. Then it adds jobs as a client, which runs none,
//! kills a node in the middle of its work and tells what the others make of that. The tables are in
//! the schema `punctual_example`.
#![expect(clippy::print_stdout, reason = "it is what an example is for")]

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::process::Stdio;
use std::time::Duration;

use chrono::{DateTime, Utc};
use punctual::error::ErrorKind;
use punctual::ledger::Run;
use punctual::policy::OnLost;
use punctual::scheduler::Client;
use punctual::store::{OpenPostgres, PostgresStore};
use punctual::{Args, Date, Scheduler};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::time::sleep;

const NODES: [&str; 3] = ["north", "south", "east"];
const SHOPS: u32 = 12;
const A_MOMENT: Duration = Duration::from_millis(100);

/// Takes three seconds, so that there is time to kill its process.
async fn report(Args(_shop): Args<u32>) {
    sleep(Duration::from_secs(3)).await;
}

fn store() -> OpenPostgres {
    let url = env::var("DATABASE_URL");
    let url = url.unwrap_or_else(|_| "postgres://postgres@127.0.0.1/test".to_owned());
    PostgresStore::open(url).schema("punctual_example")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    match env::var("EXAMPLE_NODE") {
        Ok(name) => node(&name).await,
        Err(_) => fleet().await,
    }
}

/// Is one of the nodes, until its parent closes the pipe between them.
async fn node(name: &str) -> Result<(), Box<dyn Error>> {
    let scheduler = Scheduler::builder()
        .store("default", store().await?)
        .node(name)
        .task("report", report)
        .build()?;
    scheduler.start().await?;
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    scheduler.shutdown().await?;
    Ok(())
}

fn start(name: &str) -> Result<Child, Box<dyn Error>> {
    let mut program = Command::new(env::current_exe()?);
    program.env("EXAMPLE_NODE", name).kill_on_drop(true);
    Ok(program.stdin(Stdio::piped()).spawn()?)
}

async fn fleet() -> Result<(), Box<dyn Error>> {
    let client = Client::new(store().await?)?;
    let mut nodes = BTreeMap::new();
    for name in NODES {
        nodes.insert(name, start(name)?);
    }
    // All nodes have seen each other by then.
    let due = client.now() + Duration::from_secs(4);
    add(&client, due).await?;
    println!("three processes share {SHOPS} jobs");

    let begun = until(&client, due, |runs| runs.iter().all(Run::is_open)).await?;
    let mut shares: BTreeMap<String, usize> = BTreeMap::new();
    for node in begun.into_iter().filter_map(|run| run.node) {
        *shares.entry(node).or_default() += 1;
    }
    println!("runs under way: {shares:?}");
    let busiest = shares.into_iter().max_by_key(|(_, runs)| *runs);
    let (busiest, runs) = busiest.ok_or("no node has begun a run")?;
    let mut killed = nodes.remove(&*busiest).ok_or("it is one of the nodes")?;
    killed.kill().await?;
    println!("{busiest} was killed with {runs} runs under way");

    // The others take it for dead after eight seconds, and begin its runs again.
    for run in until(&client, due, |runs| !runs.iter().any(Run::is_open)).await? {
        let outcome = run.outcome().ok_or("it has ended")?;
        let node = run.node.unwrap_or_default();
        println!("{} {outcome} on {node}, attempt {}", run.job, run.attempts);
    }
    for child in nodes.values_mut() {
        drop(child.stdin.take());
        child.wait().await?;
    }
    println!("the others have ended by themselves");
    Ok(())
}

/// Adds the jobs as soon as a node is there that knows the task.
async fn add(client: &Client, due: DateTime<Utc>) -> Result<(), punctual::Error> {
    let mut shop = 1;
    while shop <= SHOPS {
        let job = client.add_job("report", Date::at(due)).args((shop,));
        let job = job.id(format!("shop-{shop}")).on_lost(OnLost::rerun(1));
        match job.replace_existing().await {
            Ok(_) => shop += 1,
            Err(error) if error.kind() == ErrorKind::UnknownTask => sleep(A_MOMENT).await,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Waits until the runs of these jobs are as wanted.
async fn until(
    client: &Client,
    due: DateTime<Utc>,
    wanted: impl Fn(&[Run]) -> bool,
) -> Result<Vec<Run>, punctual::Error> {
    loop {
        let runs = client.runs().from(due).await?;
        if runs.len() == SHOPS as usize && wanted(&runs) {
            return Ok(runs);
        }
        sleep(A_MOMENT).await;
    }
}
