//! Google Merchant product feeds.

use super::Dialect;
use crate::feed::intake::Terms;
use crate::feed::row::{Column, Fault, Field, Row};
use crate::feed::value;
use crate::pricing::Sale;

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
            sale: sale(row, value::with_currency)?,
            sale_field: Field::SalePrice,
            availability: row.read(Field::Availability, value::availability)?,
            on_hand: row.read_any(Field::Quantity, value::units)?,
            weight_grams: row.read_any(Field::Weight, value::grams)?.flatten(),
        })
    }
}

/// A sale by its price and the interval in which it holds.
pub(in crate::feed) fn sale(
    row: &Row<'_>,
    money: fn(&str) -> Result<rfq_sdk::Usd, String>,
) -> Result<Option<Sale>, Fault> {
    let Some(price) = row.read_any(Field::SalePrice, money)? else { return Ok(None) };
    let dates = row.read_any(Field::SaleDates, value::interval)?;
    let from = row.read_any(Field::SaleFrom, value::beginning)?;
    let until = row.read_any(Field::SaleUntil, value::end)?;
    if from.zip(until).is_some_and(|(from, until)| until <= from) {
        return Err(row.fault(Field::SaleUntil, "it ends before it begins"));
    }
    Ok(Some(Sale {
        price,
        from: dates.map(|(from, _)| from).or(from),
        until: dates.map(|(_, until)| until).or(until),
    }))
}
