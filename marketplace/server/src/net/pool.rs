//! Connections held between calls, and how many there may be.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
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
    /// How many are held in all.
    held: Arc<AtomicUsize>,
    /// Those with a call or a connection.
    producers: Mutex<HashMap<Endpoint, Arc<Producer>>>,
}

/// What is open to one endpoint.
struct Producer {
    places: Arc<Semaphore>,
    /// The one used last comes last.
    held: Mutex<Vec<Held>>,
}

struct Held {
    since: Instant,
    /// When the producer was called last.
    asked: Instant,
    until: Instant,
    connection: Box<Connection>,
    _counted: Counted,
}

/// One of those that are held in all, for as long as it exists.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn one_of(all: &Arc<AtomicUsize>) -> Self {
        all.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(all))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pool {
    /// At most `connections` in all and `per_producer` to each, those in use included.
    pub(super) fn new(connections: u16, per_producer: u16) -> Self {
        // With none no call would ever be made.
        let (connections, per_producer) = (connections.max(1).into(), per_producer.max(1).into());
        let places = Semaphore::new(connections);
        Self {
            places,
            connections,
            per_producer,
            held: Arc::default(),
            producers: Mutex::default(),
        }
    }

    /// Waits until there may be one more call of `endpoint`.
    pub(super) async fn place(&self, endpoint: &Endpoint) -> Place<'_> {
        let producer = self.producer(endpoint);
        // That of the producer first: those who wait for a slow one must not keep others away.
        // Neither is ever closed, the only error there is.
        let of_producer = Arc::clone(&producer.places).acquire_owned().await.ok();
        let of_all = self.places.acquire().await.ok();
        Place { pool: self, producer, _of_producer: of_producer, _of_all: of_all }
    }

    /// Closes what is held and no longer useful. Producers whose last connection ran out, though it
    /// was well, are told with when they were called last.
    pub(super) fn sweep(&self) -> Vec<(Endpoint, Instant)> {
        let now = Instant::now();
        let mut without = Vec::new();
        lock(&self.producers).retain(|endpoint, producer| {
            let mut held = lock(&producer.held);
            let mut ran_out = None;
            held.retain_mut(|held| {
                let is_ready = held.connection.is_ready();
                if is_ready && held.until <= now {
                    ran_out = ran_out.max(Some(held.asked));
                }
                is_ready && held.until > now
            });
            let is_without = held.is_empty();
            without.extend(ran_out.filter(|_| is_without).map(|asked| (endpoint.clone(), asked)));
            // Calls have the producer too.
            !is_without || Arc::strong_count(producer) > 1
        });
        without
    }

    /// A place for one more connection, if nobody has to wait or to make room for it.
    pub(super) fn spare_place(&self, endpoint: &Endpoint) -> Option<Place<'_>> {
        let of_all = self.places.try_acquire().ok()?;
        if self.too_many() > 0 {
            return None;
        }
        let producer = self.producer(endpoint);
        let of_producer = Arc::clone(&producer.places).try_acquire_owned().ok()?;
        let (of_producer, of_all) = (Some(of_producer), Some(of_all));
        Some(Place { pool: self, producer, _of_producer: of_producer, _of_all: of_all })
    }

    /// How many connections there are beyond the limit. Each call on its way counts as one.
    fn too_many(&self) -> usize {
        let in_use = self.connections.saturating_sub(self.places.available_permits());
        (in_use + self.held.load(Ordering::Relaxed)).saturating_sub(self.connections)
    }

    fn producer(&self, endpoint: &Endpoint) -> Arc<Producer> {
        let mut producers = lock(&self.producers);
        if let Some(producer) = producers.get(endpoint) {
            return Arc::clone(producer);
        }
        let places = Arc::new(Semaphore::new(self.per_producer));
        let producer = Arc::new(Producer { places, held: Mutex::default() });
        producers.insert(endpoint.clone(), Arc::clone(&producer));
        producer
    }
}

/// The right to one connection, while a call lasts.
pub(super) struct Place<'a> {
    pool: &'a Pool,
    producer: Arc<Producer>,
    _of_producer: Option<OwnedSemaphorePermit>,
    _of_all: Option<SemaphorePermit<'a>>,
}

impl Place<'_> {
    /// A connection from an earlier call.
    pub(super) fn held(&self) -> Option<Box<Connection>> {
        let now = Instant::now();
        loop {
            let mut held = lock(&self.producer.held).pop()?;
            if held.until > now && held.connection.is_ready() {
                return Some(held.connection);
            }
        }
    }

    /// Makes sure that one more connection keeps within the limit: the one that was held longest
    /// goes.
    pub(super) fn make_room(&self) {
        let pool = self.pool;
        if pool.too_many() == 0 {
            return;
        }
        let producers = lock(&pool.producers);
        // Counted again: others made room meanwhile.
        for _ in 0..pool.too_many() {
            let since =
                |producer: &&Arc<Producer>| lock(&producer.held).first().map(|held| held.since);
            let oldest =
                producers.values().filter(|producer| since(producer).is_some()).min_by_key(since);
            if let Some(producer) = oldest {
                let mut held = lock(&producer.held);
                // Another call may have taken it meanwhile, which makes room as well.
                if !held.is_empty() {
                    held.remove(0);
                }
            }
        }
    }

    /// Keeps `connection` for the next call, up to `until`. The last one was at `asked`.
    pub(super) fn keep(self, mut connection: Box<Connection>, until: Instant, asked: Instant) {
        if connection.is_ready() {
            let held = Held {
                since: Instant::now(),
                asked,
                until,
                connection,
                _counted: Counted::one_of(&self.pool.held),
            };
            lock(&self.producer.held).push(held);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::net::Reach;

    fn endpoint(name: &str) -> Endpoint {
        Endpoint::parse(&format!("https://{name}/message:send"), Reach::Public).unwrap()
    }

    #[tokio::test]
    async fn while_there_is_room_nobody_is_looked_at() {
        let pool = Arc::new(Pool::new(2, 1));
        let other = pool.producer(&endpoint("other.example"));
        let (told, made) = mpsc::channel();
        let _busy = lock(&other.held);
        let of_thread = Arc::clone(&pool);
        let runtime = tokio::runtime::Handle::current();
        thread::spawn(move || {
            let place = runtime.block_on(of_thread.place(&endpoint("shop.example")));
            place.make_room();
            told.send(())
        });
        assert_eq!(made.recv_timeout(Duration::from_secs(20)), Ok(()));
    }
}
