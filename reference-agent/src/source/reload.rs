//! Reads the source again when it changes, and serves what was read if it can be served.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use rfq_sdk::Clock;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tracing::{error, info, warn};

use super::stamp::Stamp;
use super::{Read, Shrunk, Source, SourceError, in_background};
use crate::catalogue::LiveCatalogue;
use crate::telemetry::FEED_LOADS;

/// Between two looks at files that changed: what is still being written is left alone.
const SETTLE: Duration = Duration::from_secs(1);

/// After so many looks, none of which found what the one before did, files are read all the same.
const MOST_LOOKS: u32 = 5;

/// Keeps a catalogue up to date with its source.
pub struct Reloader {
    source: Source,
    live: LiveCatalogue,
    clock: Arc<dyn Clock>,
    /// Told of everything that was read and is served.
    served: Arc<dyn Fn(&Read) + Send + Sync>,
    /// The files that were read last; `None` when they are to be read again as they are.
    last_read: Option<Vec<Stamp>>,
    /// What was found instead of those, until it is read.
    change: Option<Change>,
    /// How many looks in a row, the last one among them, found no file.
    looks_in_vain: u32,
    /// Why the last reading is not served, as the log has it.
    failure: Option<String>,
}

struct Change {
    files: Vec<Stamp>,
    looks: u32,
}

/// Why a source that could be read is not served.
#[derive(Debug, thiserror::Error)]
enum Unserved {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Shrunk(#[from] Shrunk),
}

impl Reloader {
    /// Keeps `live` up to date with `source`, whose `first` reading it is, as often and as carefully
    /// as the source's configuration says. `served` is told of each new reading once its catalogue is
    /// served and no longer in it, on a thread that may block.
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
            served: Arc::new(served),
            last_read: Some(first.files.clone()),
            change: None,
            looks_in_vain: 0,
            failure: None,
        }
    }

    /// Runs for ever. `now` reads the source at once, as SIGHUP does.
    pub async fn run(mut self, now: Arc<Notify>) {
        let (check_every, reload_every) =
            (self.source.feed.check_every, self.source.feed.reload_every);
        let mut next_look = from_now(check_every);
        let mut next_read = from_now(reload_every);
        loop {
            let soon = tokio::select! {
                () = now.notified() => self.read().await,
                () = at(next_look) => self.look().await,
                () = at(next_read) => {
                    let soon = self.read().await;
                    next_read = from_now(reload_every);
                    soon
                }
            };
            next_look = from_now(soon.or(check_every));
        }
    }

    /// Reads files that have changed, once they seem to be whole. Returns when to look again, unless
    /// as always.
    async fn look(&mut self) -> Option<Duration> {
        let files = match self.source.files().await {
            Ok(files) => files,
            // An export that failed, or a folder that is not mounted.
            Err(missing) => return self.look_in_vain(&missing),
        };
        if mem::take(&mut self.looks_in_vain) > 1 {
            self.failure = None;
            info!("The feed is there again");
        }
        if self.last_read.as_ref() == Some(&files) {
            self.change = None;
            return None;
        }
        let (is_settled, looks) = match &self.change {
            Some(change) => (change.files == files, change.looks + 1),
            None => (false, 1),
        };
        if !is_settled && looks < MOST_LOOKS {
            self.change = Some(Change { files, looks });
            return Some(SETTLE);
        }
        if !is_settled {
            warn!(looks, "The feed changes again and again; reading it as it is now");
        }
        self.read().await
    }

    /// Returns when to look again, unless as always.
    fn look_in_vain(&mut self, missing: &SourceError) -> Option<Duration> {
        self.change = None;
        self.looks_in_vain = self.looks_in_vain.saturating_add(1);
        match self.looks_in_vain {
            // What is about to be replaced is there again at the next look.
            1 => return Some(SETTLE),
            2 => {
                count("failed");
                self.tell(with_causes(missing), true);
            }
            _ => {}
        }
        self.last_read.is_none().then_some(SETTLE)
    }

    /// Returns when to look again, unless as always.
    async fn read(&mut self) -> Option<Duration> {
        self.change = None;
        let files = self.source.files().await.ok();
        match self.read_what_may_be_served().await {
            Ok(mut read) => {
                self.last_read = Some(read.files.clone());
                self.failure = None;
                let products = read.catalogue.len();
                self.live.replace(mem::take(&mut read.catalogue));
                count("served");
                info!(products, "Serving the new feed");
                let served = Arc::clone(&self.served);
                let told = in_background(move || {
                    served(&read);
                    Ok(())
                });
                if let Err(error) = told.await {
                    error!(error = with_causes(&error), "What was read could not be told whole");
                }
                None
            }
            Err(Unserved::Source(SourceError::Changed { path })) => {
                self.last_read = None;
                warn!(path, "The feed changed while it was read, so it will be read again");
                Some(SETTLE)
            }
            Err(unserved) => {
                count("failed");
                let may_pass = matches!(&unserved, Unserved::Source(source) if source.may_pass());
                self.last_read = files.filter(|_| !may_pass);
                self.tell(with_causes(&unserved), may_pass);
                None
            }
        }
    }

    async fn read_what_may_be_served(&self) -> Result<Read, Unserved> {
        let read = self.source.read(self.clock.now(), |_, _| {}).await?;
        self.source.check_size(self.live.now().len(), read.catalogue.len())?;
        Ok(read)
    }

    /// What is tried again at every check is told once.
    fn tell(&mut self, reason: String, may_pass: bool) {
        match self.source.feed.check_every.filter(|_| may_pass) {
            Some(_) if self.failure.as_ref() == Some(&reason) => {}
            Some(check) => {
                let check_seconds = check.as_secs();
                error!(
                    reason,
                    check_seconds,
                    "The feed cannot be read; the last good feed stays, and it is tried again at \
                     every check"
                );
            }
            None => error!(reason, "The new feed cannot be served; the last good feed stays"),
        }
        self.failure = Some(reason);
    }
}

fn count(outcome: &'static str) {
    metrics::counter!(FEED_LOADS, "outcome" => outcome).increment(1);
}

fn from_now(wait: Option<Duration>) -> Option<Instant> {
    wait.map(|wait| Instant::now() + wait)
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
