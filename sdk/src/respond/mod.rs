//! From a request to its answer, in time.

mod answerer;

use std::future::Future;

pub use answerer::{Answerer, MAX_IN_FLIGHT, RfqIdReused};

use crate::answer::Answer;
use crate::rfq::Rfq;

/// Your prices: makes the answer to one request.
///
/// Any `async` closure or function from [`Rfq`] to `Result<Answer, ResponderError>` is one.
///
/// It runs in a task of its own and is given up when the budget is spent. Blocking work belongs in
/// `tokio::task::spawn_blocking`: a task that blocks cannot be given up, and holds a worker thread
/// until it is done. What it was doing when given up may have happened or not, so a side effect (a
/// hold on stock, say) needs a time of its own after which it ends.
pub trait Responder: Send + Sync + 'static {
    /// The answer to `rfq`. An error or a panic becomes a decline, and its text goes to the log.
    fn respond(&self, rfq: Rfq) -> impl Future<Output = Result<Answer, ResponderError>> + Send;
}

/// Why a responder failed, for the log.
pub type ResponderError = Box<dyn std::error::Error + Send + Sync>;

impl<F, Fut> Responder for F
where
    F: Fn(Rfq) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Answer, ResponderError>> + Send,
{
    fn respond(&self, rfq: Rfq) -> impl Future<Output = Result<Answer, ResponderError>> + Send {
        self(rfq)
    }
}
