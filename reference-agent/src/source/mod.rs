//! Where the products come from: the sample, a file or a database, read at the start and again
//! whenever it changes.

mod reload;
mod stamp;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::feed::sql::{SqlFeed, SqlFeedError};
use crate::feed::{self, FeedError, Format, Loaded, MappingError, MappingReport, MappingTable, SlugMapping};

pub use reload::{ReloadOptions, Reloader};
use stamp::Stamp;

/// Where the products come from, and how each finds the marketplace's name for it.
#[derive(Debug, Clone)]
pub struct Source {
    /// What is read.
    pub kind: SourceKind,
    /// The column that holds the marketplace's name of a product.
    pub slug_column: String,
    /// A file that maps the shop's products to the marketplace's names.
    pub mapping_file: Option<PathBuf>,
}

/// What is read.
#[derive(Debug, Clone)]
pub enum SourceKind {
    /// The embedded sample catalogue.
    Sample,
    /// A product feed.
    File {
        /// Where it is.
        path: PathBuf,
        /// What it is; `None` is told from its content.
        format: Option<Format>,
    },
    /// The rows of a query.
    Sql(SqlFeed),
}

/// What was read.
#[derive(Debug)]
pub struct Read {
    /// The products and what became of each row.
    pub loaded: Loaded,
    /// What became of the rows of the mapping file, if there is one.
    pub mapping: Option<MappingReport>,
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
    /// The task that reads panicked.
    #[error("reading the feed failed within this program; please report it")]
    Panicked,
}

impl Source {
    /// What the sample is served from.
    #[must_use]
    pub fn sample() -> Self {
        let slug_column = SlugMapping::COLUMN.to_owned();
        Self { kind: SourceKind::Sample, slug_column, mapping_file: None }
    }

    /// Reads everything, in the background of the runtime. `progress` is told the rows read so far
    /// and the bytes they took (0 for a database). `now` is the time reading begins.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn read(
        &self,
        now: DateTime<Utc>,
        progress: impl FnMut(u64, u64) + Send + 'static,
    ) -> Result<Read, SourceError> {
        let source = self.clone();
        let mapped = in_background(move || source.mapping()).await?;
        let (slugs, mapping) = mapped;
        match &self.kind {
            SourceKind::Sample => {
                let loaded = feed::load(feed::SAMPLE.as_bytes(), None, &slugs, progress)
                    .map_err(SourceError::Sample)?;
                Ok(Read { loaded, mapping })
            }
            SourceKind::File { path, format } => {
                let (path, format) = (path.clone(), *format);
                let loaded =
                    in_background(move || read_file(&path, format, &slugs, progress)).await?;
                Ok(Read { loaded, mapping })
            }
            SourceKind::Sql(sql) => {
                let mut progress = progress;
                let loaded = sql.load(&slugs, now, move |rows| progress(rows, 0)).await?;
                Ok(Read { loaded, mapping })
            }
        }
    }

    /// How large the feed is, in bytes, where that can be told.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        match &self.kind {
            SourceKind::File { path, .. } => path.metadata().ok().map(|file| file.len()),
            SourceKind::Sample | SourceKind::Sql(_) => None,
        }
    }

    fn mapping(&self) -> Result<(SlugMapping, Option<MappingReport>), SourceError> {
        let by_column = SlugMapping::by_column(&self.slug_column);
        let Some(path) = &self.mapping_file else { return Ok((by_column, None)) };
        let about = |source| SourceError::Mapping { path: path.display().to_string(), source };
        let file = File::open(path).map_err(|error| about(error.into()))?;
        let (table, report) = MappingTable::read(file).map_err(about)?;
        Ok((by_column.with_table(table), Some(report)))
    }

    /// What tells that the files were written again; `None` while one of them is not there.
    fn stamp(&self) -> Option<Vec<Stamp>> {
        let feed = match &self.kind {
            SourceKind::File { path, .. } => Some(path),
            SourceKind::Sample | SourceKind::Sql(_) => None,
        };
        feed.into_iter().chain(&self.mapping_file).map(|path| Stamp::of(path).ok()).collect()
    }
}

async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| SourceError::Panicked)?
}

fn read_file(
    path: &Path,
    format: Option<Format>,
    slugs: &SlugMapping,
    progress: impl FnMut(u64, u64),
) -> Result<Loaded, SourceError> {
    let about = |source| SourceError::Feed { path: path.display().to_string(), source };
    let io = |error: io::Error| about(FeedError::from(error));
    let before = Stamp::of(path).map_err(io)?;
    let file = File::open(path).map_err(io)?;
    let loaded = feed::load(file, format, slugs, progress).map_err(about)?;
    if Stamp::of(path).map_err(io)? != before {
        return Err(SourceError::Changed { path: path.display().to_string() });
    }
    let catalogue = loaded.catalogue.with_as_of(before.written_at());
    Ok(Loaded { catalogue, ..loaded })
}
