//! The call of one producer, as the engine sees it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::problem::CallProblem;
use crate::request::QuoteRequest;

/// Makes the signed calls.
///
/// A call may be dropped at any point, when the quote is closed or its caller is gone, and must then
/// leave nothing behind.
pub trait ProducerClient: Send + Sync + 'static {
    /// What the client must know of a producer to call it, such as its endpoint and its key. The
    /// engine hands it through from the candidate.
    type Target: Send + Sync + 'static;

    /// Asks one producer and reads its answer, of at most [`HttpAnswer::MAX_BYTES`]. The client must call
    /// [`CallTrace::note_sent`] with the first byte that it sends: a producer's time counts from there,
    /// and an answer to what was never sent is never late.
    fn call(
        &self,
        target: Arc<Self::Target>,
        call: Call,
    ) -> impl Future<Output = Result<HttpAnswer, CallFailure>> + Send;
}

/// What one producer is asked, and by when.
#[derive(Debug, Clone)]
pub struct Call {
    /// What is asked, the product by the slug that the producer knows it by.
    pub request: Arc<QuoteRequest>,
    /// How long the producer has, from the first byte it is sent: 4 s (seed, "Timeout and Error
    /// Handling"), or what is left of the quote's time.
    pub budget: Duration,
    /// When the quote ends, whatever the producer's budget. The engine drops the call then.
    pub ends: Instant,
    /// Where the client notes how far it is.
    pub trace: CallTrace,
}

/// An answer as it came: any status, any content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// The body, decoded.
    pub body: Bytes,
}

impl HttpAnswer {
    /// The most bytes of a body, decoded: 64 KiB, a hundred times the longest sensible offer.
    pub const MAX_BYTES: usize = 65_536;
}

/// Why there is no answer, as far as the outcome goes; [`CallTrace::problem`] says more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallFailure {
    /// No whole answer within the budget.
    #[error("no whole answer in time")]
    Late,
    /// No connection: refused, unreachable, not resolved in time, or to an address that may not be
    /// called.
    #[error("no connection")]
    Connect,
    /// No TLS session.
    #[error("no TLS session")]
    Tls,
    /// More than [`HttpAnswer::MAX_BYTES`].
    #[error("more than {} bytes", HttpAnswer::MAX_BYTES)]
    TooLarge,
    /// The connection broke, or what came over it was not HTTP.
    #[error("the connection broke")]
    Io,
    /// The quote's own time was over before the producer's: before the request was sent, or, as
    /// [`CallTrace::sent`] shows, while its answer was awaited.
    #[error("no time was left to call")]
    NoTime,
}

/// A part of a call, in the order they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Waiting for a place.
    Queue,
    /// Looking the name up.
    Dns,
    /// Connecting.
    Connect,
    /// Agreeing on TLS.
    Tls,
    /// From the first byte sent to the first byte of the answer.
    FirstByte,
    /// Reading the answer's body.
    Body,
}

/// How long each part of a call took; `None` is a part that was not needed or not finished.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    /// [`Phase::Queue`].
    pub queue: Option<Duration>,
    /// [`Phase::Dns`].
    pub dns: Option<Duration>,
    /// [`Phase::Connect`].
    pub connect: Option<Duration>,
    /// [`Phase::Tls`].
    pub tls: Option<Duration>,
    /// [`Phase::FirstByte`].
    pub first_byte: Option<Duration>,
    /// [`Phase::Body`].
    pub body: Option<Duration>,
}

/// How far a call is. The client writes it and the engine reads it, also when the call is dropped or
/// panics on its way. Cheap to clone; clones are one trace.
#[derive(Debug, Clone, Default)]
pub struct CallTrace(Arc<Mutex<Traced>>);

#[derive(Debug, Default)]
struct Traced {
    sent: Option<Instant>,
    timings: Timings,
    keeps_request: bool,
    request: Option<Bytes>,
    problem: Option<CallProblem>,
}

impl CallTrace {
    /// One that keeps what is sent, for a transcript.
    #[must_use]
    pub fn with_request() -> Self {
        Self(Arc::new(Mutex::new(Traced { keeps_request: true, ..Traced::default() })))
    }

    /// Notes that `phase` took `duration`. When a call is tried again, the last try counts.
    pub fn note(&self, phase: Phase, duration: Duration) {
        let mut traced = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let timings = &mut traced.timings;
        let place = match phase {
            Phase::Queue => &mut timings.queue,
            Phase::Dns => &mut timings.dns,
            Phase::Connect => &mut timings.connect,
            Phase::Tls => &mut timings.tls,
            Phase::FirstByte => &mut timings.first_byte,
            Phase::Body => &mut timings.body,
        };
        *place = Some(duration);
    }

    /// Notes that the first byte of the request leaves now; the first time counts.
    pub fn note_sent(&self) {
        let now = Instant::now();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).sent.get_or_insert(now);
    }

    /// When the first byte of the request left.
    #[must_use]
    pub fn sent(&self) -> Option<Instant> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).sent
    }

    /// Notes what is sent, without secrets, if it is to be kept. When a call is tried again, the last try
    /// counts.
    pub fn note_request(&self, request: impl FnOnce() -> Bytes) {
        let mut traced = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if traced.keeps_request {
            traced.request = Some(request());
        }
    }

    /// What was sent, if it was to be kept.
    #[must_use]
    pub fn request(&self) -> Option<Bytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).request.clone()
    }

    /// Notes what is wrong with the producer, when the call fails because of it.
    pub fn note_problem(&self, problem: CallProblem) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).problem = Some(problem);
    }

    /// What is wrong with the producer. `None` is nothing, or that its time or the quote's was over.
    #[must_use]
    pub fn problem(&self) -> Option<CallProblem> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).problem
    }

    /// What each part took so far.
    #[must_use]
    pub fn timings(&self) -> Timings {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).timings
    }
}
