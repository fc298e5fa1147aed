//! The network between a node and its server, with the fault that a story asks for.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::unix::dice::Dice;
use crate::unix::server::Make;

/// The greatest number of pieces that are on their way in one direction.
const ON_THE_WAY: usize = 1_024;

/// The state of a network, which decides what becomes of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    Fine,
    /// Nothing arrives, and neither side is told. What was sent arrives when the silence is over.
    Silent,
    /// New connections work. Those that are there stay silent for ever, as after a failover.
    HalfOpen,
    /// All connections end, and new ones are refused.
    Refused,
    /// Each piece takes this time, and one in a hundred takes twice this time.
    Slow(Duration),
    /// Of a hundred answers this number never arrives, and their connections end.
    Cut(u64),
}

/// Forwards the connections of one node.
pub(crate) struct Proxy {
    make: Make,
    port: u16,
    weather: watch::Sender<Now>,
}

#[derive(Debug, Clone, Copy)]
struct Now {
    weather: Weather,
    /// The number of failovers so far. Connections of an earlier epoch stay silent.
    epoch: u64,
}

impl Proxy {
    pub(crate) async fn to(make: Make, socket: &Path) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let fine = Now {
            weather: Weather::Fine,
            epoch: 0,
        };
        let (weather, now) = watch::channel(fine);
        tokio::spawn(serve(make, listener, socket.to_owned(), now));
        Self {
            make,
            port,
            weather,
        }
    }

    pub(crate) fn url(&self) -> String {
        self.make.url_at(self.port)
    }

    pub(crate) fn turns(&self, weather: Weather) {
        self.weather.send_modify(|now| {
            now.epoch += u64::from(weather == Weather::HalfOpen);
            now.weather = weather;
        });
    }
}

async fn serve(make: Make, listener: TcpListener, socket: PathBuf, now: watch::Receiver<Now>) {
    let mut seed = 0;
    loop {
        let Ok((client, _)) = listener.accept().await else {
            continue;
        };
        let Now { weather, epoch } = *now.borrow();
        if weather == Weather::Refused {
            continue;
        }
        seed += 1;
        let link = Link {
            make,
            now: now.clone(),
            epoch,
            seed,
        };
        let socket = socket.clone();
        tokio::spawn(async move {
            // While the server is away, the connection ends as soon as the client has made it.
            if let Ok(server) = UnixStream::connect(socket).await {
                link.forward(client, server).await;
            }
        });
    }
}

/// One connection.
#[derive(Clone)]
struct Link {
    make: Make,
    now: watch::Receiver<Now>,
    epoch: u64,
    seed: u64,
}

impl Link {
    /// Forwards both directions until one of them ends.
    async fn forward(self, client: TcpStream, server: UnixStream) {
        let _ = client.set_nodelay(true);
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let mut refused = self.now.clone();
        tokio::select! {
            () = self.clone().pump(from_client, to_server, false) => {}
            () = self.pump(from_server, to_client, true) => {}
            _ = refused.wait_for(|now| now.weather == Weather::Refused) => {}
        }
    }

    /// Forwards one direction.
    async fn pump(
        self,
        from: impl AsyncRead + Unpin,
        to: impl AsyncWrite + Unpin,
        has_answers: bool,
    ) {
        let (sender, receiver) = mpsc::channel(ON_THE_WAY);
        tokio::join!(
            self.clone().take(from, sender, has_answers),
            self.give(to, receiver)
        );
    }

    /// Takes what is sent, and notes when it is to arrive.
    async fn take(
        self,
        mut from: impl AsyncRead + Unpin,
        on_the_way: mpsc::Sender<(Instant, Vec<u8>)>,
        has_answers: bool,
    ) {
        let mut dice = Dice::new(self.seed);
        let mut piece = vec![0; 16 * 1_024];
        loop {
            let size = match from.read(&mut piece).await {
                Ok(0) | Err(_) => return,
                Ok(size) => size,
            };
            let bytes = &piece[..size];
            let weather = self.now.borrow().weather;
            let delay = match weather {
                Weather::Slow(span) if dice.chance(1) => 2 * span,
                Weather::Slow(span) => span,
                _ => Duration::ZERO,
            };
            if let Weather::Cut(percent) = weather
                && has_answers
                && self.make.ends_answer(bytes)
                && dice.chance(percent)
            {
                return;
            }
            let sent = on_the_way
                .send((Instant::now() + delay, bytes.to_vec()))
                .await;
            if sent.is_err() {
                return;
            }
        }
    }

    /// Gives what has arrived.
    async fn give(
        mut self,
        mut to: impl AsyncWrite + Unpin,
        mut on_the_way: mpsc::Receiver<(Instant, Vec<u8>)>,
    ) {
        while let Some((at, bytes)) = on_the_way.recv().await {
            tokio::time::sleep_until(at).await;
            let epoch = self.epoch;
            let speaks = |now: &Now| now.weather != Weather::Silent && now.epoch == epoch;
            if self.now.wait_for(speaks).await.is_err() || to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    }
}
