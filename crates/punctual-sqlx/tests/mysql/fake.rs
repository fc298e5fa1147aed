//! A fake of a server, which answers each connection with prepared bytes.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Starts a server that greets each client with these bytes, and returns its address.
pub(crate) async fn greeting(bytes: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let _ = client.write_all(&bytes).await;
            // The connection stays open until the client has gone.
            let mut heard = [0; 4_096];
            while client.read(&mut heard).await.unwrap_or(0) > 0 {}
        }
    });
    address
}

/// A packet with an error, as a server sends it in place of its greeting.
pub(crate) fn error(number: u16, text: &str) -> Vec<u8> {
    let [low, high] = number.to_le_bytes();
    let body = [&[0xff, low, high][..], text.as_bytes()].concat();
    let length = u8::try_from(body.len()).unwrap();
    [&[length, 0, 0, 0][..], &body].concat()
}
