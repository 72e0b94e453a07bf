//! Google Merchant product feeds.

use super::Dialect;
use crate::feed::intake::Terms;
use crate::feed::row::{Column, Fault, Field, Row};
use crate::feed::value;

/// The columns of a Google Merchant feed that are read.
pub(in crate::feed) const COLUMNS: &[Column] = &[
    Column::needed(Field::Id, &["id"], "it holds the shop's own name of the product, its SKU"),
    Column::new(Field::Title, &["title"]),
    Column::needed(Field::Price, &["price"], "it holds the price of one unit, such as 169.99 USD"),
    Column::new(Field::SalePrice, &["sale_price"]),
    Column::new(Field::SaleDates, &["sale_price_effective_date"]),
    Column::needed(Field::Availability, &["availability"], "it holds in_stock or out_of_stock"),
    Column::new(Field::Quantity, &["quantity"]),
    Column::new(Field::Brand, &["brand"]),
    Column::new(Field::Gtin, &["gtin"]),
    Column::new(Field::Mpn, &["mpn"]),
    Column::new(Field::Weight, &["shipping_weight"]),
];

/// A Google Merchant product feed.
#[derive(Debug)]
pub(in crate::feed) struct Google;

impl Dialect for Google {
    const COLUMNS: &'static [Column] = COLUMNS;

    fn terms(row: &Row<'_>) -> Result<Terms, Fault> {
        Ok(Terms {
            regular: row.read(Field::Price, value::with_currency)?,
            regular_field: Field::Price,
            sale: row.read_any(Field::SalePrice, value::with_currency)?,
            sale_field: Field::SalePrice,
            availability: row.read(Field::Availability, value::availability)?,
            is_sold: true,
            shares_stock: false,
            on_hand: row.read_any(Field::Quantity, value::units)?,
            weight_milligrams: row.read_any(Field::Weight, value::milligrams)?.flatten(),
        })
    }
}
