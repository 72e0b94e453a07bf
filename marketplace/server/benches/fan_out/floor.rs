//! The control over TLS: a socket, rustls, httparse, and a request that is made anew and signed.

use std::io::Write as _;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::marketplace::{FIXED, Requests};
use super::producers::Producers;

pub(super) struct Floor {
    requests: Arc<Requests>,
    streams: Vec<TlsStream<TcpStream>>,
}

impl Floor {
    pub(super) async fn connect(producers: &Producers, count: usize) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(producers.roots())
            .with_no_client_auth();
        let tls = TlsConnector::from(Arc::new(tls));
        let mut streams = Vec::with_capacity(count);
        for number in 0..count {
            let stream = TcpStream::connect(producers.tls).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let name = ServerName::try_from(format!("shop-{number}.shops.example")).unwrap();
            streams.push(tls.connect(name, stream).await.unwrap());
        }
        Self { requests: Arc::new(Requests::new()), streams }
    }

    /// `calls` calls, on each connection one before any gets a second.
    pub(super) async fn call_all(&mut self, calls: usize) {
        for _ in 0..calls.div_ceil(self.streams.len()) {
            let mut asks = JoinSet::new();
            for stream in self.streams.drain(..) {
                asks.spawn(call(Arc::clone(&self.requests), stream));
            }
            while let Some(stream) = asks.join_next().await {
                self.streams.push(stream.unwrap());
            }
        }
    }
}

async fn call(requests: Arc<Requests>, mut stream: TlsStream<TcpStream>) -> TlsStream<TcpStream> {
    let body = requests.body();
    let mut bytes = Vec::with_capacity(2_048);
    bytes.extend_from_slice(b"POST /message:send HTTP/1.1\r\nhost: shop-1.shops.example\r\n");
    for (name, value) in FIXED.into_iter().chain(requests.signed(&body).iter()) {
        write!(bytes, "{name}: {value}\r\n").unwrap();
    }
    write!(bytes, "content-length: {}\r\n\r\n", body.len()).unwrap();
    bytes.extend_from_slice(&body);
    stream.write_all(&bytes).await.unwrap();
    bytes.clear();
    loop {
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0);
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut answer = httparse::Response::new(&mut headers);
        if let httparse::Status::Complete(body) = answer.parse(&bytes).unwrap() {
            assert_eq!(answer.code, Some(200));
            let length = answer.headers.iter().find(|header| header.name == "content-length");
            let length: usize =
                std::str::from_utf8(length.unwrap().value).unwrap().parse().unwrap();
            if bytes.len() == body + length {
                return stream;
            }
        }
    }
}
