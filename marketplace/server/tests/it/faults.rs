//! A hundred producers at once, ten of each kind of fault, over TLS and real sockets.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use rfq_engine::ProducerClient as _;
use rfq_marketplace::net::{Limits, Reach};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep};

use crate::market::{Authority, Internet, call, client, target};
use crate::producer::{OFFER, Peer, Producer, answer, ok};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
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

const KINDS: [Kind; 10] = [
    Kind::Silent,
    Kind::Reset,
    Kind::Trickling,
    Kind::TlsGarbage,
    Kind::SlowConnect,
    Kind::Giant,
    Kind::Bomb,
    Kind::Error,
    Kind::HangAfterHeaders,
    Kind::Good,
];

const BUDGET: Duration = Duration::from_secs(2);
const CONNECT: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_is_told_from_every_other() {
    let (authority, internet) = (Authority::new(), Arc::new(Internet::default()));
    let tls = authority.server(&["*.shops.example"]);
    let bomb = bomb();
    let (mut producers, mut full, mut targets) = (Vec::new(), Vec::new(), Vec::new());
    for (number, kind) in (1_u8..=100).zip(KINDS.into_iter().cycle()) {
        let bomb = Arc::clone(&bomb);
        let serve = move |peer| serve(kind, peer, Arc::clone(&bomb));
        let address = match kind {
            Kind::SlowConnect => {
                let listener = Full::new().await;
                full.push(listener);
                full.last().unwrap().address()
            }
            Kind::TlsGarbage => {
                producers.push(Producer::start(serve).await);
                producers.last().unwrap().address
            }
            _ => {
                producers.push(Producer::start_tls(Arc::clone(&tls), serve).await);
                producers.last().unwrap().address
            }
        };
        let name = format!("shop{number}.shops.example");
        internet.lead(&name, &format!("93.184.215.{number}"), address);
        targets.push((kind, target(&format!("https://{name}/message:send"), Reach::Public)));
    }
    let limits = Limits { connect: CONNECT, ..Limits::default() };
    let client = Arc::new(client(Reach::Public, internet, &authority, limits));

    let began = Instant::now();
    let asks: Vec<_> = targets
        .into_iter()
        .map(|(kind, target)| {
            let client = Arc::clone(&client);
            (kind, tokio::spawn(async move { client.call(target, call(BUDGET)).await }))
        })
        .collect();
    let mut outcomes: BTreeMap<String, u32> = BTreeMap::new();
    for (kind, ask) in asks {
        let outcome = match ask.await.unwrap() {
            Ok(answer) if answer.status == 200 => String::from_utf8(answer.body.to_vec()).unwrap(),
            Ok(answer) => answer.status.to_string(),
            Err(failure) => format!("{failure:?}"),
        };
        *outcomes.entry(format!("{kind:?}: {outcome}")).or_default() += 1;
    }
    let took = began.elapsed();
    insta::assert_debug_snapshot!(outcomes, @r#"
    {
        "Bomb: TooLarge": 10,
        "Error: 500": 10,
        "Giant: TooLarge": 10,
        "Good: {\"price_usd\":169.99,\"in_stock\":true}": 10,
        "HangAfterHeaders: Late": 10,
        "Reset: Io": 10,
        "Silent: Late": 10,
        "SlowConnect: Connect": 10,
        "TlsGarbage: Tls": 10,
        "Trickling: Late": 10,
    }
    "#);
    // Connecting and answering each have their limit; the rest is what a busy machine takes.
    assert!(took < CONNECT + BUDGET + Duration::from_secs(5), "{took:?}");
    drop((full, client));
    for producer in &producers {
        tokio::time::timeout(Duration::from_secs(20), producer.idle()).await.unwrap();
    }
}

async fn serve(kind: Kind, mut peer: Peer, bomb: Arc<[u8]>) {
    if kind == Kind::TlsGarbage {
        peer.send("HTTP/1.1 400 Bad Request\r\n\r\nThis is no TLS.").await;
        return peer.gone().await;
    }
    if peer.request().await.is_none() {
        return;
    }
    match kind {
        Kind::Silent | Kind::SlowConnect | Kind::TlsGarbage => {}
        Kind::Reset => return peer.reset(),
        Kind::Trickling => {
            for byte in ok(OFFER).bytes() {
                if !peer.send([byte]).await {
                    return;
                }
                sleep(Duration::from_secs(1)).await;
            }
        }
        Kind::Giant => {
            peer.send("HTTP/1.1 200 OK\r\n\r\n").await;
            while peer.send(&[b' '; 10_000]).await {}
            return;
        }
        Kind::Bomb => {
            let length = bomb.len();
            peer.send(format!(
                "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {length}\r\n\r\n"
            ))
            .await;
            peer.send(&bomb).await;
        }
        Kind::Error => {
            peer.send(answer("500 Internal Server Error", "", "sorry")).await;
        }
        Kind::HangAfterHeaders => {
            peer.send("HTTP/1.1 200 OK\r\ncontent-length: 300\r\n\r\n{").await;
        }
        Kind::Good => {
            peer.send(ok(OFFER)).await;
        }
    }
    peer.gone().await;
}

fn bomb() -> Arc<[u8]> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![b' '; 10_000_000]).unwrap();
    encoder.finish().unwrap().into()
}

/// A listener whose backlog is full, so that connecting takes for ever.
struct Full {
    listener: tokio::net::TcpListener,
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
        while let Ok(stream) = tokio::time::timeout(short, TcpStream::connect(address)).await {
            waiting.push(stream.unwrap());
        }
        Self { listener, _waiting: waiting }
    }

    fn address(&self) -> std::net::SocketAddr {
        self.listener.local_addr().unwrap()
    }
}
