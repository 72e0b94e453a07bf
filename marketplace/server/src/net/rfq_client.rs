//! Asks producers for quotes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::Full;
use rfq_agent_card::endpoint::RFQ_PATH;
use rfq_engine::{Call, CallFailure, CallProblem, CallTrace, HttpAnswer, Phase, ProducerClient};
use rfq_sdk::{Clock, Signer};
use rustls::RootCertStore;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::debug;
use uuid::Uuid;

use super::body;
use super::connect::Connector;
use super::connection::Connection;
use super::endpoint::Endpoint;
use super::guard::Reach;
use super::limit::{Limit, Stop};
use super::network::Network;
use super::pool::{Place, Pool};

/// A producer to call: where, and signed how.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where it takes RFQs. Targets of one endpoint share their connections.
    pub endpoint: Endpoint,
    /// Signs each call.
    pub signer: Arc<Signer>,
}

/// Calls producers over connections that it holds (HTTP/1.1, and TLS unless the reach is
/// [`Reach::DevLoopback`]). No proxy, no redirects.
pub struct RfqClient {
    pool: Pool,
    connector: Connector,
    clock: Arc<dyn Clock>,
    message_id: Arc<dyn Fn() -> Uuid + Send + Sync>,
    requestor: String,
    idle: Duration,
    in_use: Duration,
}

/// What an [`RfqClient`] is made of.
pub struct Setup {
    /// What calls go out through.
    pub network: Arc<dyn Network>,
    /// How far they may reach.
    pub reach: Reach,
    /// Who may vouch for producers: [`native_roots`](super::native_roots), or a test's own.
    pub roots: RootCertStore,
    /// For the times that are signed.
    pub clock: Arc<dyn Clock>,
    /// Makes a new `messageId` for each request that is sent.
    pub message_id: Arc<dyn Fn() -> Uuid + Send + Sync>,
    /// The URL of the marketplace's agent card.
    pub requestor: String,
    /// How much there may be at a time.
    pub limits: Limits,
}

/// How much an [`RfqClient`] may hold and wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections in all, in use and idle, and so calls at a time; further calls wait. Each takes
    /// a file descriptor and 20 to 35 KB. 0 is as 1.
    pub connections: u16,
    /// Connections to one producer, in use and idle; further calls of it wait. Bounds what a slow
    /// one can occupy, and what a small shop's server gets at once. 0 is as 1.
    pub per_producer: u16,
    /// Producers whose TLS sessions are remembered, at most 8 each.
    pub producers: usize,
    /// For look-up, connection and TLS together.
    pub connect: Duration,
    /// How long an unused connection is held when the producer says nothing of it.
    pub idle: Duration,
    /// How long a connection is used at most, however often it is: what a name leads to and whose
    /// certificate answers there is checked when one is opened. Up to a quarter less, so that those
    /// that were opened together do not end together.
    pub age: Duration,
    /// How long after a call its producer's connection is opened anew when it has run out; zero is
    /// never.
    pub in_use: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            per_producer: 32,
            producers: 10_000,
            connect: Duration::from_secs(1),
            // Load balancers that say nothing close after 60 s or more.
            idle: Duration::from_secs(50),
            // Names that move are usually good for minutes, and who calls once a second or more
            // pays less than 5 % for it: a new connection costs 13 calls.
            age: Duration::from_mins(5),
            // One that closes after 5 s and is asked once a minute costs four handshakes then.
            in_use: Duration::from_mins(1),
        }
    }
}

impl RfqClient {
    /// How often unused connections are looked through.
    const UPKEEP: Duration = Duration::from_secs(1);
    /// Connections that are opened ahead at a time. Each is a handshake of about a millisecond, so
    /// they take a small part of one core.
    const REOPENED: usize = 16;
    /// How long one that was opened ahead is held: servers wait for 20 s or more for the first
    /// request (Apache's `RequestReadTimeout`; nginx 60 s).
    const AHEAD: Duration = Duration::from_secs(15);

