//! Where the products come from: the sample, a file or a database, read at the start and again
//! whenever it changes.

mod reading_log;
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

pub use reading_log::{ReadingLog, keep_list};
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
    /// The files that were read: the feed, then the mapping, as far as there are any.
    files: Vec<Stamp>,
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
    /// Somebody wrote a file while it was read.
    #[error("{path} changed while it was read")]
    Changed {
        /// The file of the feed or of the mapping.
        path: String,
    },
    /// No thread could be started to read it.
    #[error("no thread could be started to read the feed")]
    Thread(#[source] io::Error),
    /// The thread that reads panicked.
    #[error("reading the feed failed within this program; please report it")]
    Panicked,
}

impl SourceError {
    fn of_feed(path: &Path, source: FeedError) -> Self {
        Self::Feed { path: path.display().to_string(), source }
    }

    fn of_mapping(path: &Path, source: MappingError) -> Self {
        Self::Mapping { path: path.display().to_string(), source }
    }

    /// Whether it may pass although no file changes: the system could not read, for now.
    fn may_pass(&self) -> bool {
        match self {
            Self::Feed { source, .. }
            | Self::Mapping { source: MappingError::Table(source), .. } => {
                matches!(source, FeedError::Io(_))
            }
            Self::Thread(_) => true,
            Self::Mapping { .. }
            | Self::Sql(_)
            | Self::Sample(_)
            | Self::Changed { .. }
            | Self::Panicked => false,
        }
    }
}

/// A feed has lost more of its products than it may at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "it has {after} products where there were {before}; more than {percent} percent may not go \
     missing at once (feed.max_shrink_percent)"
)]
pub struct Shrunk {
    before: usize,
    after: usize,
    percent: u8,
}

impl Source {
    /// The source that the section `[feed]` of the configuration names. `zone` is the shop's.
    #[must_use]
    pub fn new(feed: Feed, zone: Tz) -> Self {
        Self { feed, zone }
    }

    /// Reads everything, in the background of the runtime. `progress` is told the rows read so far
    /// and the bytes they took (0 for a database). `now` is the time reading begins; stock is as it was
    /// when the file was written, or now if it bears a time to come.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn read(
        &self,
        now: DateTime<Utc>,
        mut progress: impl FnMut(u64, u64) + Send + 'static,
    ) -> Result<Read, SourceError> {
        let source = self.clone();
        let (slugs, mapping, mut files) = in_background(move || source.mapping()).await?;
        let zone = self.zone;
        let Loaded { catalogue, report, format } = match &self.feed.source {
            FeedSource::Sample => feed::load(feed::SAMPLE.as_bytes(), None, &slugs, zone, progress)
                .map_err(SourceError::Sample)?,
            FeedSource::File { path, format } => {
                let (path, format) = (path.clone(), *format);
                let (mut loaded, stamp) =
                    in_background(move || read_feed(&path, format, &slugs, zone, progress)).await?;
                files.insert(0, stamp);
                // A file that bears a time to come would hide what is sold until then.
                loaded.catalogue = loaded.catalogue.with_as_of(stamp.written_at().min(now));
                loaded
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

    /// Whether a feed of `after` products may take the place of one of `before`.
    ///
    /// # Errors
    /// [`Shrunk`] when it has lost more than `feed.max_shrink_percent` of them.
    pub fn check_size(&self, before: usize, after: usize) -> Result<(), Shrunk> {
        let percent = self.feed.max_shrink.get();
        if after * 100 < before * usize::from(100 - percent) {
            return Err(Shrunk { before, after, percent });
        }
        Ok(())
    }

    /// How large the feed is, in bytes, where that can be told.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        match &self.feed.source {
            FeedSource::File { path, .. } => path.metadata().ok().map(|file| file.len()),
            FeedSource::Sample | FeedSource::Sql(_) => None,
        }
    }

    fn mapping(&self) -> Result<(SlugMapping, Option<MappingReport>, Vec<Stamp>), SourceError> {
        let by_column = SlugMapping::by_column(&self.feed.slug_column);
        let Some(path) = &self.feed.mapping_file else { return Ok((by_column, None, Vec::new())) };
        let about = |source: MappingError| SourceError::of_mapping(path, source);
        let ((table, report), stamp) = read_whole(path, |file| MappingTable::read(file), about)?;
        Ok((by_column.with_table(table), Some(report), vec![stamp]))
    }

    /// The files as they are now.
    async fn files(&self) -> Result<Vec<Stamp>, SourceError> {
        let source = self.clone();
        in_background(move || source.stamps()).await
    }

    fn stamps(&self) -> Result<Vec<Stamp>, SourceError> {
        let stamp = |path: &Path| -> Result<Stamp, FeedError> {
            Ok(path.metadata().and_then(|file| Stamp::new(&file))?)
        };
        let mut stamps = Vec::new();
        if let FeedSource::File { path, .. } = &self.feed.source {
            stamps.push(stamp(path).map_err(|source| SourceError::of_feed(path, source))?);
        }
        if let Some(path) = &self.feed.mapping_file {
            let about = |source: FeedError| SourceError::of_mapping(path, source.into());
            stamps.push(stamp(path).map_err(about)?);
        }
        Ok(stamps)
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

fn read_feed(
    path: &Path,
    format: Option<Format>,
    slugs: &SlugMapping,
    zone: Tz,
    progress: impl FnMut(u64, u64),
) -> Result<(Loaded, Stamp), SourceError> {
    let about = |source: FeedError| SourceError::of_feed(path, source);
    read_whole(path, |file| feed::load(file, format, slugs, zone, progress), about)
}

/// Reads the file with `read`, and tells which it was. One that is written meanwhile is refused,
/// since half of what was read may be old; another put in its place does no harm.
fn read_whole<T, E: From<FeedError>>(
    path: &Path,
    read: impl FnOnce(&File) -> Result<T, E>,
    about: impl Fn(E) -> SourceError,
) -> Result<(T, Stamp), SourceError> {
    let io = |error: io::Error| about(FeedError::from(error).into());
    let file = File::open(path).map_err(io)?;
    let stamp = || file.metadata().and_then(|file| Stamp::new(&file)).map_err(io);
    let before = stamp()?;
    let read = read(&file);
    if stamp()? != before {
        return Err(SourceError::Changed { path: path.display().to_string() });
    }
    Ok((read.map_err(about)?, before))
}
