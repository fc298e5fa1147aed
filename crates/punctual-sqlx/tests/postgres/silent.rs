//! A network that falls silent, as it does when a server is replaced. Nothing more arrives on the
//! connections that are there, and new connections work.

use std::time::Duration;

use punctual_store::JobStore;
use tokio::time::timeout;

use crate::folder::{Folder, Opening, Store};
use crate::network::{Silence, network};

/// The longest wait of a test, which then fails and does not hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// The time after which a caller drops a call.
pub(crate) const CALL: Duration = Duration::from_secs(1);

/// Opens a store behind such a network.
pub(crate) async fn behind(folder: &Folder) -> (Opening, Silence) {
    let (host, port) = folder.server();
    let (near, silence) = network(format!("{host}:{port}")).await;
    (folder.opening_at(near, "jobs"), silence)
}

/// Calls until a call is answered.
pub(crate) async fn is_answered(store: &Store) {
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
