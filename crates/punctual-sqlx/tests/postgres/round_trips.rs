//! The round trips of a claim between a process and a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use punctual_store::{ClaimAnswer, JobStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::fixture::{advance, at, ended, insert, job, node, request};
use crate::folder::{CLAIM, Folder};

/// Starts a proxy, and counts the times at which a client speaks after the server has spoken.
async fn counting(to: String) -> (u16, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let trips = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&trips);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&to).await.unwrap();
            tokio::spawn(hand_on(client, server, Arc::clone(&counter)));
        }
    });
    (port, trips)
}

async fn hand_on(mut client: TcpStream, mut server: TcpStream, trips: Arc<AtomicU32>) {
    let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut server_spoke = true;
    loop {
        tokio::select! {
            count = client.read(&mut asked) => {
                let count = count.unwrap_or(0);
                if count == 0 || server.write_all(&asked[..count]).await.is_err() {
                    return;
                }
                if std::mem::replace(&mut server_spoke, false) {
                    trips.fetch_add(1, Ordering::SeqCst);
                }
            }
            count = server.read(&mut answered) => {
                let count = count.unwrap_or(0);
                if count == 0 || client.write_all(&answered[..count]).await.is_err() {
                    return;
                }
                server_spoke = true;
            }
        }
    }
}

/// The pool of the driver asks whether a connection that was given back is well, which takes one more. No
/// caller waits for that while another connection is free.
#[tokio::test]
async fn a_claim_of_512_jobs_takes_few_round_trips() {
    let folder = Folder::new();
    let (host, port) = folder.server();
    let (near, trips) = counting(format!("{host}:{port}")).await;
    let store = folder.opening_at(near, "jobs").pool_size(1).await.unwrap();
    let jobs = (0..512).map(|id| insert(job(&format!("job {id:04}"))));
    let added = store.add(jobs.collect()).await.unwrap();
    let mut jobs: Vec<_> = added.into_iter().map(Result::unwrap).collect();
    let lease = node(&store, "one").await;
    let mut ends = Vec::new();
    let mut taken = Vec::new();
    for second in [10, 20, 30, 40] {
        let claims = jobs.iter().map(|stored| advance(stored, at(second)));
        let claims = request(&lease, claims.collect(), std::mem::take(&mut ends));
        let before = trips.load(Ordering::SeqCst);
        let reply = store.claim(&claims).await.unwrap();
        taken.push(trips.load(Ordering::SeqCst) - before);
        for (stored, answer) in jobs.iter_mut().zip(&reply.answers) {
            let ClaimAnswer::Won(won) = answer else {
                panic!("{answer:?}");
            };
            ends.push(ended(won.first));
            stored.state.revision = won.revision;
            stored.state.next_run_time = Some(at(second + 10));
        }
    }
    // The first two claims may prepare statements.
    let each = CLAIM + 1;
    assert_eq!(taken[2..], [each, each], "{taken:?}");
}
