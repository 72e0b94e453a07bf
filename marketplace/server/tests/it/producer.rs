//! Producers on real sockets, which do what a test says with each connection.

use std::net::{self, SocketAddr};
use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::HandshakeKind;
use rustls::server::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

use crate::market::{NOW, verifier};

pub(crate) const OFFER: &str = r#"{"price_usd":169.99,"in_stock":true}"#;

/// An answer with `body`.
pub(crate) fn ok(body: &str) -> String {
    answer("200 OK", "", body)
}

/// An answer with `headers`, each ending in CRLF.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}")
}

pub(crate) struct Producer {
    pub(crate) address: SocketAddr,
    seen: Arc<Seen>,
    accepting: AbortHandle,
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
    requests: Mutex<Vec<Request>>,
    handshakes: Mutex<Vec<HandshakeKind>>,
}

impl Seen {
    /// Keeps a request, up to as many as any test looks at: benchmarks make millions.
    fn note(&self, request: &Request) {
        let mut requests = self.requests.lock().unwrap();
        if requests.len() < 2_000 {
            requests.push(request.clone());
        }
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    fn headers(&self) -> Vec<(&str, &str)> {
        self.head.lines().filter_map(|line| line.split_once(": ")).collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers().into_iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    /// Whether a retailer's agent would take it.
    pub(crate) fn is_signed(&self) -> bool {
        verifier().verify(&self.headers(), &self.body, NOW.parse().unwrap()).is_ok()
    }

    pub(crate) fn message_id(&self) -> String {
        let body: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        body["params"]["message"]["messageId"].as_str().unwrap().to_owned()
    }
}

/// A connection as a producer sees it.
pub(crate) struct Peer {
    stream: Box<dyn Stream>,
    seen: Arc<Seen>,
    /// Which connection of its producer it is, from one.
    pub(crate) number: usize,
}

pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {
    fn tcp(&self) -> &TcpStream;
}

impl Stream for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Stream for tokio_rustls::server::TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

impl Producer {
    /// Does `serve` with each connection.
    pub(crate) async fn start<F>(serve: impl Fn(Peer) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::listen(None, serve).await
    }

    pub(crate) async fn start_tls<F>(
        tls: Arc<ServerConfig>,
        serve: impl Fn(Peer) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::listen(Some(TlsAcceptor::from(tls)), serve).await
    }

    /// Answers each request with `answer`.
    pub(crate) async fn answering(answer: String) -> Self {
        let answer: Arc<str> = answer.into();
        Self::start(move |mut peer| {
            let answer = Arc::clone(&answer);
            async move { while peer.reply(&answer).await {} }
        })
        .await
    }

    async fn listen<F>(
        tls: Option<TlsAcceptor>,
        serve: impl Fn(Peer) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, seen) = (listener.local_addr().unwrap(), Arc::new(Seen::default()));
        let of_task = Arc::clone(&seen);
        let serve = Arc::new(serve);
        let accepting = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (tls, seen, serve) = (tls.clone(), Arc::clone(&of_task), Arc::clone(&serve));
                let number = seen.connections.fetch_add(1, Ordering::SeqCst) + 1;
                tokio::spawn(async move {
                    let open = seen.open.fetch_add(1, Ordering::SeqCst) + 1;
                    seen.most_open.fetch_max(open, Ordering::SeqCst);
                    let stream: Option<Box<dyn Stream>> = match tls {
                        None => Some(Box::new(stream)),
                        Some(tls) => match tls.accept(stream).await {
                            Err(_) => None,
                            Ok(stream) => {
                                let kind = stream.get_ref().1.handshake_kind().unwrap();
                                seen.handshakes.lock().unwrap().push(kind);
                                Some(Box::new(stream))
                            }
                        },
                    };
                    if let Some(stream) = stream {
                        serve(Peer { stream, seen: Arc::clone(&seen), number }).await;
                    }
                    seen.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { address, seen, accepting: accepting.abort_handle() }
    }

    /// How many connections there were so far.
    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// How many connections it is still busy with.
    pub(crate) fn open(&self) -> usize {
        self.seen.open.load(Ordering::SeqCst)
    }

    /// How many connections there were at a time.
    pub(crate) fn most_open(&self) -> usize {
        self.seen.most_open.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.requests.lock().unwrap().clone()
    }

    pub(crate) fn handshakes(&self) -> Vec<HandshakeKind> {
        self.seen.handshakes.lock().unwrap().clone()
    }

    /// Waits until every connection is done with.
    pub(crate) async fn idle(&self) {
        while self.open() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Peer {
    /// The next request, unless the other side closes first.
    pub(crate) async fn request(&mut self) -> Option<Request> {
        let mut bytes = Vec::new();
        loop {
            let head_end = bytes.windows(4).position(|end| end == b"\r\n\r\n");
            if let Some(end) = head_end {
                let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
                let mut request = Request { head, body: Vec::new() };
                let length: usize = request.header("content-length").unwrap().parse().unwrap();
                if bytes.len() == end + 4 + length {
                    request.body = bytes.split_off(end + 4);
                    self.seen.note(&request);
                    return Some(request);
                }
            }
            if self.stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    /// Takes a request and sends `answer`. False once the other side is gone.
    pub(crate) async fn reply(&mut self, answer: &str) -> bool {
        self.request().await.is_some() && self.send(answer).await
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).await.is_ok() && self.stream.flush().await.is_ok()
    }

    /// Waits until the other side closes.
    pub(crate) async fn gone(&mut self) {
        while self.stream.read(&mut [0; 1024]).await.unwrap_or(0) > 0 {}
    }

    /// The socket, to look at from elsewhere.
    pub(crate) fn socket(&self) -> net::TcpStream {
        self.stream.tcp().as_fd().try_clone_to_owned().unwrap().into()
    }

    /// Ends the connection with a reset instead of an orderly close.
    pub(crate) fn reset(self) {
        self.stream.tcp().set_zero_linger().unwrap();
    }
}
