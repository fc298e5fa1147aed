//! The client of the example: a browser, as short as it gets.

use std::error::Error;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc::Receiver;

/// Asks for a reminder, twice, and waits for it.
pub(crate) async fn talk(
    server: SocketAddr,
    mut told: Receiver<String>,
) -> Result<(), Box<dyn Error>> {
    for _ in 0..2 {
        let body = r#"{"id": "tea", "text": "tea is ready"}"#;
        println!("{}", post(server, "/reminders", body).await?);
    }
    println!("reminded: {}", told.recv().await.unwrap_or_default());
    Ok(())
}

/// Sends a body, and answers the first line and the body of what came back.
async fn post(server: SocketAddr, path: &str, body: &str) -> Result<String, Box<dyn Error>> {
    let mut stream = TcpStream::connect(server).await?;
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no body")?;
    let status = head.lines().next().unwrap_or_default();
    Ok(format!("{status}: {body}"))
}
