//! A hundred producers, ten of each kind of fault, over TLS and real sockets.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use rfq_engine::{CancelReason, Outcome};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use crate::market::Authority;
use crate::producer::{Peer, Producer, answer, ok};

/// What a producer does with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Silent,
    Reset,
    Trickling,
    TlsGarbage,
    SlowConnect,
    Giant,
    Bomb,
    Error,
    HangAfterHeaders,
    Good,
}

/// As many as there are addresses in `93.184.215.0/24` to name them by.
pub(crate) const PRODUCERS: u8 = 100;

pub(crate) const OFFER: &str = r#"{"price_usd":169.99,"in_stock":true,"claim_url":"https://shops.example/cart","offer_expires_at":"2026-06-01T13:00:00Z"}"#;

impl Kind {
    const ALL: [Self; 10] = [
        Self::Silent,
        Self::Reset,
        Self::Trickling,
        Self::TlsGarbage,
        Self::SlowConnect,
        Self::Giant,
        Self::Bomb,
        Self::Error,
        Self::HangAfterHeaders,
        Self::Good,
    ];

    /// That of producer `number`, from 1.
    pub(crate) fn of(number: u8) -> Self {
        Self::ALL[usize::from(number) % Self::ALL.len()]
    }

    /// How its call ends, in a quote that ends before the producer's time is over or not.
    pub(crate) fn outcome(self, ends_first: bool) -> Outcome {
        match self {
            Self::Silent | Self::Trickling | Self::HangAfterHeaders if ends_first => {
                Outcome::Cancelled(CancelReason::QuoteDeadline)
            }
            Self::Silent | Self::Trickling | Self::HangAfterHeaders => Outcome::Late,
            Self::Reset => Outcome::IoFailed,
            Self::TlsGarbage => Outcome::TlsFailed,
            Self::SlowConnect => Outcome::ConnectFailed,
            Self::Giant | Self::Bomb => Outcome::TooLarge,
            Self::Error => Outcome::HttpStatus(500),
            Self::Good => Outcome::Offer,
        }
    }

    async fn serve(self, mut peer: Peer, bomb: Arc<[u8]>) {
        if self == Self::TlsGarbage {
            peer.send("HTTP/1.1 400 Bad Request\r\n\r\nThis is no TLS.").await;
            return peer.gone().await;
        }
        while peer.request().await.is_some() {
            match self {
                Self::Silent | Self::SlowConnect | Self::TlsGarbage => return peer.gone().await,
                Self::Reset => return peer.reset(),
                Self::Trickling => {
                    for byte in ok(OFFER).bytes() {
                        if !peer.send([byte]).await {
                            return;
                        }
                        sleep(Duration::from_secs(1)).await;
                    }
                }
                Self::Giant => {
                    peer.send("HTTP/1.1 200 OK\r\n\r\n").await;
                    while peer.send(&[b' '; 10_000]).await {}
                    return;
                }
                Self::Bomb => {
                    let length = bomb.len();
                    peer.send(format!(
                        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {length}\r\n\r\n"
                    ))
                    .await;
                    peer.send(&bomb).await;
                }
                Self::Error => {
                    peer.send(answer("500 Internal Server Error", "", "sorry")).await;
                }
                Self::HangAfterHeaders => {
                    peer.send("HTTP/1.1 200 OK\r\ncontent-length: 300\r\n\r\n{").await;
                    return peer.gone().await;
                }
                Self::Good => {
                    peer.send(ok(OFFER)).await;
                }
            }
        }
    }
}

/// The producers, numbered from 1.
pub(crate) struct Faulty {
    pub(crate) producers: Vec<Producer>,
    pub(crate) addresses: Vec<SocketAddr>,
    _full: Vec<Full>,
}

impl Faulty {
    pub(crate) async fn start(authority: &Authority) -> Self {
        let tls = authority.server(&["*.shops.example"]);
        let bomb = bomb();
        let (mut producers, mut addresses, mut full) = (Vec::new(), Vec::new(), Vec::new());
        for number in 1..=PRODUCERS {
            let (kind, bomb) = (Kind::of(number), Arc::clone(&bomb));
            let serve = move |peer| kind.serve(peer, Arc::clone(&bomb));
            let producer = match kind {
                Kind::SlowConnect => {
                    let listener = Full::new().await;
                    addresses.push(listener.listener.local_addr().unwrap());
                    full.push(listener);
                    continue;
                }
                Kind::TlsGarbage => Producer::start(serve).await,
                _ => Producer::start_tls(Arc::clone(&tls), serve).await,
            };
            addresses.push(producer.address);
            producers.push(producer);
        }
        Self { producers, addresses, _full: full }
    }
}

/// Ten megabytes of nothing in ten kilobytes.
fn bomb() -> Arc<[u8]> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![b' '; 10_000_000]).unwrap();
    encoder.finish().unwrap().into()
}

/// A listener whose backlog is full, so that connecting takes for ever.
struct Full {
    listener: TcpListener,
    _waiting: Vec<TcpStream>,
}

impl Full {
    async fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        let short = Duration::from_millis(100);
        while let Ok(stream) = timeout(short, TcpStream::connect(address)).await {
            waiting.push(stream.unwrap());
        }
        Self { listener, _waiting: waiting }
    }
}
