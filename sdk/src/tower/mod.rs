//! A tower layer that lets only genuine requests through (feature `tower`).

mod refused;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use chrono::{DateTime, Utc};
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt as _, Full};
use tokio::time::{Instant, timeout_at};
use tower_layer::Layer;
use tower_service::Service;
use tracing::{debug, warn};

use crate::caller::Caller;
use crate::clock::{Clock, SystemClock};
use crate::deadline::{Budget, Deadline, ReceivedAt};
use crate::verify::{KeySlot, Refusal, Verified, Verifier};

use refused::{Fault, RefusalLog};
pub use refused::{Refused, RefusedReason};

/// A layer that verifies a request before the service behind it sees it.
///
/// Headers and window are checked before the body is read; the body is read once, no further than
/// the verifier's limit and no longer than the budget. The service gets the whole body, all
/// request extensions that were there, and two more: [`VerifiedBody`] and
/// [`Deadline`].
///
/// Every refusal is the same 401, whose reason is only in the log. A body too large is 413, one
/// that stalls past the budget 408, one that breaks off 400. Each of them closes the connection.
///
/// Of refusals for the same reason the log has one line in 10 s, which says how many had none since the
/// line before (`not_logged`); those without credentials at level `info`, the others at `warn`. Each
/// response that refuses has its [`RefusedReason`] in its extensions, for figures.
///
/// Put it outside of anything that changes the body, decompression above all: the MAC is over the
/// bytes of the wire.
#[derive(Clone)]
pub struct VerifyLayer(Arc<Settings>);

struct Settings {
    verifier: Verifier,
    clock: Box<dyn Clock>,
    budget: Budget,
    refusals: RefusalLog,
}

/// The service that [`VerifyLayer`] makes.
#[derive(Clone)]
pub struct VerifyService<S> {
    inner: S,
    settings: Arc<Settings>,
}

/// The body of a genuine request, as a request extension. Cheap to clone.
#[derive(Clone)]
pub struct VerifiedBody {
    bytes: Bytes,
    caller: Caller,
    key: KeySlot,
    signed_at: Option<DateTime<Utc>>,
}

impl VerifiedBody {
    /// The verified request, from which an [`Rfq`](crate::Rfq) is parsed.
    #[must_use]
    pub fn verified(&self) -> Verified<'_> {
        Verified::restored(&self.bytes, &self.caller, self.key, self.signed_at)
    }
}

impl VerifyLayer {
    /// A caller whose clock differs by more than this is warned about in the log, or by more than a
    /// fifth of the verifier's tolerance if that is less.
    pub const NOTABLE_SKEW: Duration = Duration::from_mins(1);

    /// A layer with the machine's clock and the default [`Budget`].
    #[must_use]
    pub fn new(verifier: Verifier) -> Self {
        Self::with(verifier, Budget::default(), SystemClock)
    }

    /// A layer with a budget and a clock of your own.
    ///
    /// The budget counts from [`ReceivedAt`] if the server put that into the request's extensions,
    /// else from the moment the layer sees the request, which is when its headers are complete.
    #[must_use]
    pub fn with(verifier: Verifier, budget: Budget, clock: impl Clock) -> Self {
        Self(Arc::new(Settings {
            verifier,
            clock: Box::new(clock),
            budget,
            refusals: RefusalLog::default(),
        }))
    }

    /// Verifies one request, for a handler that has no service behind it: does what the layer does,
    /// in fewer steps. The body of the request is in what is returned.
    ///
    /// # Errors
    /// [`Refused`], which is to be answered with.
    pub async fn verify<B>(&self, request: Request<B>) -> Result<(VerifiedBody, Deadline), Refused>
    where
        B: Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        self.0.verify(&parts, body).await
    }
}

impl<S> Layer<S> for VerifyLayer {
    type Service = VerifyService<S>;

    fn layer(&self, inner: S) -> VerifyService<S> {
        VerifyService { inner, settings: Arc::clone(&self.0) }
    }
}

