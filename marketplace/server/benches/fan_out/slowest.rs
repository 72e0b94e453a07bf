//! How much later than its slowest producer a fan-out is over.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::marketplace::{FIXED, Marketplace, Requests};
use super::producers::{Producers, Transport};
use super::{median, millis, verdict};

const PRODUCERS: u64 = 100;
const ROUNDS: usize = 60;
const SLOWEST: u64 = 50;

pub(super) async fn compare(producers: &Producers) {
    let manner = |number| format!("after{}", 5 + number * (SLOWEST - 5) / (PRODUCERS - 1));
    let marketplace = Marketplace::new(producers, Transport::Plain);
    let targets: Vec<_> = (0..PRODUCERS)
        .map(|number| marketplace.targets(&format!("{}-{number}", manner(number)), 1).remove(0))
        .collect();
    let mut bare = Bare::connect(producers, (0..PRODUCERS).map(manner)).await;
    marketplace.ask(&targets).await;
    bare.ask().await;
    let (mut ours, mut controls) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let began = Instant::now();
        bare.ask().await;
        controls.push(excess(began));
        let began = Instant::now();
        marketplace.ask(&targets).await;
        ours.push(excess(began));
    }
    let (ours, control) = (median(ours), median(controls));
    println!(
        "bare hyper: {control:.2} ms over the slowest of {PRODUCERS} producers; ours: {ours:.2} ms"
    );
    verdict("over_slowest", ours / control, |ratio| ratio <= 1.3);
}

fn excess(began: Instant) -> f64 {
    millis(began.elapsed().saturating_sub(Duration::from_millis(SLOWEST)))
}

/// The control: held connections and nothing around them.
struct Bare(Vec<(SendRequest<Full<Bytes>>, String)>);

impl Bare {
    async fn connect(producers: &Producers, hosts: impl Iterator<Item = String>) -> Self {
        let mut senders = Vec::new();
        for host in hosts {
            let stream = TcpStream::connect(producers.plain).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            senders.push((sender, host));
        }
        Self(senders)
    }

    async fn ask(&mut self) {
        let requests = Arc::new(Requests::new());
        let mut asks = JoinSet::new();
        for (mut sender, host) in self.0.drain(..) {
            let requests = Arc::clone(&requests);
            asks.spawn(async move {
                let body = requests.body();
                let mut request = Request::post("/message:send").header("host", &host);
                for (name, value) in FIXED.into_iter().chain(requests.signed(&body).iter()) {
                    request = request.header(name, value);
                }
                let request = request.body(Full::from(body)).unwrap();
                let answer = sender.send_request(request).await.unwrap();
                assert_eq!(answer.status(), 200);
                answer.into_body().collect().await.unwrap();
                sender.ready().await.unwrap();
                (sender, host)
            });
        }
        while let Some(done) = asks.join_next().await {
            self.0.push(done.unwrap());
        }
    }
}
