//! A network between a store and its server, whose connections fall silent when a test wants it.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Silences the connections that are there when its number changes.
pub(crate) type Silence = watch::Sender<u32>;

/// Returns the port of this machine that leads to a server.
pub(crate) async fn network(to: String) -> (u16, Silence) {
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
