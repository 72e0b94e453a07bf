//! Google Merchant product feeds, tab-separated.

use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::Arc;

use csv::ByteRecord;
use rfq_sdk::{ProductSlug, SlugError};

use super::field;
use super::report::{Rejection, Report};
use crate::catalogue::{Catalogue, OrderQuantities, Product};
use crate::pricing::{Sale, UnitPrices};
use crate::shipping::ShippingTable;

/// Why a feed cannot be used at all. A row that cannot be used is in the [`Report`] instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeedError {
    /// The file cannot be read.
    #[error("it cannot be read; check the path and who may read it")]
    Io(#[from] io::Error),
    /// There is not even a header.
    #[error("it is empty; expected a header line of tab-separated column names")]
    Empty,
    /// UTF-16, as some spreadsheets save "Unicode text".
    #[error("it is UTF-16; save it as UTF-8")]
    Utf16,
    /// A column that every row needs is not in the header.
    #[error("it has no column {column:?}; add it: {hint}")]
    MissingColumn {
        /// The column.
        column: &'static str,
        /// What it should hold.
        hint: &'static str,
    },
    /// A column stands in the header twice.
    #[error("it has the column {column:?} twice; which of the two counts cannot be told")]
    RepeatedColumn {
        /// The column.
        column: &'static str,
    },
    /// Every row was rejected.
    #[error(
        "none of its {read} rows can be used; the first problem is in line {line}, {field}: {reason}"
    )]
    NoUsableRow {
        /// Rows read.
        read: u64,
        /// The line of the first rejection.
        line: u64,
        /// Its column.
        field: &'static str,
        /// Its reason.
        reason: String,
    },
    /// There is a header, and nothing under it.
    #[error("it has a header but no rows; check what exports it")]
    NoRows,
}

/// Where the columns stand that are read.
struct Columns([Option<usize>; COLUMNS.len()]);

const ID: usize = 0;
const TITLE: usize = 1;
const PRICE: usize = 2;
const SALE_PRICE: usize = 3;
const SALE_DATES: usize = 4;
const AVAILABILITY: usize = 5;
const QUANTITY: usize = 6;
const SHIPPING: usize = 7;
const MIN_HANDLING: usize = 8;
const MAX_HANDLING: usize = 9;
const SLUG: usize = 10;

/// The columns read; those with a hint are required.
const COLUMNS: [(&str, Option<&str>); 11] = [
    ("id", Some("it holds the shop's own name of the product, its SKU")),
    ("title", None),
    ("price", Some("it holds the price of one unit, such as 169.99 USD")),
    ("sale_price", None),
    ("sale_price_effective_date", None),
    ("availability", Some("it holds in_stock or out_of_stock")),
    ("quantity", None),
    ("shipping", None),
    ("min_handling_time", None),
    ("max_handling_time", None),
    (
        "product_slug",
        Some(
            "it holds the marketplace's name of the product, such as coffee-grinders/baratza-encore-esp",
        ),
    ),
];

/// Loads a feed. `progress` is told the rows and bytes read so far, every 1,000 rows.
///
/// A row that cannot be used is left out and reported, and loses no other. A value may stand in
/// double quotes, but cannot hold a tab or a line break.
///
/// # Errors
/// [`FeedError`] when there is nothing to serve.
pub fn load(
    feed: impl Read,
    mut progress: impl FnMut(u64, u64),
) -> Result<(Catalogue, Report), FeedError> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b'\t')
        // A quote left open must not swallow the rows behind it, so quotes are dealt with by value.
        .quoting(false)
        .flexible(true)
        .from_reader(feed);
    let header = reader.byte_headers().map_err(read_error)?;
    let columns = Columns::find(header)?;
    let mut loading = Loading::default();
    let mut row = ByteRecord::new();
    while reader.read_byte_record(&mut row).map_err(read_error)? {
        let line = row.position().map_or(0, csv::Position::line);
        loading.take(&columns, &row, line);
        if loading.report.read.is_multiple_of(1000) {
            progress(loading.report.read, reader.position().byte());
        }
    }
    progress(loading.report.read, reader.position().byte());
    loading.finish()
}

fn read_error(error: csv::Error) -> FeedError {
    FeedError::Io(error.into())
}

impl Columns {
    fn find(header: &ByteRecord) -> Result<Self, FeedError> {
        let first = header.get(0).unwrap_or_default();
        if first.starts_with(b"\xff\xfe") || first.starts_with(b"\xfe\xff") || first.contains(&0) {
            return Err(FeedError::Utf16);
        }
        if header.iter().all(<[u8]>::is_empty) {
            return Err(FeedError::Empty);
        }
        let names: Vec<String> = header
            .iter()
            .map(|name| {
                let name =
                    String::from_utf8_lossy(name.strip_prefix(b"\xef\xbb\xbf").unwrap_or(name));
                unquoted(name.trim()).to_ascii_lowercase().replace(' ', "_")
            })
            .collect();
        let mut places = [None; COLUMNS.len()];
        for (place, (column, required)) in places.iter_mut().zip(COLUMNS) {
            let mut found = names.iter().enumerate().filter(|(_, name)| *name == column);
            *place = found.next().map(|(index, _)| index);
            if found.next().is_some() {
                return Err(FeedError::RepeatedColumn { column });
            }
            if let (None, Some(hint)) = (*place, required) {
                return Err(FeedError::MissingColumn { column, hint });
            }
        }
        Ok(Self(places))
    }

