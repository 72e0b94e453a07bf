//! Reads the source again when it changes, and serves what was read if it can be served.

use std::sync::Arc;
use std::time::Duration;

use rfq_sdk::Clock;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tracing::{error, info, warn};

use super::stamp::Stamp;
use super::{Read, Source, SourceError};
use crate::catalogue::LiveCatalogue;

/// When a source is read again, and when what was read is not to be trusted.
#[derive(Debug, Clone, Copy)]
pub struct ReloadOptions {
    /// How often the files are looked at for a change; `None` is never.
    pub check: Option<Duration>,
    /// How often the source is read whether it has changed or not; `None` is never.
    pub every: Option<Duration>,
    /// The largest share of the products, in percent, that a new feed may lack: one that lacks more
    /// is taken for broken.
    pub max_shrink_percent: u8,
}

/// Keeps a catalogue up to date with its source.
pub struct Reloader {
    source: Source,
    live: LiveCatalogue,
    options: ReloadOptions,
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
    /// Keeps `live` up to date with `source`, of which it is the last reading. `served` is told of
    /// each new reading that is served.
    #[must_use]
    pub fn new(
        source: Source,
        live: LiveCatalogue,
        options: ReloadOptions,
        clock: impl Clock,
        served: impl Fn(&Read) + Send + Sync + 'static,
    ) -> Self {
        let last_read = source.stamp();
        Self {
            source,
            live,
            options,
            clock: Arc::new(clock),
            served: Box::new(served),
            last_read,
            changed: None,
        }
    }

    /// Runs for ever. `now` reads the source at once, as SIGHUP does.
    pub async fn run(mut self, now: Arc<Notify>) {
        let begun = Instant::now();
        let mut next_check = self.options.check.map(|check| begun + check);
        let mut next_read = self.options.every.map(|every| begun + every);
        loop {
            tokio::select! {
                () = now.notified() => self.read().await,
                () = at(next_check) => {
                    if self.has_settled_change() {
                        self.read().await;
                    }
                    next_check = self.options.check.map(|check| Instant::now() + check);
                }
                () = at(next_read) => {
                    self.read().await;
                    next_read = self.options.every.map(|every| Instant::now() + every);
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
                (self.served)(&read);
                let products = read.loaded.catalogue.len();
                self.live.replace(read.loaded.catalogue);
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
        let (before, after) = (self.live.now().len(), read.loaded.catalogue.len());
        let percent = self.options.max_shrink_percent;
        if after * 100 < before * usize::from(100 - percent.min(100)) {
            return Err(Unserved::Shrunk { before, after, percent });
        }
        Ok(read)
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("rfq_agent_feed_loads_total", "outcome" => outcome).increment(1);
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
        f.debug_struct("Reloader")
            .field("source", &self.source)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
