//! Where the products come from: the sample, a file or a database, read at the start and again
//! whenever it changes.

mod reload;
mod stamp;

use std::fs::File;
use std::io;
use std::path::Path;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use tokio::sync::oneshot;

use crate::catalogue::Catalogue;
use crate::config::{Feed, FeedSource};
use crate::feed::sql::SqlFeedError;
use crate::feed::{
    self, FeedError, Format, Loaded, MappingError, MappingReport, MappingTable, Report, SlugMapping,
};

pub use reload::Reloader;
use stamp::Stamp;

/// Where the products come from, and how each finds the marketplace's name for it.
#[derive(Debug, Clone)]
pub struct Source {
    feed: Feed,
    /// Of times without an offset.
    zone: Tz,
}

/// What was read.
#[derive(Debug)]
pub struct Read {
    /// The products.
    pub catalogue: Catalogue,
    /// What became of each row.
    pub report: Report,
    /// The format of the feed, if it is one.
    pub format: Option<Format>,
    /// What became of the rows of the mapping file, if there is one.
    pub mapping: Option<MappingReport>,
    files: Option<Vec<Stamp>>,
}

/// Why a source cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The feed cannot be used.
    #[error("the feed {path} cannot be used")]
    Feed {
        /// The feed's file.
        path: String,
        /// Why.
        #[source]
        source: FeedError,
    },
    /// The mapping file cannot be used.
    #[error("the mapping file {path} cannot be used")]
    Mapping {
        /// The mapping file.
        path: String,
        /// Why.
        #[source]
        source: MappingError,
    },
    /// The database gave no products.
    #[error("the SQL feed cannot be used")]
    Sql(#[from] SqlFeedError),
    /// The sample is broken, which a test rules out.
    #[error("the sample catalogue is broken")]
    Sample(#[source] FeedError),
    /// Somebody wrote the file while it was read.
    #[error("the feed {path} changed while it was read")]
    Changed {
        /// The feed's file.
        path: String,
    },
    /// No thread could be started to read it.
    #[error("no thread could be started to read the feed")]
    Thread(#[source] io::Error),
    /// The thread that reads panicked.
    #[error("reading the feed failed within this program; please report it")]
    Panicked,
}

impl Source {
    /// The source that the section `[feed]` of the configuration names. `zone` is the shop's.
    #[must_use]
    pub fn new(feed: Feed, zone: Tz) -> Self {
        Self { feed, zone }
    }

    /// Reads everything, in the background of the runtime. `progress` is told the rows read so far
    /// and the bytes they took (0 for a database). `now` is the time reading begins.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn read(
        &self,
        now: DateTime<Utc>,
        mut progress: impl FnMut(u64, u64) + Send + 'static,
    ) -> Result<Read, SourceError> {
        let files = self.stamp();
        let source = self.clone();
        let (slugs, mapping) = in_background(move || source.mapping()).await?;
        let zone = self.zone;
        let Loaded { catalogue, report, format } = match &self.feed.source {
            FeedSource::Sample => feed::load(feed::SAMPLE.as_bytes(), None, &slugs, zone, progress)
                .map_err(SourceError::Sample)?,
            FeedSource::File { path, format } => {
                let (path, format) = (path.clone(), *format);
                in_background(move || read_file(&path, format, &slugs, zone, progress)).await?
            }
            FeedSource::Sql(sql) => {
                let (catalogue, report) =
                    sql.load(&slugs, zone, now, move |rows| progress(rows, 0)).await?;
                return Ok(Read { catalogue, report, format: None, mapping, files });
            }
        };
        Ok(Read { catalogue, report, format: Some(format), mapping, files })
    }

    /// Whether it is the embedded sample.
    #[must_use]
    pub fn is_sample(&self) -> bool {
        matches!(self.feed.source, FeedSource::Sample)
    }

    /// How large the feed is, in bytes, where that can be told.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        match &self.feed.source {
            FeedSource::File { path, .. } => path.metadata().ok().map(|file| file.len()),
            FeedSource::Sample | FeedSource::Sql(_) => None,
        }
    }

    fn mapping(&self) -> Result<(SlugMapping, Option<MappingReport>), SourceError> {
        let by_column = SlugMapping::by_column(&self.feed.slug_column);
        let Some(path) = &self.feed.mapping_file else { return Ok((by_column, None)) };
        let about = |source| SourceError::Mapping { path: path.display().to_string(), source };
        let file = File::open(path).map_err(|error| about(FeedError::from(error).into()))?;
        let (table, report) = MappingTable::read(file).map_err(about)?;
        Ok((by_column.with_table(table), Some(report)))
    }

    /// What tells that the files were written again; `None` while one of them is not there.
    fn stamp(&self) -> Option<Vec<Stamp>> {
        let feed = match &self.feed.source {
            FeedSource::File { path, .. } => Some(path),
            FeedSource::Sample | FeedSource::Sql(_) => None,
        };
        feed.into_iter()
            .chain(&self.feed.mapping_file)
            .map(|path| Stamp::new(&path.metadata().ok()?).ok())
            .collect()
    }
}

/// Runs `work` on a thread of its own, which ends with it. What a catalogue took of the allocator's
/// memory is then there for the next one: pooled threads would each keep a share of theirs.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    let (tell, told) = oneshot::channel();
    let thread = std::thread::Builder::new().name("feed".to_owned());
    thread
        .spawn(move || {
            // Nobody hears it when the agent is ending.
            let _ = tell.send(work());
        })
        .map_err(SourceError::Thread)?;
    told.await.map_err(|_| SourceError::Panicked)?
}

fn read_file(
    path: &Path,
    format: Option<Format>,
    slugs: &SlugMapping,
    zone: Tz,
    progress: impl FnMut(u64, u64),
) -> Result<Loaded, SourceError> {
    let about = |source| SourceError::Feed { path: path.display().to_string(), source };
    let io = |error: io::Error| about(FeedError::from(error));
    let file = File::open(path).map_err(io)?;
    // Of the file that is read: another may be put in its place meanwhile, which does it no harm.
    let stamp = || file.metadata().and_then(|file| Stamp::new(&file)).map_err(io);
    let before = stamp()?;
    let loaded = feed::load(&file, format, slugs, zone, progress).map_err(about)?;
    if stamp()? != before {
        return Err(SourceError::Changed { path: path.display().to_string() });
    }
    let catalogue = loaded.catalogue.with_as_of(before.written_at());
    Ok(Loaded { catalogue, ..loaded })
}
