//! The producers: a child of the benchmark, which answers every request with one offer.

use std::io::{Read as _, stdin};
use std::net::SocketAddr;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{HandshakeKind, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use crate::child::start;

pub(super) const ROLE: &str = "producers";

/// As long as the reference agent's.
const OFFER: &str = concat!(
    r#"{"price_usd":169.99,"list_price_usd":189.99,"in_stock":true,"estimated_shipping_days":4,"#,
    r#""shipping_cost_usd":0,"offer_id":"00000000-0000-4000-8000-000000000007","#,
    r#""offer_expires_at":"2026-06-02T11:55:01Z","#,
    r#""claim_url":"https://shop.example/cart?offer=00000000-0000-4000-8000-000000000007","#,
    r#""terms":"Excl. sales tax and duty."}"#
);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    Plain,
    Tls,
}

/// The child. It ends with this process, or when it is dropped.
pub(super) struct Producers {
    child: Option<Child>,
    pub(super) plain: SocketAddr,
    pub(super) tls: SocketAddr,
    pub(super) authority: Vec<u8>,
}

/// How many there were.
pub(super) struct Handshakes {
    pub(super) all: usize,
    pub(super) resumed: usize,
}

impl Producers {
    pub(super) fn start() -> Self {
        let (child, line) = start(ROLE);
        let [plain, tls, authority] =
            line.split_whitespace().collect::<Vec<_>>().try_into().unwrap();
        let mut producers = Self::at(plain, tls, authority);
        producers.child = Some(child);
        producers
    }

    /// Those that another process has started.
    pub(super) fn at(plain: &str, tls: &str, authority: &str) -> Self {
        let digits = authority.as_bytes().chunks(2);
        let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        Self {
            child: None,
            plain: plain.parse().unwrap(),
            tls: tls.parse().unwrap(),
            authority: digits.map(byte).collect(),
        }
    }

    pub(super) fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(self.authority.clone())).unwrap();
        roots
    }

    /// How many TLS handshakes there were so far.
    pub(super) async fn handshakes(&self) -> Handshakes {
        let mut stream = TcpStream::connect(self.plain).await.unwrap();
        let request = "POST / HTTP/1.1\r\nhost: handshakes-0\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (_, counts) = answer.rsplit_once("\r\n").unwrap();
        let (all, resumed) = counts.split_once(' ').unwrap();
        Handshakes { all: all.parse().unwrap(), resumed: resumed.parse().unwrap() }
    }
}

impl Drop for Producers {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

#[derive(Default)]
struct Counts {
    all: AtomicUsize,
    resumed: AtomicUsize,
}

/// Serves until the parent is gone.
pub(super) fn run() {
    std::thread::spawn(|| {
        stdin().read_to_end(&mut Vec::new()).ok();
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (authority, tls) = certificates();
        let counts = Arc::new(Counts::default());
        let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let secure = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority: String = authority.iter().map(|byte| format!("{byte:02x}")).collect();
        let addresses = (plain.local_addr().unwrap(), secure.local_addr().unwrap());
        println!("{} {} {authority}", addresses.0, addresses.1);
        tokio::join!(accept(plain, None, &counts), accept(secure, Some(tls), &counts));
    });
}

fn certificates() -> (CertificateDer<'static>, TlsAcceptor) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).unwrap().der().clone();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["*.shops.example".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap().der().clone();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    server.ticketer = rustls::crypto::ring::Ticketer::new().unwrap();
    (authority, TlsAcceptor::from(Arc::new(server)))
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, counts: &Arc<Counts>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (tls, counts) = (tls.clone(), Arc::clone(counts));
        tokio::spawn(async move {
            match tls {
                None => answer(stream, &counts).await,
                Some(tls) => {
                    let Ok(stream) = tls.accept(stream).await else { return };
                    counts.all.fetch_add(1, Ordering::Relaxed);
                    if stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed) {
                        counts.resumed.fetch_add(1, Ordering::Relaxed);
                    }
                    answer(stream, &counts).await;
                }
            }
        });
    }
}

/// Answers each request as the first part of its host's name says.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, counts: &Counts) {
    let usual = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         date: Mon, 01 Jun 2026 12:00:00 GMT\r\n\r\n{OFFER}",
        OFFER.len()
    );
    let closing = usual.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    let mut bytes = Vec::with_capacity(2048);
    while let Some(manner) = request(&mut stream, &mut bytes).await {
        let text = match manner {
            Manner::AtOnce => &usual,
            Manner::After(delay) => {
                sleep(delay).await;
                &usual
            }
            Manner::Closing => &closing,
            Manner::Handshakes => {
                let (all, resumed) = (&counts.all, &counts.resumed);
                let counts = (all.load(Ordering::Relaxed), resumed.load(Ordering::Relaxed));
                let text = format!("HTTP/1.1 200 OK\r\n\r\n{} {}", counts.0, counts.1);
                stream.write_all(text.as_bytes()).await.unwrap();
                return;
            }
        };
        if stream.write_all(text.as_bytes()).await.is_err() || manner == Manner::Closing {
            stream.shutdown().await.ok();
            return;
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    AtOnce,
    After(Duration),
    Closing,
    Handshakes,
}

async fn request(stream: &mut (impl AsyncRead + Unpin), bytes: &mut Vec<u8>) -> Option<Manner> {
    bytes.clear();
    loop {
        if stream.read_buf(bytes).await.unwrap_or(0) == 0 {
            return None;
        }
        let mut headers = [httparse::EMPTY_HEADER; 16];
        let mut head = httparse::Request::new(&mut headers);
        if let httparse::Status::Complete(body) = head.parse(bytes).unwrap() {
            let header = |name: &str| {
                let found =
                    head.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
                std::str::from_utf8(found.unwrap().value).unwrap()
            };
            let length: usize = header("content-length").parse().unwrap();
            if bytes.len() == body + length {
                return Some(manner(header("host")));
            }
        }
    }
}

fn manner(host: &str) -> Manner {
    match host.split('-').next() {
        Some("close") => Manner::Closing,
        Some("handshakes") => Manner::Handshakes,
        Some(other) => match other.strip_prefix("after").and_then(|millis| millis.parse().ok()) {
            Some(millis) => Manner::After(Duration::from_millis(millis)),
            None => Manner::AtOnce,
        },
        None => Manner::AtOnce,
    }
}
