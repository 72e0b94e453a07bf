//! Products that come as rows of values, as a query of a database gives them.

use chrono_tz::Tz;

use super::{Header, Separator, SlugColumn};
use crate::catalogue::{Availability, Catalogue};
use crate::feed::error::FeedError;
use crate::feed::intake::{Intake, Terms};
use crate::feed::mapping::SlugMapping;
use crate::feed::report::Report;
use crate::feed::row::{Column, Fault, Field, Row};
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

const COLUMNS: &[Column] = &[
    Column::needed(Field::Id, &["id"], "it holds the shop's own name of the product, its SKU"),
    Column::new(Field::Title, &["title"]),
    Column::needed(Field::Price, &["price"], "it holds the price of one unit, such as 169.99"),
    Column::new(Field::SalePrice, &["sale_price"]),
    Column::new(Field::SaleDates, &["sale_price_effective_date"]),
    Column::new(Field::Availability, &["availability"]),
    Column::new(Field::Quantity, &["quantity"]),
    Column::new(Field::Brand, &["brand"]),
    Column::new(Field::Gtin, &["gtin"]),
    Column::new(Field::Mpn, &["mpn"]),
    Column::new(Field::Weight, &["shipping_weight"]),
];

impl<'m> TableLoader<'m> {
    /// A loader for rows with these columns. Times and days without an offset are those of `zone`.
    ///
    /// # Errors
    /// [`FeedError::MissingColumn`] and [`FeedError::RepeatedColumn`].
    pub fn new(columns: &[&str], slugs: &'m SlugMapping, zone: Tz) -> Result<Self, FeedError> {
        let labels: Vec<String> = columns.iter().map(|&label| label.to_owned()).collect();
        let header = Header::find(&labels, Separator::Comma, COLUMNS, slugs.column())?;
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
        match self.header.row(values) {
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
        on_hand: row.read_any(Field::Quantity, value::stock)?,
        weight_milligrams: row.read_any(Field::Weight, value::milligrams)?.flatten(),
    })
}
