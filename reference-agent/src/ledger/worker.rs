//! A thread that works through a bounded queue, many jobs at a time.

use std::io;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::error::{JobError, LedgerError};

/// Twice as many as requests are answered at once ([`rfq_sdk::MAX_IN_FLIGHT`]), so that none is
/// refused for the notes of declines, which may take half of it.
const QUEUE: usize = 2 * rfq_sdk::MAX_IN_FLIGHT;

/// Bounds how long one batch keeps its first job waiting, and the work that one failure undoes.
const MAX_BATCH: usize = 256;

/// How long whoever asks waits: within the 4 s that an answer may take, and longer than a lock of another
/// program is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// Owns a thread that has the `C` all jobs work on. Dropped, it waits until all queued jobs are done.
pub(super) struct Worker<C> {
    /// Present until dropped.
    queue: Option<mpsc::Sender<Box<dyn Job<C>>>>,
    thread: Option<JoinHandle<()>>,
}

/// One piece of work, and whoever waits for it.
pub(super) trait Job<C>: Send {
    /// Does the work. An error is one of the whole batch, which has failed then.
    fn run(&mut self, context: &mut C) -> rusqlite::Result<()>;

    /// Reports the result, or why the batch failed.
    fn settle(self: Box<Self>, batch: Result<(), LedgerError>);
}

/// Work that waits in the queue, and who is told of its result.
struct Queued<F, T> {
    work: Option<F>,
    result: Result<T, LedgerError>,
    reply: oneshot::Sender<Result<T, LedgerError>>,
}

impl<C: 'static> Worker<C> {
    /// Starts the thread. `run` runs all jobs it is given, and settles each of them.
    pub(super) fn start(
        name: &str,
        mut run: impl FnMut(&mut Vec<Box<dyn Job<C>>>) + Send + 'static,
    ) -> io::Result<Self> {
        let (queue, mut jobs) = mpsc::channel(QUEUE);
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            let mut batch = Vec::with_capacity(MAX_BATCH);
            while jobs.blocking_recv_many(&mut batch, MAX_BATCH) > 0 {
                run(&mut batch);
                batch.clear();
            }
        })?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Has `work` done, and returns its result once the batch it was part of is committed. Whoever gives
    /// up waiting, or is told [`LedgerError::Late`], must know that it may be done all the same.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut C) -> Result<T, JobError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let (reply, result) = oneshot::channel();
        let job = Queued { work: Some(work), result: Err(LedgerError::Stopped), reply };
        let queue = self.queue.as_ref().ok_or(LedgerError::Stopped)?;
        queue.try_send(Box::new(job)).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => LedgerError::Behind,
            mpsc::error::TrySendError::Closed(_) => LedgerError::Stopped,
        })?;
        match timeout(PATIENCE, result).await {
            Ok(result) => result.unwrap_or(Err(LedgerError::Stopped)),
            Err(_) => Err(LedgerError::Late(PATIENCE)),
        }
    }

    /// Whether the next work would be taken.
    pub(super) fn check(&self) -> Result<(), LedgerError> {
        match &self.queue {
            Some(queue) if queue.is_closed() => Err(LedgerError::Stopped),
            Some(queue) if queue.capacity() == 0 => Err(LedgerError::Behind),
            Some(_) => Ok(()),
            None => Err(LedgerError::Stopped),
        }
    }

    /// Has `work` done some time, unless half of the queue is taken: whether it will be.
    pub(super) fn note(
        &self,
        work: impl FnOnce(&mut C) -> Result<(), JobError> + Send + 'static,
    ) -> bool {
        let (reply, _) = oneshot::channel();
        let job = Queued { work: Some(work), result: Err(LedgerError::Stopped), reply };
        self.queue.as_ref().is_some_and(|queue| {
            queue.capacity() > QUEUE / 2 && queue.try_send(Box::new(job)).is_ok()
        })
    }
}

impl<C, F, T> Job<C> for Queued<F, T>
where
    F: FnOnce(&mut C) -> Result<T, JobError> + Send,
    T: Send,
{
    fn run(&mut self, context: &mut C) -> rusqlite::Result<()> {
        let Some(work) = self.work.take() else { return Ok(()) };
        self.result = match work(context) {
            Ok(result) => Ok(result),
            Err(JobError::Refused(error)) => Err(error),
            Err(JobError::Database(error)) => return Err(error),
        };
        Ok(())
    }

    fn settle(self: Box<Self>, batch: Result<(), LedgerError>) {
        // Whoever asked may have gone, which changes nothing.
        let _ = self.reply.send(batch.and(self.result));
    }
}

impl<C> Drop for Worker<C> {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic was reported when it happened.
            let _ = thread.join();
        }
    }
}
