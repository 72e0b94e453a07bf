//! Connections: what a peer may hold on to, and for how long.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use rfq_reference_agent::server::{Limits, serve};
use rfq_sdk::ReceivedAt;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    /// How many requests were not answered.
    done: JoinHandle<usize>,
}

async fn start(limits: Limits) -> Server {
    let router = Router::new()
        .route("/", get(|| async { "here" }))
        .route(
            "/slow",
            get(|| async {
                sleep(Duration::from_millis(300)).await;
                "slow"
            }),
        )
        .route("/large", get(|| async { "x".repeat(50_000_000) }))
        .route(
            "/age",
            post(|received: axum::Extension<ReceivedAt>, _: String| async move {
                received.0.0.elapsed().as_millis().to_string()
            }),
        );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let done = tokio::spawn(serve(listener, router, limits, async {
        let _ = stopped.await;
    }));
    Server { address, stop, done }
}

/// Far enough apart that a busy machine does not take one for another.
fn short() -> Limits {
    let millis = Duration::from_millis;
    Limits { idle: millis(3000), headers: millis(300), write: millis(300), ..Limits::default() }
}

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.address).await.unwrap()
}

async fn send(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
}

/// What comes until the other side closes, which it must within five seconds.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let ended = timeout(Duration::from_secs(5), stream.read_to_end(&mut bytes)).await;
    // A reset is an end, too.
    assert!(ended.is_ok(), "still open after five seconds");
    String::from_utf8(bytes).unwrap()
}

/// One response, up to the end of its body.
async fn response(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    while !text.ends_with(end) {
        let mut bytes = [0; 1000];
        let read = timeout(Duration::from_secs(5), stream.read(&mut bytes)).await.unwrap().unwrap();
        assert_ne!(read, 0, "closed after {text:?}");
        text.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
    }
    text
}

const GET: &str = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

