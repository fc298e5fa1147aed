//! A network that falls silent, as it does when a server is replaced. Nothing more arrives on the
//! connections that are there, and new connections work.

use std::time::Duration;

use punctual_sqlx::{OpenPostgres, PostgresStore};
use punctual_store::JobStore;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::fixture::{add, job};
use crate::folder::Folder;
use crate::told::listens;

/// The longest wait of a test, which then fails and does not hang.
const PATIENCE: Duration = Duration::from_secs(60);
/// The time after which a caller drops a call.
const CALL: Duration = Duration::from_secs(1);

/// Silences the connections that are there when its number changes.
type Silence = watch::Sender<u32>;

async fn network(to: String) -> (u16, Silence) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (silence, number) = watch::channel(0);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&to).await.unwrap();
            tokio::spawn(hand_on(client, server, number.clone()));
        }
    });
    (port, silence)
}

async fn hand_on(mut client: TcpStream, mut server: TcpStream, number: watch::Receiver<u32>) {
    let own = *number.borrow();
    let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let (count, bytes, to) = tokio::select! {
            count = client.read(&mut asked) => (count, &asked, &mut server),
            count = server.read(&mut answered) => (count, &answered, &mut client),
        };
        if *number.borrow() != own {
            return std::future::pending().await;
        }
        let count = count.unwrap_or(0);
        if count == 0 || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

/// Opens a store behind such a network.
async fn behind(folder: &Folder) -> (OpenPostgres, Silence) {
    let options = folder.options();
    let (host, port) = (options.get_host(), options.get_port());
    let (near, silence) = network(format!("{host}:{port}")).await;
    let url = folder.url();
    let url = url.replace(&format!(":{port}/"), &format!(":{near}/"));
    let opening = PostgresStore::open(format!("{url}&sslmode=disable"));
    (opening.schema(folder.schema("jobs")), silence)
}

/// Calls until a call is answered.
async fn is_answered(store: &PostgresStore) {
    let answered = async { while !matches!(timeout(CALL, store.nodes()).await, Ok(Ok(_))) {} };
    let answered = timeout(PATIENCE, answered).await;
    answered.expect("a call is answered on a new connection");
}

#[tokio::test]
async fn silent_connections_keep_no_place_in_a_pool() {
    let folder = Folder::new();
    let (opening, silence) = behind(&folder).await;
    let store = opening.pool_size(2).await.unwrap();
    for number in 1..=2 {
        futures::future::join_all((0..4).map(|_| store.nodes())).await;
        silence.send(number).unwrap();
        is_answered(&store).await;
    }
}

#[tokio::test]
async fn a_transaction_on_a_silent_connection_keeps_no_place_in_a_pool() {
    let folder = Folder::new();
    let (opening, silence) = behind(&folder).await;
    let store = opening.pool_size(1).await.unwrap();
    store.nodes().await.unwrap();
    silence.send(1).unwrap();
    // `clear` removes in a transaction.
    let removed = timeout(CALL, store.clear(crate::fixture::at(0))).await;
    assert!(removed.is_err(), "{removed:?}");
    is_answered(&store).await;
}

#[tokio::test]
async fn a_store_closes_although_a_connection_is_silent() {
    let folder = Folder::new();
    let (opening, silence) = behind(&folder).await;
    let store = opening.pool_size(1).await.unwrap();
    futures::future::join_all((0..4).map(|_| store.nodes())).await;
    silence.send(1).unwrap();
    // The call is dropped while its transaction is open on a silent connection.
    let left = timeout(CALL, store.clear(crate::fixture::at(0))).await;
    assert!(left.is_err(), "{left:?}");
    let closed = timeout(PATIENCE, store.close()).await;
    closed.expect("it closes");
}

/// A call looks when it begins, and then once in an hour. So only a notification on a new connection can
/// end a call that found nothing when it began.
#[tokio::test]
async fn edits_are_heard_again_after_a_silence() {
    let folder = Folder::new();
    let teller = folder.opening("jobs").await.unwrap();
    let (opening, silence) = behind(&folder).await;
    let hour = Duration::from_secs(3_600);
    let listener = opening.poll_interval(hour).await.unwrap();
    let mut since = listens(&teller, &listener).await;
    silence.send(1).unwrap();
    is_answered(&listener).await;
    while let Ok(changes) = timeout(CALL, listener.changes(since)).await {
        since = changes.unwrap().counter;
    }
    let mut told = std::pin::pin!(timeout(PATIENCE, listener.changes(since)));
    for number in 0.. {
        tokio::select! {
            told = &mut told => {
                told.expect("an edit is told on a new connection").unwrap();
                return;
            }
            () = tokio::time::sleep(CALL) => {
                let id = format!("after {number}");
                add(&teller, job(&id)).await.unwrap();
            }
        }
    }
}
