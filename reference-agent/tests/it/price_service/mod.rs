//! The shop's pricing endpoint: what is asked, what an answer makes of a product, and every way in which
//! the endpoint can fail.

mod answering;
mod claiming;
mod failing;
mod over_tls;
mod sharing;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rfq_reference_agent::ask::Ask;
use rfq_reference_agent::catalogue::Product;
use rfq_reference_agent::price_service::{
    LivePrice, PriceService, PriceServiceConfig, PriceServiceError,
};
use rfq_sdk::Quantity;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::asking::sample;

/// A shop's endpoint on loopback. It answers each connection once; gone when dropped.
struct Shop {
    address: SocketAddr,
    /// The requests as they came, headers and body.
    requests: mpsc::UnboundedReceiver<String>,
    calls: Arc<AtomicUsize>,
    serving: tokio::task::JoinHandle<()>,
}

/// What becomes of a request.
#[derive(Clone)]
enum Reply {
    /// These bytes, after so long.
    Bytes(Vec<u8>, Duration),
    /// The first bytes, then silence.
    Stuck(Vec<u8>),
    /// The connection is closed without a word.
    Closed,
}

impl Shop {
    /// Answers the call of each number, from 0, so.
    async fn start(reply: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (send, requests) = mpsc::unbounded_channel();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let serving = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let reply = reply(counted.fetch_add(1, Ordering::SeqCst));
                connections.spawn(answer(stream, reply, send.clone()));
            }
        });
        Self { address, requests, calls, serving }
    }

    fn url(&self) -> String {
        format!("http://{}/price?shop=7", self.address)
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(mut stream: TcpStream, reply: Reply, send: mpsc::UnboundedSender<String>) {
    let mut request = String::new();
    let mut buffer = [0; 4096];
    while !request.ends_with('}') {
        match stream.read(&mut buffer).await {
            Ok(read) if read > 0 => request += std::str::from_utf8(&buffer[..read]).unwrap(),
            Ok(_) | Err(_) => return,
        }
    }
    let _ = send.send(request);
    match reply {
        Reply::Bytes(bytes, after) => {
            sleep(after).await;
            let _ = stream.write_all(&bytes).await;
        }
        Reply::Stuck(bytes) => {
            let _ = stream.write_all(&bytes).await;
            std::future::pending::<()>().await;
        }
        Reply::Closed => {}
    }
}

/// A whole response.
fn response(status: &str, content_type: &str, body: &str) -> Reply {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\
         connection: close\r\nlocation: /elsewhere\r\n\r\n"
    );
    Reply::Bytes(format!("{head}{body}").into_bytes(), Duration::ZERO)
}

fn good(json: &str) -> Reply {
    response("200 OK", "application/json; charset=utf-8", json)
}

fn after(millis: u64, reply: Reply) -> Reply {
    match reply {
        Reply::Bytes(bytes, _) => Reply::Bytes(bytes, Duration::from_millis(millis)),
        other => other,
    }
}

fn configured(section: Value) -> Result<PriceServiceConfig, String> {
    serde_json::from_value(section).map_err(|error| error.to_string())
}

/// A service of `url` with these settings on top.
fn service(url: &str, settings: Value) -> PriceService {
    let mut section = json!({ "url": url });
    for (name, value) in settings.as_object().unwrap() {
        section[name] = value.clone();
    }
    PriceService::new(configured(section).unwrap()).unwrap()
}

fn grinder() -> Product {
    let slug = "coffee-grinders/baratza-encore-esp".parse().unwrap();
    sample().find(&slug).unwrap().clone()
}

fn ask(quantity: u32) -> Ask {
    Ask {
        product: grinder().slug,
        quantity: Quantity::new(quantity).unwrap(),
        region: Some("CA-US".parse().unwrap()),
        deliver_by: None,
    }
}

async fn asked(service: &PriceService) -> Result<LivePrice, PriceServiceError> {
    service.ask(&grinder(), &ask(5)).await
}
