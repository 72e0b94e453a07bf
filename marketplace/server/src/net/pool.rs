//! Connections held between calls, and how many there may be.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::connection::Connection;
use super::endpoint::Endpoint;

pub(super) struct Pool {
    /// One for each call that may be on its way.
    places: Semaphore,
    connections: usize,
    per_producer: usize,
    producers: Mutex<HashMap<Endpoint, Producer>>,
}

/// What is open to one endpoint. Kept while there is a call or a connection.
struct Producer {
    calls: usize,
    places: Arc<Semaphore>,
    /// The one used last comes last.
    held: Vec<Held>,
}

struct Held {
    since: Instant,
    until: Instant,
    connection: Box<Connection>,
}

impl Pool {
    /// At most `connections` in all and `per_producer` to each, those in use included.
    pub(super) fn new(connections: u16, per_producer: u16) -> Self {
        let (connections, per_producer) = (connections.into(), per_producer.into());
        let places = Semaphore::new(connections);
        Self { places, connections, per_producer, producers: Mutex::default() }
    }

    /// Waits until there may be one more call of `endpoint`.
    pub(super) async fn place<'a>(&'a self, endpoint: &'a Endpoint) -> Place<'a> {
        let (visit, of_producer) = self.visit(endpoint);
        // That of the producer first: those who wait for a slow one must not keep others away.
        // Neither is ever closed, the only error there is.
        let of_producer = of_producer.acquire_owned().await.ok();
        let of_all = self.places.acquire().await.ok();
        Place { visit, _of_producer: of_producer, _of_all: of_all }
    }

    /// Closes what is held and no longer useful.
    pub(super) fn sweep(&self) {
        let now = Instant::now();
        self.lock().retain(|_, producer| {
            producer.held.retain_mut(|held| held.until > now && held.connection.is_ready());
            producer.calls > 0 || !producer.held.is_empty()
        });
    }

    /// Makes sure that one more connection keeps within the limit: the one that was held longest
    /// goes. Each call on its way counts as a connection.
    fn make_room(&self) {
        let mut producers = self.lock();
        let in_use = self.connections.saturating_sub(self.places.available_permits());
        let held: usize = producers.values().map(|producer| producer.held.len()).sum();
        for _ in self.connections..in_use + held {
            let oldest = producers
                .values_mut()
                .filter(|producer| !producer.held.is_empty())
                .min_by_key(|producer| producer.held.first().map(|held| held.since));
            if let Some(producer) = oldest {
                producer.held.remove(0);
            }
        }
    }

    fn visit<'a>(&'a self, endpoint: &'a Endpoint) -> (Visit<'a>, Arc<Semaphore>) {
        let mut producers = self.lock();
        let producer = producers.entry(endpoint.clone()).or_insert_with(|| Producer {
            calls: 0,
            places: Arc::new(Semaphore::new(self.per_producer)),
            held: Vec::new(),
        });
        producer.calls += 1;
        (Visit { pool: self, endpoint }, Arc::clone(&producer.places))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Endpoint, Producer>> {
        self.producers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to one connection, while a call lasts.
pub(super) struct Place<'a> {
    visit: Visit<'a>,
    _of_producer: Option<OwnedSemaphorePermit>,
    _of_all: Option<SemaphorePermit<'a>>,
}

impl Place<'_> {
    /// A connection from an earlier call.
    pub(super) fn held(&self) -> Option<Box<Connection>> {
        let Visit { pool, endpoint } = self.visit;
        let now = Instant::now();
        loop {
            let mut held = pool.lock().get_mut(endpoint)?.held.pop()?;
            if held.until > now && held.connection.is_ready() {
                return Some(held.connection);
            }
        }
    }

    /// To be called before a connection is opened.
    pub(super) fn make_room(&self) {
        self.visit.pool.make_room();
    }

    /// Keeps `connection` for the next call, up to `until`.
    pub(super) fn keep(self, mut connection: Box<Connection>, until: Instant) {
        if !connection.is_ready() {
            return;
        }
        let Visit { pool, endpoint } = self.visit;
        if let Some(producer) = pool.lock().get_mut(endpoint) {
            producer.held.push(Held { since: Instant::now(), until, connection });
        }
    }
}

/// Counts one call of a producer.
struct Visit<'a> {
    pool: &'a Pool,
    endpoint: &'a Endpoint,
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        let mut producers = self.pool.lock();
        if let Entry::Occupied(mut producer) = producers.entry(self.endpoint.clone()) {
            producer.get_mut().calls -= 1;
            if producer.get().calls == 0 && producer.get().held.is_empty() {
                producer.remove();
            }
        }
    }
}