    /// Sets up a client; nothing is called yet.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(setup: Setup) -> Result<Self, rustls::Error> {
        let Setup { network, reach, roots, clock, message_id, requestor, limits } = setup;
        let Limits { connections, per_producer, producers, connect, idle, age, in_use } = limits;
        Ok(Self {
            pool: Pool::new(connections, per_producer),
            connector: Connector::new(network, reach, roots, producers, connect, age)?,
            clock,
            message_id,
            requestor,
            idle,
            in_use,
        })
    }

    /// Each second, for as long as it is polled: closes unused connections whose time is over, and
    /// opens one anew for producers that are in use. Without it they stay until the next call of
    /// their producer.
    pub async fn upkeep(self: &Arc<Self>) {
        let mut reopening = JoinSet::new();
        let mut ticks = interval(Self::UPKEEP);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            while reopening.try_join_next().is_some() {}
            let mut without = self.pool.sweep();
            without.retain(|(_, asked)| asked.elapsed() < self.in_use);
            without.truncate(Self::REOPENED.saturating_sub(reopening.len()));
            for (endpoint, asked) in without {
                let client = Arc::clone(self);
                reopening.spawn(async move { client.reopen(&endpoint, asked).await });
            }
        }
    }

    /// Holds a new connection, as far as there is room and nothing goes wrong: the next call would
    /// see for itself.
    async fn reopen(&self, endpoint: &Endpoint, asked: Instant) {
        let Some(place) = self.pool.spare_place(endpoint) else { return };
        let limit = Limit { at: Instant::now() + Self::AHEAD, then: Stop::NoTime };
        let trace = CallTrace::default();
        if let Ok(connection) = self.connector.connect(endpoint, &trace, limit).await {
            let left = Self::AHEAD.min(self.idle).min(connection.time_left());
            place.keep(Box::new(connection), Instant::now() + left, asked);
        }
    }

    /// When a held connection breaks before any byte of an answer and there is time left, the call
    /// is made once more on a new one, signed anew: an agent knows by the `rfq_id` that it is the
    /// same request.
    async fn answer(&self, target: &Target, call: &Call) -> Result<HttpAnswer, Stop> {
        let endpoint = &target.endpoint;
        let started = Instant::now();
        let place = async { Ok::<_, Stop>(self.pool.place(endpoint).await) };
        let place = limit(call).bound(place).await;
        call.trace.note(Phase::Queue, started.elapsed());
        let place = place?;
        if let Some(mut held) = place.held() {
            match self.ask(target, call, &mut held).await {
                Ok(asked) => return Ok(asked.keep(place, held)),
                Err(Stop::Problem(CallProblem::Broken)) if held.heard_at().is_none() => {
                    debug!(%endpoint, "A held connection broke; the call is made again");
                }
                Err(stop) => return Err(stop),
            }
        }
        place.make_room();
        let fresh = self.connector.connect(endpoint, &call.trace, limit(call)).await?;
        let mut fresh = Box::new(fresh);
        let asked = self.ask(target, call, &mut fresh).await?;
        Ok(asked.keep(place, fresh))
    }

    /// One request and its answer.
    async fn ask(
        &self,
        target: &Target,
        call: &Call,
        connection: &mut Connection,
    ) -> Result<Asked, Stop> {
        let request = self.request(target, call)?;
        let started = Instant::now();
        if started >= call.ends {
            return Err(Stop::NoTime);
        }
        call.trace.note_sent();
        let exchange = async {
            let response = connection.send(request).await?;
            let first_byte = connection.heard_at().unwrap_or_else(Instant::now);
            call.trace.note(Phase::FirstByte, first_byte - started);
            let (head, body) = response.into_parts();
            let idle = idle_time(&head.headers, self.idle);
            let status = head.status.as_u16();
            match body::read(connection, &head.headers, body).await {
                Ok(body) => {
                    call.trace.note(Phase::Body, first_byte.elapsed());
                    Ok(Asked { answer: HttpAnswer { status, body }, idle })
                }
                // Its status says more than that its page was too long.
                Err(_) if status != 200 => {
                    let answer = HttpAnswer { status, body: Bytes::new() };
                    Ok(Asked { answer, idle: None })
                }
                Err(problem) => Err(problem),
            }
        };
        limit(call).bound(exchange).await
    }

    fn request(&self, target: &Target, call: &Call) -> Result<Request<Full<Bytes>>, CallProblem> {
        let body = call.request.to_json((self.message_id)(), &self.requestor);
        let signed = target.signer.sign(&body, self.clock.now());
        let mut headers = HeaderMap::with_capacity(8);
        // Names and values were checked when the endpoint and the signer were made.
        let value = |text: &str| HeaderValue::from_str(text).map_err(|_| CallProblem::Broken);
        headers.insert(HOST, value(target.endpoint.authority())?);
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, text) in signed.iter() {
            let mut value = value(text)?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_static(name), value);
        }
        call.trace.note_request(|| transcript(&headers, &body));
        let mut request = Request::new(Full::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::from_static(RFQ_PATH);
        *request.headers_mut() = headers;
        Ok(request)
    }
}

