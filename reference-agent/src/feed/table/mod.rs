//! Feeds that are tables: a header, then a product a row.

mod google;
mod header;
mod loader;
mod records;
mod shopify;
mod woocommerce;

use std::io::Read;

pub(super) use google::{COLUMNS as GOOGLE_COLUMNS, Google};
pub(super) use header::{Header, labels};
pub use loader::TableLoader;
pub(super) use loader::is_read;
pub(super) use records::{Record, Records, Separator};
pub(super) use shopify::Shopify;
pub(super) use woocommerce::WooCommerce;

use super::Progress;
use super::error::FeedError;
use super::intake::{Intake, Terms};
use super::row::{Column, Fault, Field, Row};

/// What a table of products means.
pub(super) trait Dialect {
    /// Its columns, besides our own.
    const COLUMNS: &'static [Column];

    /// Fills in what stands in other rows. `false` if the row is no product of its own.
    fn admit(&mut self, _row: &mut Row<'_>) -> Result<bool, Fault> {
        Ok(true)
    }

    /// The terms of a product.
    fn terms(row: &Row<'_>) -> Result<Terms, Fault>;
}

/// Reads the header of a table.
pub(super) fn read_labels<R: Read>(
    records: &mut Records<R>,
    separator: Separator,
) -> Result<Vec<String>, FeedError> {
    let mut record = Record::default();
    let taken = records.next(&mut record)?.ok_or(FeedError::Empty)?;
    match taken.broken {
        Some(reason) => Err(FeedError::Header { reason: reason.into() }),
        None => Ok(labels(&record, separator)),
    }
}

/// Reads every product of a table.
pub(super) fn read<D: Dialect>(
    source: impl Read,
    separator: Separator,
    mut dialect: D,
    slug_column: SlugColumn<'_>,
    intake: &mut Intake<'_>,
    progress: &mut Progress<impl FnMut(u64, u64)>,
) -> Result<(), FeedError> {
    let mut records = Records::of(source, separator);
    let labels = read_labels(&mut records, separator)?;
    let header = Header::find(&labels, separator, D::COLUMNS, slug_column.name)?;
    slug_column.check(&header)?;
    let mut record = Record::default();
    let mut last_is_short = false;
    let mut last_line = 1;
    while let Some(taken) = records.next(&mut record)? {
        let line = taken.line;
        (last_line, last_is_short) = (line, record.len() < header.width());
        if !taken.is_ended && (taken.broken.is_some() || last_is_short) {
            return Err(FeedError::CutOff { line });
        }
        let row = match taken.broken {
            Some(reason) => Err(Fault::row(reason)),
            None => header.row_of(&record),
        };
        let admitted = row.and_then(|mut row| Ok(dialect.admit(&mut row)?.then_some(row)));
        match admitted {
            Err(fault) => intake.reject(line, &header.id_of(&record), fault),
            Ok(Some(row)) => intake.take(line, &row, D::terms),
            Ok(None) => {}
        }
        progress.tell(intake.read(), records.bytes());
    }
    if records.is_open_at_end() && last_is_short {
        return Err(FeedError::CutOff { line: last_line });
    }
    progress.end(intake.read(), records.bytes());
    Ok(())
}

/// The column that holds the marketplace's name of each product.
#[derive(Debug, Clone, Copy)]
pub(super) struct SlugColumn<'s> {
    pub(super) name: &'s str,
    /// Whether nothing else can tell the name.
    pub(super) is_needed: bool,
}

impl SlugColumn<'_> {
    pub(super) fn check(self, header: &Header) -> Result<(), FeedError> {
        if !self.is_needed || header.has(Field::Slug) {
            return Ok(());
        }
        Err(FeedError::MissingColumn {
            column: self.name.into(),
            hint: "it holds the marketplace's name of the product, such as \
                   coffee-grinders/baratza-encore-esp; or name a mapping file",
        })
    }
}
