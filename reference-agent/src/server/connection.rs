//! A connection that notices the first byte of each request and does not wait for ever.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::Limits;

/// Where a connection stands between requests, shared by its stream and its service.
#[derive(Default)]
pub(super) struct Phase(Mutex<State>);

#[derive(Clone, Copy)]
enum State {
    /// No byte of the next request has come.
    Idle { since: Instant },
    /// The headers of a request are coming.
    Headers { first_byte: Instant },
    /// A request is being answered. Its body has a deadline of its own.
    Answering,
    /// The last request is answered, but its body was not read to the end.
    Lingering,
}

impl Default for State {
    fn default() -> Self {
        Self::Idle { since: Instant::now() }
    }
}

impl Phase {
    /// The headers are complete; returns when the first byte came.
    pub(super) fn begin_request(&self) -> Instant {
        match std::mem::replace(&mut *self.lock(), State::Answering) {
            State::Headers { first_byte } => first_byte,
            // The whole head was read together with the request before it.
            State::Idle { .. } | State::Answering | State::Lingering => Instant::now(),
        }
    }

    /// The request is answered.
    pub(super) fn end_request(&self) {
        *self.lock() = State::Idle { since: Instant::now() };
    }

    /// The request is answered and the connection is to end, though its peer is still sending.
    pub(super) fn linger(&self) {
        *self.lock() = State::Lingering;
    }

    fn lingers(&self) -> bool {
        matches!(*self.lock(), State::Lingering)
    }

    fn bytes_came(&self) {
        let mut state = self.lock();
        if let State::Idle { .. } = *state {
            *state = State::Headers { first_byte: Instant::now() };
        }
    }

    /// By when the next byte must come, if this side sets a limit.
    fn read_deadline(&self, limits: &Limits) -> Option<Instant> {
        match *self.lock() {
            State::Idle { since } => Some(since + limits.idle),
            State::Headers { first_byte } => Some(first_byte + limits.headers),
            State::Answering | State::Lingering => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream that fails when its peer takes longer than the limits allow.
pub(super) struct Connection<S> {
    stream: S,
    phase: Arc<Phase>,
    limits: Limits,
    read_timer: Pin<Box<Sleep>>,
    write_timer: Pin<Box<Sleep>>,
    /// Whether the last write found no room, so that the write timer runs.
    write_waits: bool,
    lingers_until: Option<Instant>,
}

/// How long a connection that ends with a request half read stays open for the rest of it.
const LINGER: Duration = Duration::from_secs(1);

impl<S> Connection<S> {
    pub(super) fn new(stream: S, phase: Arc<Phase>, limits: Limits) -> Self {
        let now = Instant::now();
        Self {
            stream,
            phase,
            limits,
            read_timer: Box::pin(sleep_until(now)),
            write_timer: Box::pin(sleep_until(now)),
            write_waits: false,
            lingers_until: None,
        }
    }

    /// Passes on what a write came to; one that found no room for too long has failed.
    fn watch_write<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.write_waits = false;
            return written;
        }
        if !self.write_waits {
            self.write_waits = true;
            self.write_timer.as_mut().reset(Instant::now() + self.limits.write);
        }
        ready!(self.write_timer.as_mut().poll(cx));
        Poll::Ready(Err(timed_out("the peer does not take the answer")))
    }
}

fn timed_out(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}

impl<S: AsyncRead + Unpin> Connection<S> {
    /// Reads on and throws away, for a while, what a peer still sends to a request that is answered
    /// already: closing on it would reset the connection and could take the answer with it.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.phase.lingers() {
            return Poll::Ready(Ok(()));
        }
        let until = *self.lingers_until.get_or_insert_with(|| Instant::now() + LINGER);
        self.read_timer.as_mut().reset(until);
        let mut scrap = [0; 4096];
        while self.read_timer.as_mut().poll(cx).is_pending() {
            let mut buf = ReadBuf::new(&mut scrap);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf))?;
            if buf.filled().is_empty() {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut this.stream).poll_read(cx, buf) {
            if buf.filled().len() > before {
                this.phase.bytes_came();
            }
            return Poll::Ready(read);
        }
        loop {
            let now = Instant::now();
            let deadline = this.phase.read_deadline(&this.limits);
            if deadline.is_some_and(|deadline| deadline <= now) {
                return Poll::Ready(Err(timed_out("the next request did not come, or not whole")));
            }
            // Never later than needed, and moved only when it must be: one that fires early looks
            // again. While a request is answered nothing is due here, but nobody will poll once it
            // is done, so the timer must be there for the idle time that begins then.
            let look_again = deadline.unwrap_or(now + this.limits.idle);
            let armed = this.read_timer.deadline();
            if armed <= now || armed > look_again {
                this.read_timer.as_mut().reset(look_again);
            }
            ready!(this.read_timer.as_mut().poll(cx));
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.watch_write(cx, written)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(cx);
        this.watch_write(cx, flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let shut = Pin::new(&mut this.stream).poll_shutdown(cx);
        ready!(this.watch_write(cx, shut))?;
        this.poll_linger(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, bytes);
        this.watch_write(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