impl ProducerClient for RfqClient {
    type Target = Target;

    async fn call(&self, target: Arc<Target>, call: Call) -> Result<HttpAnswer, CallFailure> {
        self.answer(&target, &call).await.map_err(|stop| stop.failure(&call.trace))
    }
}

/// An answer that came whole, and how long its connection may be held.
struct Asked {
    answer: HttpAnswer,
    idle: Option<Duration>,
}

impl Asked {
    fn keep(self, place: Place<'_>, connection: Box<Connection>) -> HttpAnswer {
        let left = self.idle.unwrap_or_default().min(connection.time_left());
        let now = Instant::now();
        if let Some(until) = now.checked_add(left).filter(|until| *until > now) {
            place.keep(connection, until, now);
        }
        self.answer
    }
}

/// When `call` must be over: the producer's own time, from the first byte it was sent, or the
/// quote's, which is not the producer's fault.
fn limit(call: &Call) -> Limit {
    let own = call.trace.sent().and_then(|sent| sent.checked_add(call.budget));
    match own {
        Some(at) if at < call.ends => Limit { at, then: Stop::Late },
        Some(_) | None => Limit { at: call.ends, then: Stop::NoTime },
    }
}

/// A request as it goes over the wire, but for the values that are or prove a secret.
fn transcript(headers: &HeaderMap, body: &[u8]) -> Bytes {
    let mut text = format!("POST {RFQ_PATH} HTTP/1.1\r\n").into_bytes();
    for (name, value) in headers {
        let value = if value.is_sensitive() { b"(removed)" } else { value.as_bytes() };
        text.extend_from_slice(&[name.as_str().as_bytes(), b": ", value, b"\r\n"].concat());
    }
    text.extend_from_slice(b"\r\n");
    text.extend_from_slice(body);
    text.into()
}

/// How long a connection may be unused, at most `longest`. `None` is not at all.
fn idle_time(headers: &HeaderMap, longest: Duration) -> Option<Duration> {
    let parameters = headers.get_all(KEEP_ALIVE).iter().filter_map(|value| value.to_str().ok());
    let seconds = parameters
        .flat_map(|value| value.split(','))
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("timeout"))
        .and_then(|(_, seconds)| seconds.trim().parse().ok());
    // A request must have arrived by then: a second is the longest way there.
    let said = seconds.map(|seconds| Duration::from_secs(seconds).saturating_sub(ON_ITS_WAY));
    let idle = said.map_or(longest, |said| said.min(longest));
    (!idle.is_zero()).then_some(idle)
}

/// `Keep-Alive: timeout=5, max=100` (RFC 2068, section 19.7.1.1); the number left does not matter,
/// since whoever counts also says `Connection: close`.
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const AGENT: &str = concat!("rfq-marketplace/", env!("CARGO_PKG_VERSION"));
const ON_ITS_WAY: Duration = Duration::from_secs(1);

impl fmt::Debug for RfqClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RfqClient").field("requestor", &self.requestor).finish_non_exhaustive()
    }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup")
            .field("network", &self.network)
            .field("reach", &self.reach)
            .field("requestor", &self.requestor)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
