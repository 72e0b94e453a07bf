//! Puts a router on a socket, with a limit on everything a peer can hold on to.

mod body;
mod connection;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use http::HeaderValue;
use http::header::CONNECTION;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use rfq_sdk::ReceivedAt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tower::ServiceExt as _;
use tracing::{debug, warn};

use body::watch_body;
use connection::{Connection, Phase};

/// What peers may hold on to.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most connections at once. Further ones wait in the system's backlog.
    pub connections: usize,
    /// How long a connection may stay silent between requests. Longer than the marketplace holds
    /// its connections, so that it is the one to close them.
    pub idle: Duration,
    /// How long the headers of a request may take, from its first byte: the answer's own budget. Of
    /// headers that began to come together with the request before, the first byte is the next one.
    pub headers: Duration,
    /// How long a peer may take to accept what is written to it.
    pub write: Duration,
    /// How long requests in flight get to be answered at shutdown.
    pub shutdown: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            idle: Duration::from_secs(75),
            headers: rfq_sdk::Budget::default().get(),
            write: Duration::from_secs(10),
            shutdown: Duration::from_secs(5),
        }
    }
}

/// Answers requests on `listener` until `shutdown` is ready; then takes no more, and returns once
/// those in flight are answered, or had [`Limits::shutdown`] for it. Returns how many connections were cut
/// off then, each with a request that was not answered.
///
/// Each request carries a [`ReceivedAt`] with the moment its first byte came. Requests pipelined
/// behind another count from when their turn comes.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> usize {
    let connections = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = connections.watch(connection(stream, peer, &router, limits));
                tokio::spawn(async move {
                    if let Err(error) = connection.await {
                        debug!(%peer, %error, "A connection ended early");
                    }
                    drop(place);
                });
            }
            Err(error) => pause_after(&error).await,
        }
    }
    drop(listener);
    match timeout(limits.shutdown, connections.shutdown()).await {
        Ok(()) => 0,
        Err(_) => limits.connections - places.available_permits(),
    }
}

/// A failed accept is a peer that gave up, or a machine out of files or memory; the latter is no
/// better if tried again at once.
async fn pause_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        warn!(%error, "A connection could not be accepted");
        sleep(Duration::from_millis(100)).await;
    }
}

fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: &Router,
    limits: Limits,
) -> http1::Connection<
    TokioIo<Connection<TcpStream>>,
    impl hyper::service::HttpService<
        Incoming,
        ResBody = axum::body::Body,
        Error = std::convert::Infallible,
        Future: Send,
    > + use<>,
> {
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%peer, %error, "TCP_NODELAY could not be set");
    }
    let phase = Arc::new(Phase::default());
    let io = TokioIo::new(Connection::new(stream, Arc::clone(&phase), limits));
    let router = router.clone();
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ReceivedAt(phase.begin_request()));
        let (phase, router) = (Arc::clone(&phase), router.clone());
        let (request, unread) = watch_body(request);
        async move {
            let mut response = router.oneshot(request).await?;
            // What is left of the body would be taken for the beginning of the next request.
            if unread.load(Ordering::Relaxed) {
                phase.linger();
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            } else {
                phase.end_request();
            }
            Ok(response)
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        // `Connection` keeps this time itself: hyper's would also end connections that are idle.
        .header_read_timeout(None)
        // A client may say that it has sent all, and still wait for the answer.
        .half_close(true)
        .max_header_size(16 * 1024)
        .serve_connection(io, service)
}
