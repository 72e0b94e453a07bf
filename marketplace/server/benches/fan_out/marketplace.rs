//! The client, as the marketplace sets it up.

use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rfq_engine::{Call, CallTrace, ProducerClient as _, QuoteRequest};
use rfq_marketplace::net::{Endpoint, Limits, Network, Reach, Reply, RfqClient, Setup, Target};
use rfq_sdk::{Clock as _, Quantity, Secret, SignedHeaders, Signer, SystemClock};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

use super::producers::{Producers, Transport};

const REQUESTOR: &str = "https://market.example/.well-known/agent.json";

pub(super) struct Marketplace {
    client: Arc<RfqClient>,
    signer: Arc<Signer>,
    transport: Transport,
    port: u16,
}

impl Marketplace {
    pub(super) fn new(producers: &Producers, transport: Transport) -> Self {
        let messages = AtomicU64::new(1);
        let next = move || Uuid::from_u64_pair(0, messages.fetch_add(1, Ordering::Relaxed));
        let client = RfqClient::new(Setup {
            network: Arc::new(Loopback(producers.tls)),
            reach: match transport {
                Transport::Plain => Reach::DevLoopback,
                Transport::Tls => Reach::Public,
            },
            roots: producers.roots(),
            clock: Arc::new(SystemClock),
            message_id: Arc::new(next),
            requestor: REQUESTOR.to_owned(),
            // A thousand handshakes at once take this one core longer than a second.
            limits: Limits { connect: Duration::from_secs(10), ..Limits::default() },
        });
        let (client, signer) = (Arc::new(client.unwrap()), Arc::new(signer()));
        Self { client, signer, transport, port: producers.plain.port() }
    }

    /// `calls` calls of `count` producers, each of them once before any of them twice.
    pub(super) async fn fan_out_all(&self, count: usize, calls: usize) {
        let targets = self.targets("shop", count);
        for _ in 0..calls.div_ceil(count) {
            self.ask(&targets).await;
        }
    }

    /// One call of each of `count` producers, which do what `manner` says.
    pub(super) async fn fan_out(&self, manner: &str, count: usize) {
        self.ask(&self.targets(manner, count)).await;
    }

    pub(super) fn targets(&self, manner: &str, count: usize) -> Vec<Arc<Target>> {
        let target = |number| {
            let endpoint = match self.transport {
                Transport::Plain => Endpoint::parse(
                    &format!("http://{manner}-{number}.localhost:{}/message:send", self.port),
                    Reach::DevLoopback,
                ),
                Transport::Tls => Endpoint::parse(
                    &format!("https://{manner}-{number}.shops.example/message:send"),
                    Reach::Public,
                ),
            };
            Arc::new(Target { endpoint: endpoint.unwrap(), signer: Arc::clone(&self.signer) })
        };
        (0..count).map(target).collect()
    }

    pub(super) async fn ask(&self, targets: &[Arc<Target>]) {
        let request = Arc::new(request());
        let ends = Instant::now() + Duration::from_secs(20);
        let mut calls = JoinSet::new();
        for target in targets {
            let (client, target) = (Arc::clone(&self.client), Arc::clone(target));
            let call = Call {
                request: Arc::clone(&request),
                budget: Duration::from_secs(4),
                ends,
                trace: CallTrace::default(),
            };
            calls.spawn(async move { client.call(target, call).await.unwrap().status });
        }
        while let Some(status) = calls.join_next().await {
            assert_eq!(status.unwrap(), 200);
        }
    }
}

fn signer() -> Signer {
    Signer::hmac(&Secret::new("an example of a secret, 32 bytes").unwrap())
}

fn request() -> QuoteRequest {
    QuoteRequest {
        rfq_id: "8b0e6f0e-6f0c-4c4e-9a51-2f2f4f6f0c11".parse().unwrap(),
        product: "coffee-grinders/baratza-encore-esp".parse().unwrap(),
        product_name: "Baratza Encore ESP".to_owned(),
        quantity: Quantity::new(2).unwrap(),
        region: Some("CA-US".parse().unwrap()),
        deliver_by: None,
    }
}

/// What the controls send: requests made anew and signed for each call, as the client does.
pub(super) struct Requests {
    request: QuoteRequest,
    signer: Signer,
}

impl Requests {
    pub(super) fn new() -> Self {
        Self { request: request(), signer: signer() }
    }

    pub(super) fn body(&self) -> Vec<u8> {
        self.request.to_json(Uuid::nil(), REQUESTOR)
    }

    pub(super) fn signed(&self, body: &[u8]) -> SignedHeaders {
        self.signer.sign(body, SystemClock.now())
    }
}

/// The headers that are the same for every producer.
pub(super) const FIXED: [(&str, &str); 4] = [
    ("user-agent", "rfq-marketplace/0.1.0"),
    ("accept", "application/json"),
    ("accept-encoding", "identity"),
    ("content-type", "application/json"),
];

/// Every name leads to the producers of this benchmark.
#[derive(Debug)]
struct Loopback(SocketAddr);

impl Network for Loopback {
    fn resolve<'a>(&'a self, _: &'a str) -> Reply<'a, Vec<IpAddr>> {
        Box::pin(async { Ok(vec![IpAddr::from([93, 184, 215, 14])]) })
    }

    fn connect(&self, address: SocketAddr) -> Reply<'_, TcpStream> {
        let address = if address.ip().is_loopback() { address } else { self.0 };
        Box::pin(TcpStream::connect(address))
    }
}