#[tokio::test]
async fn headers_that_stall_end_the_connection() {
    let server = start(short()).await;
    let mut stream = connect(&server).await;
    let start = Instant::now();
    send(&mut stream, "GET / HTTP/1.1\r\nhost:").await;
    assert_eq!(rest(&mut stream).await, "");
    assert!((250..2500).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
}

#[tokio::test]
async fn headers_that_drip_do_not_win_time() {
    let server = start(short()).await;
    let mut stream = connect(&server).await;
    let start = Instant::now();
    for byte in GET.bytes() {
        sleep(Duration::from_millis(50)).await;
        if stream.write_all(&[byte]).await.is_err() {
            break;
        }
    }
    assert!(rest(&mut stream).await.is_empty());
    // All of it would have taken 1.4 s, and got an answer.
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

#[tokio::test]
async fn an_idle_connection_ends_later_than_a_stalled_one_also_after_a_request() {
    let server = start(short()).await;
    let mut stream = connect(&server).await;
    send(&mut stream, GET).await;
    response(&mut stream, "here").await;
    sleep(Duration::from_millis(800)).await;
    send(&mut stream, GET).await;
    response(&mut stream, "here").await;
    let start = Instant::now();
    assert_eq!(rest(&mut stream).await, "");
    assert!(start.elapsed() > Duration::from_millis(2500), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_let_go() {
    let server = start(short()).await;
    let mut stream = connect(&server).await;
    send(&mut stream, "GET /large HTTP/1.1\r\nhost: a\r\n\r\n").await;
    sleep(Duration::from_secs(1)).await;
    let mut bytes = Vec::new();
    let _ = timeout(Duration::from_secs(5), stream.read_to_end(&mut bytes)).await.unwrap();
    assert!(bytes.len() < 50_000_000, "the rest was given up");
}

#[tokio::test]
async fn a_request_counts_from_its_first_byte() {
    let server = start(Limits::default()).await;
    let mut stream = connect(&server).await;
    // The second one on a connection too, and not from the end of the one before.
    for _ in 0..2 {
        sleep(Duration::from_millis(400)).await;
        send(&mut stream, "POST /age HTTP/1.1\r\n").await;
        sleep(Duration::from_millis(200)).await;
        send(&mut stream, "host: a\r\ncontent-length: 2\r\n\r\n").await;
        sleep(Duration::from_millis(100)).await;
        send(&mut stream, "{}").await;
        let mut bytes = [0; 1000];
        let read = stream.read(&mut bytes).await.unwrap();
        let text = std::str::from_utf8(&bytes[..read]).unwrap();
        let age: u64 = text.rsplit("\r\n\r\n").next().unwrap().parse().unwrap();
        // With the 400 ms before it, or without the 200 ms of its headers, it would be out of this.
        assert!((300..690).contains(&age), "{age} ms");
    }
}

#[tokio::test]
async fn an_answer_given_before_the_body_was_read_ends_the_connection_and_arrives_whole() {
    let server = start(Limits::default()).await;
    for body_comes_first in [true, false] {
        let mut stream = connect(&server).await;
        let body = vec![b'x'; 300_000];
        send(&mut stream, "POST /nowhere HTTP/1.1\r\nhost: a\r\ncontent-length: 300000\r\n\r\n")
            .await;
        if !body_comes_first {
            sleep(Duration::from_millis(100)).await;
        }
        // A request behind it would have been answered on a connection that is told to be closed.
        let _ = stream.write_all(&body).await;
        let answer = rest(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer:?}");
        assert!(answer.contains("connection: close"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_peer_that_has_sent_all_it_will_still_gets_its_answer() {
    let server = start(Limits::default()).await;
    let mut stream = connect(&server).await;
    send(&mut stream, "GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await;
    stream.shutdown().await.unwrap();
    assert!(rest(&mut stream).await.ends_with("slow"));
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = start(Limits::default()).await;
    let mut stream = connect(&server).await;
    send(&mut stream, &format!("GET /slow HTTP/1.1\r\nhost: a\r\n\r\n{GET}{GET}")).await;
    let mut text = response(&mut stream, "here").await;
    while text.matches("here").count() < 2 {
        text.push_str(&response(&mut stream, "here").await);
    }
    assert!(text.find("slow").unwrap() < text.find("here").unwrap());
}

#[tokio::test]
async fn more_connections_than_places_wait_their_turn() {
    let server = start(Limits { connections: 2, ..short() }).await;
    let mut held = [connect(&server).await, connect(&server).await];
    for stream in &mut held {
        send(stream, GET).await;
        response(stream, "here").await;
    }
    let mut third = connect(&server).await;
    send(&mut third, GET).await;
    // Served as soon as an idle one is let go.
    assert!(response(&mut third, "here").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn shutdown_answers_what_is_in_flight_and_takes_no_more() {
    let server = start(Limits::default()).await;
    let address = server.address;
    let (mut busy, mut idle) = (connect(&server).await, connect(&server).await);
    send(&mut idle, GET).await;
    response(&mut idle, "here").await;
    send(&mut busy, "GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await;
    sleep(Duration::from_millis(100)).await;
    server.stop.send(()).unwrap();
    assert!(rest(&mut busy).await.ends_with("slow"));
    assert_eq!(rest(&mut idle).await, "");
    assert_eq!(timeout(Duration::from_secs(1), server.done).await.unwrap().unwrap(), 0);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn shutdown_does_not_wait_for_ever() {
    let limits = Limits { shutdown: Duration::from_millis(200), ..Limits::default() };
    let server = start(limits).await;
    let (mut stream, mut idle) = (connect(&server).await, connect(&server).await);
    send(&mut idle, GET).await;
    response(&mut idle, "here").await;
    send(&mut stream, "POST /age HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{").await;
    sleep(Duration::from_millis(100)).await;
    server.stop.send(()).unwrap();
    let unanswered = timeout(Duration::from_secs(1), server.done).await.unwrap().unwrap();
    assert_eq!(unanswered, 1, "the idle connection is none");
}
