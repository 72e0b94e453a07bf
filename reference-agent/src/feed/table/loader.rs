//! Products that come as rows of values, as a query of a database gives them.

use chrono_tz::Tz;

use super::header::is_found;
use super::{GOOGLE_COLUMNS, Header, Separator, SlugColumn};
use crate::catalogue::{Availability, Catalogue};
use crate::feed::error::FeedError;
use crate::feed::intake::{Intake, Terms};
use crate::feed::lines::MOST_BYTES;
use crate::feed::mapping::SlugMapping;
use crate::feed::report::Report;
use crate::feed::row::{Column, Fault, Field, OURS, Row};
use crate::feed::value;

/// Takes in products as rows of values, in columns named as in a Google Merchant feed, and our own.
///
/// Prices may be bare numbers, which are US dollars. Without a column `availability`, what has a
/// `quantity` above 0 is in stock. An empty value is none.
#[derive(Debug)]
pub struct TableLoader<'m> {
    header: Header,
    intake: Intake<'m>,
}

/// The columns of a Google Merchant feed, though availability may be told by the quantity.
fn known_columns() -> impl Iterator<Item = &'static Column> {
    const AVAILABILITY: &Column = &Column::new(Field::Availability, &["availability"]);
    let others = GOOGLE_COLUMNS.iter().filter(|column| column.field != Field::Availability);
    others.chain([AVAILABILITY])
}

/// Whether a column of this name is read.
pub(in crate::feed) fn is_read(column: &str, slug_column: &str) -> bool {
    let names = known_columns().chain(OURS).flat_map(|column| column.names).copied();
    is_found(column, names.chain([slug_column]))
}

impl<'m> TableLoader<'m> {
    /// A loader for rows with these columns. Times and days without an offset are those of `zone`.
    ///
    /// # Errors
    /// [`FeedError::MissingColumn`] and [`FeedError::RepeatedColumn`].
    pub fn new(columns: &[&str], slugs: &'m SlugMapping, zone: Tz) -> Result<Self, FeedError> {
        let labels: Vec<String> = columns.iter().map(|&label| label.to_owned()).collect();
        let header = Header::find(&labels, Separator::Comma, known_columns(), slugs.column())?;
        SlugColumn { name: slugs.column(), is_needed: !slugs.has_table() }.check(&header)?;
        if !header.has(Field::Availability) && !header.has(Field::Quantity) {
            return Err(FeedError::MissingColumn {
                column: "availability".into(),
                hint: "it holds in_stock or out_of_stock; or add quantity, the units on hand",
            });
        }
        Ok(Self { header, intake: Intake::new(slugs, zone) })
    }

    /// Takes in row `number`, whose values are in the order of the columns.
    pub fn row(&mut self, number: u64, values: &[&str]) {
        let row = match values.iter().map(|value| value.len()).sum::<usize>() {
            0..=MOST_BYTES => self.header.row(values),
            _ => Err(Fault::row("longer than 1 MiB")),
        };
        match row {
            Ok(row) => self.intake.take(number, &row, terms),
            Err(fault) => self.intake.reject(number, "", fault),
        }
    }

    /// The catalogue, and what became of the rows.
    ///
    /// # Errors
    /// [`FeedError`] when there is nothing to serve.
    pub fn finish(self) -> Result<(Catalogue, Report), FeedError> {
        self.intake.finish()
    }
}

fn terms(row: &Row<'_>) -> Result<Terms, Fault> {
    let has_column = !row.name(Field::Availability).is_empty();
    let availability = if has_column {
        row.read(Field::Availability, value::availability)?
    } else if row.has(Field::Quantity) {
        Availability::InStock
    } else {
        Availability::OutOfStock
    };
    Ok(Terms {
        regular: row.read(Field::Price, value::bare_or_with_currency)?,
        regular_field: Field::Price,
        sale: row.read_any(Field::SalePrice, value::bare_or_with_currency)?,
        sale_field: Field::SalePrice,
        availability,
        is_sold: true,
        shares_stock: false,
        on_hand: row.read_any(Field::Quantity, value::stock)?,
        weight_milligrams: row.read_any(Field::Weight, value::milligrams)?.flatten(),
    })
}