    /// The values of a row in the order of [`COLUMNS`], empty where there is none.
    fn values<'r>(
        &self,
        row: &'r ByteRecord,
    ) -> Result<[&'r str; COLUMNS.len()], (&'static str, String)> {
        let mut values = [""; COLUMNS.len()];
        for ((value, place), (column, _)) in values.iter_mut().zip(self.0).zip(COLUMNS) {
            let bytes = place.and_then(|place| row.get(place)).unwrap_or_default();
            let text =
                std::str::from_utf8(bytes).map_err(|_| (column, "not UTF-8 text".to_owned()))?;
            *value = unquoted(text.trim());
        }
        Ok(values)
    }
}

/// The value inside double quotes, if it stands in them. Doubled quotes inside stay doubled: the
/// columns that are read have no use for quotes, and the title is only shown.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

#[derive(Default)]
struct Loading {
    catalogue: Catalogue,
    report: Report,
    /// Most products of a shop share a few tables.
    tables: HashMap<String, Arc<ShippingTable>>,
    lines: HashMap<ProductSlug, u64>,
}

impl Loading {
    fn take(&mut self, columns: &Columns, row: &ByteRecord, line: u64) {
        self.report.read += 1;
        let taken =
            columns.values(row).and_then(|values| self.product(&values)).and_then(|product| {
                let slug = product.slug.clone();
                self.catalogue.insert(product).map_err(|product| {
                    let first = self.lines.get(&product.slug).copied().unwrap_or_default();
                    ("product_slug", format!("{} stands in line {first} already", product.slug))
                })?;
                self.lines.insert(slug, line);
                Ok(())
            });
        match taken {
            Ok(()) => self.report.accepted += 1,
            Err((field, reason)) => self.report.rejected.push(Rejection { line, field, reason }),
        }
    }

    fn product(&mut self, row: &[&str; COLUMNS.len()]) -> Result<Product, (&'static str, String)> {
        if row[ID].is_empty() {
            return Err(at("id")("empty; expected the shop's own name of the product".into()));
        }
        let slug: ProductSlug =
            row[SLUG].parse().map_err(|error: SlugError| at("product_slug")(error.to_string()))?;
        let regular_price = field::price(row[PRICE]).map_err(at("price"))?;
        let prices = UnitPrices::new(regular_price, sale(row)?, Vec::new(), None)
            .map_err(|error| at("price")(error.to_string()))?;
        let on_hand = match row[QUANTITY] {
            "" => None,
            text => Some(field::number(text, "units").map_err(at("quantity"))?),
        };
        let min = field::day_count(row[MIN_HANDLING]).map_err(at("min_handling_time"))?;
        let max = field::day_count(row[MAX_HANDLING]).map_err(at("max_handling_time"))?;
        let handling = field::days(min, max).map_err(at("max_handling_time"))?;
        let title = if row[TITLE].is_empty() { slug.slug() } else { row[TITLE] };
        Ok(Product {
            id: row[ID].into(),
            title: title.into(),
            prices,
            quantities: OrderQuantities::ANY,
            availability: field::availability(row[AVAILABILITY]).map_err(at("availability"))?,
            on_hand,
            shipping: self.shipping(row[SHIPPING]).map_err(at("shipping"))?,
            handling,
            weight_grams: None,
            slug,
        })
    }

    fn shipping(&mut self, text: &str) -> Result<Arc<ShippingTable>, String> {
        if let Some(table) = self.tables.get(text) {
            return Ok(Arc::clone(table));
        }
        let table = Arc::new(field::shipping(text)?);
        self.tables.insert(text.to_owned(), Arc::clone(&table));
        Ok(table)
    }

    fn finish(self) -> Result<(Catalogue, Report), FeedError> {
        match self.report.rejected.first() {
            _ if self.report.accepted > 0 => Ok((self.catalogue, self.report)),
            None => Err(FeedError::NoRows),
            Some(Rejection { line, field, reason }) => Err(FeedError::NoUsableRow {
                read: self.report.read,
                line: *line,
                field,
                reason: reason.clone(),
            }),
        }
    }
}

/// Names the column in front of the reason.
fn at(column: &'static str) -> impl Fn(String) -> (&'static str, String) {
    move |reason| (column, reason)
}

/// A sale price that is not lower than the regular price is no sale, and the caller drops it.
fn sale(row: &[&str; COLUMNS.len()]) -> Result<Option<Sale>, (&'static str, String)> {
    if row[SALE_PRICE].is_empty() {
        return Ok(None);
    }
    let price = field::price(row[SALE_PRICE]).map_err(at("sale_price"))?;
    if price.cents() == 0 {
        return Err(("sale_price", "expected more than 0".into()));
    }
    let dates = match row[SALE_DATES] {
        "" => None,
        text => Some(field::interval(text).map_err(at("sale_price_effective_date"))?),
    };
    Ok(Some(Sale {
        price,
        from: dates.map(|(from, _)| from),
        until: dates.map(|(_, until)| until),
    }))
}
