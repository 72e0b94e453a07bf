//! Product feeds into a [`Catalogue`].
//!
//! Whatever the [`Format`], each product becomes a row of text by field, and one intake takes these in
//! one by one, so that no product that is broken loses another.

mod acp;
mod error;
mod format;
mod intake;
mod lines;
mod mapping;
mod report;
mod row;
pub mod sql;
mod table;
mod value;
mod xml;

use std::io::{Cursor, Read};

use chrono_tz::Tz;
pub use error::FeedError;
pub use format::{Format, FormatError};
pub use mapping::{MappingError, MappingReport, MappingTable, SlugMapping};
pub use report::{LeftOut, Rejection, Report, Unmapped};
pub use table::TableLoader;

use crate::catalogue::Catalogue;
use intake::Intake;
use table::{Google, Separator, Shopify, SlugColumn, WooCommerce};

/// The catalogue that is served when no feed is named: some 40 products of an invented shop.
pub const SAMPLE: &str = include_str!("../../sample/catalogue.tsv");

/// What was made of a feed.
#[derive(Debug)]
pub struct Loaded {
    /// The products that can be served, at least one.
    pub catalogue: Catalogue,
    /// What became of every product.
    pub report: Report,
    /// The format it is in.
    pub format: Format,
}

/// Loads a feed in `format`, or in the one that its beginning tells. Times and days without an offset
/// are those of `zone`. `progress` is told the products
/// and the bytes read so far, every 1,000 products and at the end.
///
/// # Errors
/// [`FeedError`] when there is nothing to serve, and when the feed is cut off.
pub fn load(
    source: impl Read,
    format: Option<Format>,
    slugs: &SlugMapping,
    zone: Tz,
    progress: impl FnMut(u64, u64),
) -> Result<Loaded, FeedError> {
    let Head { source, head } = head(source)?;
    let format = match format {
        Some(format) => format,
        None => Format::detect(&head)?,
    };
    let mut intake = Intake::new(slugs, zone);
    let mut progress = Progress { told: 0, tell: progress };
    let column = SlugColumn { name: slugs.column(), is_needed: !slugs.has_table() };
    let (out, told) = (&mut intake, &mut progress);
    let (tab, comma) = (Separator::Tab, Separator::Comma);
    match format {
        Format::GoogleTsv => table::read(source, tab, Google, column, out, told),
        Format::GoogleCsv => table::read(source, comma, Google, column, out, told),
        Format::ShopifyCsv => table::read(source, comma, Shopify::default(), column, out, told),
        Format::WoocommerceCsv => {
            table::read(source, comma, WooCommerce::default(), column, out, told)
        }
        Format::GoogleXml => xml::read(source, slugs.column(), out, told),
        Format::AcpJsonl => acp::read(source, slugs.column(), out, told),
    }?;
    let (catalogue, report) = intake.finish()?;
    Ok(Loaded { catalogue, report, format })
}

/// Tells how far it is.
struct Progress<F> {
    told: u64,
    tell: F,
}

impl<F: FnMut(u64, u64)> Progress<F> {
    /// After each row or line, of which a few may be no products and one may be several.
    fn tell(&mut self, products: u64, bytes: u64) {
        if products / 1000 > self.told / 1000 {
            self.told = products;
            (self.tell)(products, bytes);
        }
    }

    fn end(&mut self, products: u64, bytes: u64) {
        (self.tell)(products, bytes);
    }
}

/// A file and its beginning, which is still in it.
struct Head<R> {
    source: R,
    head: Vec<u8>,
}

/// Reads as much of a file as may hold its header.
fn head<R: Read>(mut source: R) -> Result<Head<impl Read>, FeedError> {
    const BYTES: u64 = 64 * 1024;
    let mut head = Vec::new();
    source.by_ref().take(BYTES).read_to_end(&mut head)?;
    if head.starts_with(b"\xff\xfe")
        || head.starts_with(b"\xfe\xff")
        || head.iter().take(2).any(|byte| *byte == 0)
    {
        return Err(FeedError::Utf16);
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
    if text.trim_ascii().is_empty() {
        return Err(FeedError::Empty);
    }
    Ok(Head { source: Cursor::new(head.clone()).chain(source), head })
}
