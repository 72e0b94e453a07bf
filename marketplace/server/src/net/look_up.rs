//! Look-ups of names: how many at a time, and none twice at once.
//!
//! The system's resolver keeps a thread busy for as long as a name server is silent, which its owner
//! decides. What that costs must not be charged to other producers.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rfq_engine::CallProblem;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;
use tracing::debug;

use super::network::Network;

/// Shares look-ups among the calls that need them.
pub(super) struct LookUps(Arc<Shared>);

struct Shared {
    network: Arc<dyn Network>,
    /// One for each look-up that may be under way.
    places: Semaphore,
    names: Mutex<Names>,
}

#[derive(Default)]
struct Names {
    /// Those that calls wait for, or did.
    asked: HashMap<Arc<str>, watch::Receiver<Progress>>,
    /// Until when they are taken to be not found.
    unknown: HashMap<Arc<str>, Instant>,
}

/// What is found, or a problem.
pub(super) type Found = Result<Vec<IpAddr>, CallProblem>;

#[derive(Debug, Clone)]
enum Progress {
    /// For a place.
    Waiting,
    UnderWay,
    Done(Found),
}

/// A look-up that is under way, or over.
pub(super) struct LookUp(watch::Receiver<Progress>);

impl LookUps {
    /// Each takes a thread until the system's resolver gives up, also when nobody waits for it any
    /// more. 64 leave room among the runtime's 512 threads for other work.
    const AT_A_TIME: usize = 64;
    /// Longer than the calls of one quote are apart, and so short that a name server which failed once
    /// costs a producer no second bad call of other quotes.
    const UNKNOWN_FOR: Duration = Duration::from_millis(500);
    /// Names taken to be not found; beyond that each is looked up again.
    const MAX_UNKNOWN: usize = 4_096;

    pub(super) fn new(network: Arc<dyn Network>) -> Self {
        let places = Semaphore::new(Self::AT_A_TIME);
        Self(Arc::new(Shared { network, places, names: Mutex::default() }))
    }

    /// Joins the look-up of `host`, or begins one, and waits until it is under way: what is waited
    /// for here is our fault, and what is waited for then the name's.
    pub(super) async fn begin(&self, host: &str) -> LookUp {
        let mut progress = self.join(host);
        // Closed only when the runtime ends.
        let _ = progress.wait_for(|progress| !matches!(progress, Progress::Waiting)).await;
        LookUp(progress)
    }

    fn join(&self, host: &str) -> watch::Receiver<Progress> {
        let mut names = self.0.names();
        // One that panicked is closed and says nothing more.
        let is_open = |progress: &&watch::Receiver<_>| progress.has_changed().is_ok();
        if let Some(progress) = names.asked.get(host).filter(is_open) {
            return progress.clone();
        }
        if names.unknown.get(host).is_some_and(|until| *until > Instant::now()) {
            return watch::channel(Progress::Done(Err(CallProblem::NameNotFound))).1;
        }
        let host: Arc<str> = host.into();
        let (sender, receiver) = watch::channel(Progress::Waiting);
        names.asked.insert(Arc::clone(&host), receiver.clone());
        // Not of the call, which may end long before the system's resolver does.
        tokio::spawn(Arc::clone(&self.0).look_up(host, sender));
        receiver
    }
}

impl LookUp {
    /// That of a name whose address is known.
    pub(super) fn known(address: IpAddr) -> Self {
        Self(watch::channel(Progress::Done(Ok(vec![address]))).1)
    }

    /// Waits for its end.
    pub(super) async fn found(mut self) -> Found {
        let done = self.0.wait_for(|progress| matches!(progress, Progress::Done(_))).await;
        match done.as_deref() {
            Ok(Progress::Done(found)) => found.clone(),
            Ok(Progress::Waiting | Progress::UnderWay) | Err(_) => Err(CallProblem::NameNotFound),
        }
    }
}

impl Shared {
    async fn look_up(self: Arc<Self>, host: Arc<str>, progress: watch::Sender<Progress>) {
        // Never closed, the only error there is.
        let _place = self.places.acquire().await.ok();
        {
            let mut names = self.names();
            // The receiver in the table is one of them.
            if progress.receiver_count() <= 1 {
                names.asked.remove(&host);
                return;
            }
        }
        progress.send_replace(Progress::UnderWay);
        let found = self.network.resolve(&host).await.map_err(|error| {
            debug!(%host, %error, "A producer's name was not found");
            CallProblem::NameNotFound
        });
        let mut names = self.names();
        names.asked.remove(&host);
        if found.is_err() {
            names.remember(host);
        }
        drop(names);
        progress.send_replace(Progress::Done(found));
    }

    fn names(&self) -> MutexGuard<'_, Names> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Names {
    fn remember(&mut self, host: Arc<str>) {
        let now = Instant::now();
        if self.unknown.len() >= LookUps::MAX_UNKNOWN {
            self.unknown.retain(|_, until| *until > now);
        }
        if self.unknown.len() < LookUps::MAX_UNKNOWN {
            self.unknown.insert(host, now + LookUps::UNKNOWN_FOR);
        }
    }
}
