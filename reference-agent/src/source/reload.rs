//! Reads the source again when it changes, and serves what was read if it can be served.

use std::sync::Arc;

use rfq_sdk::Clock;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tracing::{error, info, warn};

use super::stamp::Stamp;
use super::{Read, Source, SourceError};
use crate::catalogue::LiveCatalogue;
use crate::telemetry::FEED_LOADS;

/// Keeps a catalogue up to date with its source.
pub struct Reloader {
    source: Source,
    live: LiveCatalogue,
    clock: Arc<dyn Clock>,
    /// Told of everything that was read and is now served.
    served: Box<dyn Fn(&Read) + Send + Sync>,
    /// The files as they were when they were last read, whatever came of it.
    last_read: Option<Vec<Stamp>>,
    /// The files as they were at the last look, if they had changed by then.
    changed: Option<Vec<Stamp>>,
}

/// Why a source that could be read is not served.
#[derive(Debug, thiserror::Error)]
enum Unserved {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(
        "it has {after} products where there were {before}; more than {percent} percent may not go \
         missing at once (feed.max_shrink_percent)"
    )]
    Shrunk { before: usize, after: usize, percent: u8 },
}

impl Reloader {
    /// Keeps `live` up to date with `source`, whose `first` reading it is, as often and as carefully
    /// as the source's configuration says. `served` is told of each new reading that is served.
    #[must_use]
    pub fn new(
        source: Source,
        live: LiveCatalogue,
        first: &Read,
        clock: impl Clock,
        served: impl Fn(&Read) + Send + Sync + 'static,
    ) -> Self {
        Self {
            source,
            live,
            clock: Arc::new(clock),
            served: Box::new(served),
            last_read: first.files.clone(),
            changed: None,
        }
    }

    /// Runs for ever. `now` reads the source at once, as SIGHUP does.
    pub async fn run(mut self, now: Arc<Notify>) {
        let begun = Instant::now();
        let mut next_check = self.source.feed.check_every.map(|check| begun + check);
        let mut next_read = self.source.feed.reload_every.map(|every| begun + every);
        loop {
            tokio::select! {
                () = now.notified() => self.read().await,
                () = at(next_check) => {
                    if self.has_settled_change() {
                        self.read().await;
                    }
                    next_check = self.source.feed.check_every.map(|check| Instant::now() + check);
                }
                () = at(next_read) => {
                    self.read().await;
                    next_read = self.source.feed.reload_every.map(|every| Instant::now() + every);
                }
            }
        }
    }

    /// Whether the files have changed since they were read, and no more since the last look: what is
    /// still being written is left alone.
    fn has_settled_change(&mut self) -> bool {
        let files = self.source.stamp();
        // A file that is gone is about to be replaced, or the shop is told when it is asked for.
        if files.is_none() || files == self.last_read {
            self.changed = None;
            return false;
        }
        let settled = files == self.changed;
        self.changed = files;
        settled
    }

    async fn read(&mut self) {
        self.last_read = self.source.stamp();
        self.changed = None;
        let read = self.source.read(self.clock.now(), |_, _| {}).await;
        match read.map_err(Unserved::from).and_then(|read| self.check(read)) {
            Ok(read) => {
                self.last_read.clone_from(&read.files);
                (self.served)(&read);
                let products = read.catalogue.len();
                self.live.replace(read.catalogue);
                count("served");
                info!(products, "Serving the new feed");
            }
            // It is read again once it has settled.
            Err(Unserved::Source(SourceError::Changed { path })) => {
                self.last_read = None;
                warn!(path, "The feed changed while it was read, so it will be read again");
            }
            Err(unserved) => {
                count("failed");
                let reason = with_causes(&unserved);
                error!(reason, "The new feed cannot be served; the last good feed stays");
            }
        }
    }

    fn check(&self, read: Read) -> Result<Read, Unserved> {
        let (before, after) = (self.live.now().len(), read.catalogue.len());
        let percent = self.source.feed.max_shrink.get();
        if after * 100 < before * usize::from(100 - percent) {
            return Err(Unserved::Shrunk { before, after, percent });
        }
        Ok(read)
    }
}

fn count(outcome: &'static str) {
    metrics::counter!(FEED_LOADS, "outcome" => outcome).increment(1);
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// The error and what caused it, in one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

impl std::fmt::Debug for Reloader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reloader").field("source", &self.source).finish_non_exhaustive()
    }
}
