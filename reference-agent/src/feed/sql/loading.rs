//! Rows on their way into a catalogue.

use chrono_tz::Tz;

use super::{SqlFeed, SqlFeedError};
use crate::catalogue::Catalogue;
use crate::feed::{FeedError, Report, SlugMapping, TableLoader};

/// Rows on their way into a catalogue.
pub(super) struct Loading<'m, P> {
    slugs: &'m SlugMapping,
    zone: Tz,
    progress: P,
    loader: Option<TableLoader<'m>>,
    rows: u64,
}

impl<'m, P: FnMut(u64)> Loading<'m, P> {
    pub(super) fn new(slugs: &'m SlugMapping, zone: Tz, progress: P) -> Self {
        Self { slugs, zone, progress, loader: None, rows: 0 }
    }

    /// The column that holds the marketplace's names.
    pub(super) fn slug_column(&self) -> &str {
        self.slugs.column()
    }

    /// Takes the next row, whose values stand under `columns`; these are looked at with the first.
    pub(super) fn row(&mut self, columns: &[&str], values: &[&str]) -> Result<(), SqlFeedError> {
        let loader = match &mut self.loader {
            Some(loader) => loader,
            none => {
                let loader = TableLoader::new(columns, self.slugs, self.zone);
                none.insert(loader.map_err(SqlFeedError::Rows)?)
            }
        };
        self.rows += 1;
        if self.rows > SqlFeed::MOST_ROWS {
            return Err(SqlFeedError::TooManyRows);
        }
        loader.row(self.rows, values);
        if self.rows.is_multiple_of(1000) {
            (self.progress)(self.rows);
        }
        Ok(())
    }

    /// What was read; `None` when there was no row.
    pub(super) fn finish(mut self) -> Result<Option<(Catalogue, Report)>, FeedError> {
        (self.progress)(self.rows);
        self.loader.map(TableLoader::finish).transpose()
    }
}
