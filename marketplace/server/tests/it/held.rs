//! Connections that are held between calls.

use std::net::{self, IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rfq_engine::{CallFailure, ProducerClient as _};
use rfq_marketplace::net::{Limits, Network, Reach, Reply, RfqClient};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::market::{Authority, ask, call, client, dev_client, dev_target};
use crate::producer::{OFFER, Peer, Producer, Request, answer, ok};

const LONG: Duration = Duration::from_mins(1);

#[tokio::test]
async fn one_connection_serves_many_calls() {
    let shop = Producer::answering(ok(OFFER)).await;
    let client = dev_client(Limits::default());
    for _ in 0..20 {
        ask(&client, &dev_target(shop.address)).await.unwrap();
    }
    assert_eq!((shop.requests().len(), shop.connections()), (20, 1));
}

#[tokio::test]
async fn an_error_of_the_producer_costs_no_connection() {
    let shop = Producer::answering(answer("503 Busy", "", "later")).await;
    let client = dev_client(Limits::default());
    for _ in 0..3 {
        ask(&client, &dev_target(shop.address)).await.unwrap();
    }
    assert_eq!(shop.connections(), 1);
}

#[tokio::test]
async fn a_connection_that_is_closed_is_opened_again_without_a_second_request() {
    // With and without notice, and with the notice of HTTP/1.0.
    for head in ["HTTP/1.1 200 OK", "HTTP/1.1 200 OK\r\nconnection: close", "HTTP/1.0 200 OK"] {
        let shop = Producer::start(move |mut peer| async move {
            peer.reply(&format!("{head}\r\ncontent-length: 2\r\n\r\n{{}}")).await;
        })
        .await;
        let client = dev_client(Limits::default());
        for _ in 0..3 {
            ask(&client, &dev_target(shop.address)).await.unwrap();
            shop.idle().await;
            sleep(Duration::from_millis(20)).await;
        }
        assert_eq!((shop.requests().len(), shop.connections()), (3, 3), "{head}");
    }
}

/// Answers once, then takes a request and breaks.
async fn breaks_at_the_second(mut peer: Peer, with: &'static str) {
    peer.reply(&ok(OFFER)).await;
    peer.request().await;
    peer.send(with).await;
    peer.reset();
}

#[tokio::test]
async fn a_held_connection_that_breaks_is_replaced_once_and_the_request_signed_anew() {
    let shop = Producer::start(|peer| async move {
        match peer.number {
            1 => breaks_at_the_second(peer, "").await,
            _ => {
                let mut peer = peer;
                while peer.reply(&ok(OFFER)).await {}
            }
        }
    })
    .await;
    let client = dev_client(Limits::default());
    ask(&client, &dev_target(shop.address)).await.unwrap();
    ask(&client, &dev_target(shop.address)).await.unwrap();

    let requests = shop.requests();
    assert_eq!((requests.len(), shop.connections()), (3, 2));
    let messages: Vec<_> = requests.iter().map(Request::message_id).collect();
    assert!(messages[0] != messages[1] && messages[1] != messages[2], "{messages:?}");
    let signed: Vec<_> = requests
        .iter()
        .map(|request| request.header("x-productindex-signature").unwrap())
        .collect();
    assert_ne!(signed[1], signed[2]);
    assert!(requests.iter().all(Request::is_signed));
    // The quote is the same, which makes it safe.
    let text = |number: usize| {
        let body = String::from_utf8(requests[number].body.clone()).unwrap();
        body.replace(&messages[number], "MESSAGE")
    };
    assert_eq!(text(1), text(2));
}

#[tokio::test]
async fn there_is_one_retry_and_no_more() {
    let shop = Producer::start(|peer| async move {
        match peer.number {
            1 => breaks_at_the_second(peer, "").await,
            _ => {
                let mut peer = peer;
                peer.request().await;
                peer.reset();
            }
        }
    })
    .await;
    let client = dev_client(Limits::default());
    ask(&client, &dev_target(shop.address)).await.unwrap();
    assert_eq!(ask(&client, &dev_target(shop.address)).await, Err(CallFailure::Io));
    assert_eq!((shop.requests().len(), shop.connections()), (3, 2));
}

#[tokio::test]
async fn once_an_answer_has_begun_there_is_no_retry() {
    for begun in ["H", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{"] {
        let shop = Producer::start(move |peer| breaks_at_the_second(peer, begun)).await;
        let client = dev_client(Limits::default());
        ask(&client, &dev_target(shop.address)).await.unwrap();
        assert_eq!(ask(&client, &dev_target(shop.address)).await, Err(CallFailure::Io), "{begun}");
        assert_eq!((shop.requests().len(), shop.connections()), (2, 1), "{begun}");
    }
}

#[tokio::test]
async fn a_new_connection_that_breaks_is_not_retried() {
    let shop = Producer::start(|mut peer| async move {
        peer.request().await;
        peer.reset();
    })
    .await;
    let answer = ask(&dev_client(Limits::default()), &dev_target(shop.address)).await;
    assert_eq!(answer, Err(CallFailure::Io));
    assert_eq!(shop.requests().len(), 1);
}

#[tokio::test]
async fn a_retry_has_no_more_than_the_time_that_is_left() {
    let shop = Producer::start(|peer| async move {
        let mut peer = peer;
        if peer.number == 1 {
            peer.reply(&ok(OFFER)).await;
            peer.request().await;
            sleep(Duration::from_millis(700)).await;
            peer.reset();
        } else {
            peer.gone().await;
        }
    })
    .await;
    let client = dev_client(Limits::default());
    ask(&client, &dev_target(shop.address)).await.unwrap();
    let second = call(Duration::from_secs(1));
    let trace = second.trace.clone();
    assert_eq!(client.call(dev_target(shop.address), second).await, Err(CallFailure::Late));
    let took = trace.sent().unwrap().elapsed();
    assert!(took >= Duration::from_secs(1), "{took:?}");
    // A second budget would have ended at 1,700 ms.
    assert!(trace.timings().connect.is_some() && took < Duration::from_millis(1_600), "{took:?}");
}

#[tokio::test]
async fn what_was_not_asked_for_is_not_taken_for_an_answer() {
    let shop = Producer::start(|mut peer| async move {
        let forged = ok(r#"{"forged":true}"#);
        while peer.reply(&format!("{}{forged}", ok(OFFER))).await {}
    })
    .await;
    let client = dev_client(Limits::default());
    for _ in 0..3 {
        let answer = ask(&client, &dev_target(shop.address)).await.unwrap();
        assert_eq!(answer.body, OFFER);
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(shop.connections(), 3);
}

#[tokio::test]
async fn a_producer_s_keep_alive_is_honoured() {
    // A second of it is left for the way there.
    for (header, held) in [
        ("keep-alive: timeout=1\r\n", false),
        ("keep-alive: timeout=0\r\n", false),
        ("Keep-Alive: max=100, Timeout=5\r\n", true),
        ("keep-alive: timeout=soon\r\n", true),
        ("", true),
    ] {
        let shop = Producer::answering(answer("200 OK", header, OFFER)).await;
        let client = dev_client(Limits::default());
        ask(&client, &dev_target(shop.address)).await.unwrap();
        ask(&client, &dev_target(shop.address)).await.unwrap();
        assert_eq!(shop.connections(), if held { 1 } else { 2 }, "{header}");
    }
    let shop = Producer::answering(answer("200 OK", "keep-alive: timeout=2\r\n", OFFER)).await;
    let client = dev_client(Limits::default());
    ask(&client, &dev_target(shop.address)).await.unwrap();
    sleep(Duration::from_millis(1050)).await;
    ask(&client, &dev_target(shop.address)).await.unwrap();
    assert_eq!(shop.connections(), 2);
}

#[tokio::test]
async fn a_connection_in_use_is_replaced_when_it_is_old() {
    let shop = Producer::answering(ok(OFFER)).await;
    let age = Duration::from_millis(400);
    let client = dev_client(Limits { age, ..Limits::default() });
    let began = Instant::now();
    let mut young = 0;
    while shop.connections() < 3 {
        ask(&client, &dev_target(shop.address)).await.unwrap();
        if began.elapsed() < age / 2 {
            young = shop.connections();
        }
        assert!(began.elapsed() < LONG, "{} connections", shop.connections());
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(young, 1, "it is held until then");
    assert!(began.elapsed() >= age, "each for a while");
}

#[tokio::test]
async fn upkeep_closes_what_is_not_used() {
    let shop = Producer::answering(ok(OFFER)).await;
    let (idle, in_use) = (Duration::from_millis(300), Duration::ZERO);
    let client = Arc::new(dev_client(Limits { idle, in_use, ..Limits::default() }));
    ask(&client, &dev_target(shop.address)).await.unwrap();
    assert_eq!(shop.open(), 1);
    let upkeep = Arc::clone(&client);
    let upkeep = tokio::spawn(async move { upkeep.upkeep().await });
    timeout(LONG, shop.idle()).await.unwrap();
    upkeep.abort();
}

#[tokio::test]
async fn upkeep_opens_a_connection_ahead_for_a_producer_in_use() {
    // Held for a second.
    let two_seconds = answer("200 OK", "keep-alive: timeout=2\r\n", OFFER);
    let shop = Producer::answering(two_seconds.clone()).await;
    let unused = Producer::answering(two_seconds).await;
    let closing = Producer::start(|mut peer| async move {
        peer.reply(&ok(OFFER)).await;
    })
    .await;
    let client = Arc::new(dev_client(Limits::default()));
    let never = Arc::new(dev_client(Limits { in_use: Duration::ZERO, ..Limits::default() }));
    ask(&client, &dev_target(shop.address)).await.unwrap();
    ask(&client, &dev_target(closing.address)).await.unwrap();
    ask(&never, &dev_target(unused.address)).await.unwrap();
    let upkeep: Vec<_> = [Arc::clone(&client), never]
        .map(|client| tokio::spawn(async move { client.upkeep().await }))
        .into();
    let opened = async {
        while shop.connections() < 2 {
            sleep(Duration::from_millis(5)).await;
        }
        unused.idle().await;
    };
    timeout(LONG, opened).await.unwrap();
    let second = call(Duration::from_secs(20));
    let trace = second.trace.clone();
    client.call(dev_target(shop.address), second).await.unwrap();
    assert_eq!(trace.timings().connect, None, "its connection was there");
    assert_eq!(shop.requests().len(), 2);
    assert_eq!((closing.connections(), unused.connections()), (1, 1));
    for upkeep in upkeep {
        upkeep.abort();
    }
}

#[tokio::test]
async fn a_producer_that_is_not_called_any_more_is_let_go() {
    let shop = Producer::answering(answer("200 OK", "keep-alive: timeout=2\r\n", OFFER)).await;
    let (idle, in_use) = (Duration::from_millis(900), Duration::from_secs(3));
    let client = Arc::new(dev_client(Limits { idle, in_use, ..Limits::default() }));
    ask(&client, &dev_target(shop.address)).await.unwrap();
    let of_task = Arc::clone(&client);
    let upkeep = tokio::spawn(async move { of_task.upkeep().await });
    // Connections that were opened ahead do not count as calls.
    sleep(in_use + Duration::from_secs(2)).await;
    let opened = shop.connections();
    assert!((2..=5).contains(&opened), "{opened}");
    timeout(LONG, shop.idle()).await.unwrap();
    assert_eq!((shop.connections(), shop.requests().len()), (opened, 1));
    upkeep.abort();
}

/// Many calls at once, of producers that take a while.
async fn ask_all(client: &Arc<RfqClient>, shops: &[&Producer], times: usize) {
    let asks: Vec<_> = (0..times)
        .flat_map(|_| shops)
        .map(|shop| {
            let (client, target) = (Arc::clone(client), dev_target(shop.address));
            tokio::spawn(async move { client.call(target, call(LONG)).await })
        })
        .collect();
    for ask in asks {
        assert_eq!(ask.await.unwrap().unwrap().status, 200);
    }
}

async fn slow() -> Producer {
    Producer::start(|mut peer| async move {
        while peer.request().await.is_some() {
            sleep(Duration::from_millis(20)).await;
            peer.send(ok(OFFER)).await;
        }
    })
    .await
}

#[tokio::test]
async fn connections_to_one_producer_are_bounded() {
    let shop = slow().await;
    let client = Arc::new(dev_client(Limits { per_producer: 3, ..Limits::default() }));
    ask_all(&client, &[&shop], 30).await;
    assert_eq!((shop.requests().len(), shop.most_open(), shop.connections()), (30, 3, 3));
}

/// The network, counting the connections that are open whenever there is one more.
#[derive(Debug, Default)]
struct Counting {
    /// The producers' ends.
    ends: Arc<Mutex<Vec<net::TcpStream>>>,
    opened: AtomicUsize,
    most_open: AtomicUsize,
}

impl Counting {
    /// Nothing else goes on meanwhile in this test, but for the kernel, which may take a while to
    /// bring the end of a connection to the other side.
    fn settled(&self, most: usize) -> usize {
        let closed = |end: &&net::TcpStream| matches!(end.peek(&mut [0]), Ok(0));
        for _ in 0..1_000 {
            let closed = self.ends.lock().unwrap().iter().filter(closed).count();
            let open = self.opened.load(Ordering::SeqCst) - closed;
            if open <= most {
                return open;
            }
            thread::sleep(Duration::from_millis(1));
        }
        usize::MAX
    }
}

impl Network for Counting {
    fn resolve<'a>(&'a self, host: &'a str) -> Reply<'a, Vec<IpAddr>> {
        unreachable!("{host} is of this machine")
    }

    fn connect(&self, address: SocketAddr) -> Reply<'_, TcpStream> {
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            self.opened.fetch_add(1, Ordering::SeqCst);
            self.most_open.fetch_max(self.settled(3), Ordering::SeqCst);
            Ok(stream)
        })
    }
}

#[tokio::test]
async fn connections_in_all_are_bounded() {
    let network = Arc::new(Counting::default());
    let mut shops = Vec::new();
    for _ in 0..5 {
        let ends = Arc::clone(&network.ends);
        let shop = Producer::start(move |mut peer| {
            ends.lock().unwrap().push(peer.socket());
            async move {
                while peer.request().await.is_some() {
                    sleep(Duration::from_millis(20)).await;
                    peer.send(ok(OFFER)).await;
                }
            }
        });
        shops.push(shop.await);
    }
    let all: Vec<&Producer> = shops.iter().collect();
    let limits = Limits { connections: 3, ..Limits::default() };
    let of_client: Arc<dyn Network> = network.clone();
    let client = Arc::new(client(Reach::DevLoopback, of_client, &Authority::new(), limits));
    ask_all(&client, &all, 6).await;
    assert_eq!(network.most_open.load(Ordering::SeqCst), 3);
    assert_eq!(network.settled(3), 3, "those that were used last");
    // One after the other: of five in turn, three held are never the next one.
    let before = network.opened.load(Ordering::SeqCst);
    for shop in all.iter().cycle().take(20) {
        ask_all(&client, &[shop], 1).await;
    }
    let opened = network.opened.load(Ordering::SeqCst) - before;
    assert!((17..=20).contains(&opened), "a connection made room each time: {opened}");
    assert_eq!(network.most_open.load(Ordering::SeqCst), 3);
}
