//! One connection to a producer, and HTTP over it.
//!
//! A call drives its connection itself: no task stands behind it, so a call that is dropped closes
//! its connection, and an answer wakes one task instead of two.

use std::error::Error as _;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as _, Frame};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rfq_engine::CallProblem;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// A socket, with TLS or without.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

pub(super) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    driver: http1::Connection<TokioIo<Watched>, Full<Bytes>>,
    heard: Heard,
    /// The driver must not be polled again.
    ended: bool,
    opened: Instant,
    age: Duration,
}

impl Connection {
    /// The longest head of an answer, in bytes: twice what nginx and Node send at most. hyper also
    /// reads bodies through this buffer, and takes at most 100 headers unless told otherwise.
    const MAX_HEAD_BYTES: usize = 16_384;

    /// One that is used for at most `age`.
    pub(super) async fn over(stream: Box<dyn Stream>, age: Duration) -> Result<Self, CallProblem> {
        let heard = Heard::default();
        let io = TokioIo::new(Watched { stream, heard: heard.clone() });
        let (sender, driver) = http1::Builder::new()
            .max_buf_size(Self::MAX_HEAD_BYTES)
            .handshake(io)
            .await
            .map_err(|error| problem(&error))?;
        Ok(Self { sender, driver, heard, ended: false, opened: Instant::now(), age })
    }

    /// Whether it can take a request: the other side has neither closed it nor said anything that
    /// it was not asked for.
    pub(super) fn is_ready(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop()));
        !self.ended && self.sender.is_ready()
    }

    /// Sends `request` and waits for the head of the answer.
    pub(super) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, CallProblem> {
        self.heard.forget();
        let mut response = pin!(self.sender.send_request(request));
        let response = poll_fn(|context| {
            self.drive(context);
            response.as_mut().poll(context)
        });
        response.await.map_err(|error| problem(&error))
    }

    /// The next part of the answer's body, `None` at its end.
    pub(super) async fn next_frame(
        &mut self,
        body: &mut Incoming,
    ) -> Option<Result<Frame<Bytes>, CallProblem>> {
        let frame = poll_fn(|context| {
            if let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(context) {
                return Poll::Ready(frame);
            }
            self.drive(context);
            Pin::new(&mut *body).poll_frame(context)
        });
        Some(frame.await?.map_err(|error| problem(&error)))
    }

    /// When the first byte came since [`send`](Self::send) was called.
    pub(super) fn heard_at(&self) -> Option<Instant> {
        self.heard.at()
    }

    /// How much longer it may be used.
    pub(super) fn time_left(&self) -> Duration {
        self.age.saturating_sub(self.opened.elapsed())
    }

    fn drive(&mut self, context: &mut Context<'_>) {
        // What goes wrong is also told to whoever waits for the answer.
        self.ended = self.ended || Pin::new(&mut self.driver).poll(context).is_ready();
    }
}

fn problem(error: &hyper::Error) -> CallProblem {
    if error.is_parse_too_large() {
        return CallProblem::HeadTooLarge;
    }
    // What is wrong with chunks is an error of the body's.
    let of_body = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    let is_invalid = of_body.is_some_and(|error| error.kind() == io::ErrorKind::InvalidInput);
    if error.is_parse() || is_invalid { CallProblem::NotHttp } else { CallProblem::Broken }
}

/// When the first byte of an answer came.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Option<Instant>>>);

impl Heard {
    fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn note(&self) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.get_or_insert_with(Instant::now);
    }

    fn at(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream that notes when it is heard.
struct Watched {
    stream: Box<dyn Stream>,
    heard: Heard,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.heard.note();
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
