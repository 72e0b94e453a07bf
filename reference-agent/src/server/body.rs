//! Notices whether a request's body was read to its end.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::body::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::Request;
use hyper::body::Incoming;

/// A body that says whether something of it is still unread.
pub(super) struct WatchedBody {
    body: Incoming,
    unread: Arc<AtomicBool>,
}

/// The request with a body that is watched, and whether something of that body is still unread.
pub(super) fn watch_body(request: Request<Incoming>) -> (Request<WatchedBody>, Arc<AtomicBool>) {
    let unread = Arc::new(AtomicBool::new(!request.body().is_end_stream()));
    let watched = Arc::clone(&unread);
    (request.map(|body| WatchedBody { body, unread: watched }), unread)
}

impl Body for WatchedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(frame, Poll::Ready(None)) || self.body.is_end_stream() {
            self.unread.store(false, Ordering::Relaxed);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
