use std::net::SocketAddr;

use punctual::testing::{Ledger, TestClock};
use punctual::{Scheduler, State, jobs, scheduled_job};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

#[scheduled_job("30 2 * * *", timezone = "Europe/Berlin", id = "report")]
async fn report(State(server): State<SocketAddr>) -> Result<u8, std::io::Error> {
    TcpStream::connect(server).await?.read_u8().await
}

#[tokio::test]
async fn the_report_is_fetched_every_night() -> Result<(), Box<dyn std::error::Error>> {
    let server = TcpListener::bind("127.0.0.1:0").await?;
    let address = server.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = server.accept().await {
            let _ = stream.writable().await;
            let _ = stream.try_write(&[42]);
        }
    });
    let clock = TestClock::with_io("2026-03-27T12:00:00Z");
    let builder = Scheduler::builder().clock(clock.clone());
    let scheduler = builder.state(address).jobs(jobs![report]).build()?;
    scheduler.start().await?;

    clock.advance_to("2026-03-30T12:00:00Z").await;

    Ledger::of(&scheduler, "report").await?.assert_lines(&[
        "2026-03-28T01:30:00Z succeeded: 42",
        "2026-03-29T01:00:00Z succeeded: 42",
        "2026-03-30T00:30:00Z succeeded: 42",
    ]);
    Ok(())
}