impl<S, B, R> Service<Request<B>> for VerifyService<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    R: From<Bytes>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The service that was polled ready is the one to call; its clone waits for the next.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let settings = Arc::clone(&self.settings);
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            match settings.verify(&parts, body).await {
                Ok((body, deadline)) => {
                    let whole = Full::new(body.bytes.clone());
                    parts.extensions.insert(deadline);
                    parts.extensions.insert(body);
                    inner.call(Request::from_parts(parts, whole)).await
                }
                Err(refused) => Ok(refused.into_response()),
            }
        })
    }
}

impl Settings {
    async fn verify<B>(&self, parts: &Parts, body: B) -> Result<(VerifiedBody, Deadline), Refused>
    where
        B: Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.check(parts, body).await.map_err(|fault| Refused {
            reason: self.refusals.tell(&fault),
            scheme: self.verifier.scheme(),
        })
    }

    async fn check<B>(&self, parts: &Parts, body: B) -> Result<(VerifiedBody, Deadline), Fault>
    where
        B: Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let received_at = parts.extensions.get::<ReceivedAt>();
        let received_at = received_at.map_or_else(Instant::now, |received| received.0);
        let deadline = Deadline::new(received_at, self.budget);
        let now = self.clock.now();
        let checked = self.verifier.check_headers(&parts.headers, now)?;
        let bytes = read(body, self.verifier.body_limit(), deadline).await?;
        let verified = checked.verify_body(&bytes)?;
        let (caller, key, signed_at) =
            (verified.caller().clone(), verified.key(), verified.signed_at());
        let tolerance = self.verifier.tolerance();
        if let Some(skew) = signed_at.map(|signed_at| now - signed_at)
            && skew
                .abs()
                .to_std()
                .is_ok_and(|skew| skew > VerifyLayer::NOTABLE_SKEW.min(tolerance / 5))
        {
            let (skew_s, tolerance_s) = (skew.num_seconds(), tolerance.as_secs());
            warn!(%caller, skew_s, tolerance_s, "The caller's clock differs from ours; beyond the tolerance its requests are refused");
        }
        if key != KeySlot::Current {
            debug!(%caller, "A request was made with a previous secret");
        }
        Ok((VerifiedBody { bytes, caller, key, signed_at }, deadline))
    }
}

async fn read<B>(body: B, limit: usize, deadline: Deadline) -> Result<Bytes, Fault>
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    if usize::try_from(body.size_hint().lower()).map_or(true, |size| size > limit) {
        return Err(Refusal::TooLarge.into());
    }
    timeout_at(deadline.at(), collect(body, limit)).await.unwrap_or(Err(Fault::Stalled))
}

/// The whole body. One that comes in one piece, as small ones do, is not copied.
async fn collect<B>(body: B, limit: usize) -> Result<Bytes, Fault>
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut body = std::pin::pin!(body);
    let mut whole = Bytes::new();
    let mut pieces = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Fault::Broken(error.into()))?;
        let Ok(mut data) = frame.into_data() else { continue };
        if data.remaining() > limit - whole.len() - pieces.len() {
            return Err(Refusal::TooLarge.into());
        }
        if whole.is_empty() && pieces.is_empty() {
            whole = data.copy_to_bytes(data.remaining());
        } else {
            pieces.extend_from_slice(&std::mem::take(&mut whole));
            pieces.extend_from_slice(&data.copy_to_bytes(data.remaining()));
        }
    }
    Ok(if pieces.is_empty() { whole } else { pieces.into() })
}

impl fmt::Debug for VerifyLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyLayer")
            .field("verifier", &self.0.verifier)
            .field("budget", &self.0.budget)
            .finish_non_exhaustive()
    }
}

impl<S: fmt::Debug> fmt::Debug for VerifyService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyService").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl fmt::Debug for VerifiedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VerifiedBody").field(&self.verified()).finish()
    }
}
