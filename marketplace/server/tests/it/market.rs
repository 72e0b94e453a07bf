//! The marketplace's side of a test: a client, its calls, and a network that leads where it is told.

use std::collections::{HashMap, VecDeque};
use std::future::pending;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rfq_engine::{Call, CallFailure, CallTrace, HttpAnswer, ProducerClient as _, QuoteRequest};
use rfq_marketplace::net::{Endpoint, Limits, Network, Reach, Reply, RfqClient, Setup, Target};
use rfq_sdk::{ManualClock, Quantity, Secret, Signer, Verifier};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ServerConfig;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

pub(crate) const SECRET: &str = "an example of a secret, 32 bytes";
pub(crate) const NOW: &str = "2026-06-01T12:00:00Z";

/// A client whose messages are numbered from one.
pub(crate) fn client(
    reach: Reach,
    network: Arc<dyn Network>,
    authority: &Authority,
    limits: Limits,
) -> RfqClient {
    let messages = AtomicU64::new(1);
    RfqClient::new(Setup {
        network,
        reach,
        roots: authority.roots(),
        clock: Arc::new(ManualClock::at(NOW.parse().unwrap())),
        message_id: Arc::new(move || {
            Uuid::from_u64_pair(0, messages.fetch_add(1, Ordering::Relaxed))
        }),
        requestor: "https://market.example/.well-known/agent.json".to_owned(),
        limits,
    })
    .unwrap()
}

/// A client for `http://NAME.localhost:PORT`.
pub(crate) fn dev_client(limits: Limits) -> RfqClient {
    client(Reach::DevLoopback, Arc::new(Internet::default()), &Authority::new(), limits)
}

pub(crate) fn target(url: &str, reach: Reach) -> Arc<Target> {
    let endpoint = Endpoint::parse(url, reach).unwrap();
    Arc::new(Target { endpoint, signer: Arc::new(signer()) })
}

pub(crate) fn dev_target(address: SocketAddr) -> Arc<Target> {
    let port = address.port();
    target(&format!("http://shop.localhost:{port}/message:send"), Reach::DevLoopback)
}

pub(crate) fn signer() -> Signer {
    Signer::hmac(&Secret::new(SECRET).unwrap())
}

pub(crate) fn verifier() -> Verifier {
    Verifier::hmac(Secret::new(SECRET).unwrap()).build().unwrap()
}

/// A call whose producer has `budget`, of a quote that ends long after.
pub(crate) fn call(budget: Duration) -> Call {
    call_of_quote(budget, Duration::from_mins(1))
}

pub(crate) fn call_of_quote(budget: Duration, left: Duration) -> Call {
    let request = QuoteRequest {
        rfq_id: "8b0e6f0e-6f0c-4c4e-9a51-2f2f4f6f0c11".parse().unwrap(),
        product: "coffee-grinders/baratza-encore-esp".parse().unwrap(),
        product_name: "Baratza Encore ESP".to_owned(),
        quantity: Quantity::new(2).unwrap(),
        region: Some("CA-US".parse().unwrap()),
        deliver_by: None,
    };
    let (request, ends) = (Arc::new(request), Instant::now() + left);
    Call { request, budget, ends, trace: CallTrace::default() }
}

/// Asks with more time than a busy machine needs.
pub(crate) async fn ask(
    client: &RfqClient,
    target: &Arc<Target>,
) -> Result<HttpAnswer, CallFailure> {
    client.call(Arc::clone(target), call(Duration::from_secs(20))).await
}

/// A network of which a test says what names lead to, and what listens at an address. It keeps
/// what it was asked.
#[derive(Debug, Default)]
pub(crate) struct Internet(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// What is said of a name, one after the other; the last is said for ever.
    names: HashMap<String, VecDeque<Vec<IpAddr>>>,
    /// How long a name takes.
    slow: HashMap<String, Duration>,
    listening: HashMap<IpAddr, SocketAddr>,
    /// Where nobody answers, not even with a refusal.
    silent: Vec<IpAddr>,
    look_ups: Vec<String>,
    dialled: Vec<SocketAddr>,
}

impl Internet {
    /// Another answer for `name`.
    pub(crate) fn say(&self, name: &str, addresses: &[&str]) {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        self.0.lock().unwrap().names.entry(name.to_owned()).or_default().push_back(addresses);
    }

    /// Whoever looks `name` up waits for so long.
    pub(crate) fn slow(&self, name: &str, time: Duration) {
        self.0.lock().unwrap().slow.insert(name.to_owned(), time);
    }

    /// Leads `name` to the public address `address`, behind which `listener` answers.
    pub(crate) fn lead(&self, name: &str, address: &str, listener: SocketAddr) {
        self.say(name, &[address]);
        self.0.lock().unwrap().listening.insert(address.parse().unwrap(), listener);
    }

    /// Leads `name` to `addresses`, none of which answers to a connection.
    pub(crate) fn swallow(&self, name: &str, addresses: &[&str]) {
        self.say(name, addresses);
        let addresses = addresses.iter().map(|address| address.parse::<IpAddr>().unwrap());
        self.0.lock().unwrap().silent.extend(addresses);
    }

    pub(crate) fn look_ups(&self) -> Vec<String> {
        self.0.lock().unwrap().look_ups.clone()
    }

    pub(crate) fn dialled(&self) -> Vec<SocketAddr> {
        self.0.lock().unwrap().dialled.clone()
    }
}

impl Network for Internet {
    fn resolve<'a>(&'a self, host: &'a str) -> Reply<'a, Vec<IpAddr>> {
        let mut known = self.0.lock().unwrap();
        known.look_ups.push(host.to_owned());
        let addresses = known.names.get_mut(host).map(|said| match said.len() {
            1 => said[0].clone(),
            _ => said.pop_front().unwrap(),
        });
        let slow = known.slow.get(host).copied();
        Box::pin(async move {
            if let Some(time) = slow {
                sleep(time).await;
            }
            addresses.ok_or(io::ErrorKind::NotFound.into())
        })
    }

    fn connect(&self, address: SocketAddr) -> Reply<'_, TcpStream> {
        let mut known = self.0.lock().unwrap();
        known.dialled.push(address);
        let listener = match address.ip() {
            IpAddr::V4(Ipv4Addr::LOCALHOST) => Some(address),
            ip => known.listening.get(&ip).copied(),
        };
        if known.silent.contains(&address.ip()) {
            return Box::pin(pending());
        }
        Box::pin(async move {
            let listener = listener.ok_or(io::ErrorKind::ConnectionRefused)?;
            TcpStream::connect(listener).await
        })
    }
}

static AUTHORITIES: AtomicU64 = AtomicU64::new(1);

/// Vouches for the producers of a test.
pub(crate) struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        // A stranger has another name, too.
        let name = format!("Authority {}", AUTHORITIES.fetch_add(1, Ordering::Relaxed));
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    /// What clients trust, in DER.
    pub(crate) fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(self.certificate().to_vec())).unwrap();
        roots
    }

    /// TLS for a server of these names.
    pub(crate) fn server(&self, names: &[&str]) -> Arc<ServerConfig> {
        let names: Vec<String> = names.iter().copied().map(str::to_owned).collect();
        self.server_with(&CertificateParams::new(names).unwrap())
    }

    /// TLS for a server with this certificate.
    pub(crate) fn server_with(&self, params: &CertificateParams) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        Arc::new(server)
    }
}
