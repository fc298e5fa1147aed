//! A fake of a server, which answers a connection with prepared bytes.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Starts a server that answers each message of a client with the next of these answers, and
/// returns its address.
pub(crate) async fn answering(answers: Vec<Vec<u8>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut heard = [0; 4_096];
            for answer in &answers {
                if client.read(&mut heard).await.unwrap_or(0) == 0 {
                    break;
                }
                if client.write_all(answer).await.is_err() {
                    break;
                }
            }
            // The connection stays open until the client has gone.
            while client.read(&mut heard).await.unwrap_or(0) > 0 {}
        }
    });
    address
}

/// A message that asks for a password in plain text.
pub(crate) fn password() -> Vec<u8> {
    message(b'R', &3_u32.to_be_bytes())
}

/// A message with an error.
pub(crate) fn error(code: &str, text: &str) -> Vec<u8> {
    let fields = format!("SFATAL\0VFATAL\0C{code}\0M{text}\0\0");
    message(b'E', fields.as_bytes())
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[kind][..], &length.to_be_bytes(), body].concat()
}
