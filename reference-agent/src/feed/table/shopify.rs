//! Shopify's product CSV, with the names of its columns from before and after they changed.

use super::Dialect;
use crate::catalogue::Availability;
use crate::feed::intake::Terms;
use crate::feed::row::{Column, Fault, Field, Row};
use crate::feed::value::{self, Unit};

/// Shopify's product CSV: a row a variant. What variants have in common stands in the first row of a
/// handle; rows below it may also hold just a picture.
#[derive(Debug, Default)]
pub(in crate::feed) struct Shopify {
    handle: String,
    /// What stands in the first row of the handle.
    shared: [String; SHARED.len()],
}

const SHARED: [Field; 4] = [Field::Title, Field::Brand, Field::Status, Field::Published];

impl Dialect for Shopify {
    const COLUMNS: &'static [Column] = &[
        Column::needed(Field::Group, &["Handle", "URL handle"], "it names the product"),
        Column::new(Field::Title, &["Title"]),
        Column::new(Field::Id, &["Variant SKU", "SKU"]),
        Column::needed(
            Field::Price,
            &["Variant Price", "Price"],
            "it holds the price of one unit, such as 169.99",
        ),
        Column::new(Field::CompareAt, &["Variant Compare At Price", "Compare-at price"]),
        Column::new(Field::Tracker, &["Variant Inventory Tracker", "Inventory tracker"]),
        Column::new(Field::Quantity, &["Variant Inventory Qty", "Inventory quantity"]),
        Column::new(
            Field::Backorders,
            &["Variant Inventory Policy", "Continue selling when out of stock"],
        ),
        Column::new(Field::Weight, &["Variant Grams", "Weight value (grams)"]),
        Column::new(Field::Brand, &["Vendor"]),
        Column::new(Field::Gtin, &["Variant Barcode", "Barcode"]),
        Column::new(Field::Mpn, &["Google Shopping / MPN", "mpn"]),
        Column::new(Field::Status, &["Status"]),
        Column::new(Field::Published, &["Published", "Published on online store"]),
    ];

    fn admit(&mut self, row: &mut Row<'_>) -> Result<bool, Fault> {
        let handle = row.text(Field::Group);
        if handle == self.handle && !handle.is_empty() {
            for (field, text) in SHARED.into_iter().zip(&self.shared) {
                row.fill(field, text);
            }
        } else {
            self.handle = handle.to_owned();
            self.shared = SHARED.map(|field| row.text(field).to_owned());
        }
        let is_variant = row.has(Field::Price) || row.has(Field::Id) || row.has(Field::Slug);
        let handle = row.text(Field::Group).to_owned();
        row.fill(Field::Id, &handle);
        Ok(is_variant)
    }

    fn terms(row: &Row<'_>) -> Result<Terms, Fault> {
        let price = row.read(Field::Price, value::bare_or_with_currency)?;
        let compare_at = row.read_any(Field::CompareAt, value::bare_or_with_currency)?;
        // What is compared at is the regular price, unless it is lower, when it means nothing.
        let regular = compare_at.filter(|regular| *regular > price);
        let is_on_sale = row.read(Field::Status, is_active)?
            && row.read(Field::Published, |text| flag(text, true))?;
        Ok(Terms {
            regular: regular.unwrap_or(price),
            regular_field: Field::Price,
            sale: regular.map(|_| price),
            sale_field: Field::Price,
            availability: if is_on_sale { Availability::InStock } else { Availability::OutOfStock },
            is_sold: is_on_sale,
            shares_stock: false,
            on_hand: on_hand(row)?,
            weight_milligrams: row
                .read_any(Field::Weight, |text| value::milligrams_in(Unit::Gram, text))?
                .flatten(),
        })
    }
}

/// `None` where nobody counts, or where more is sold than there is.
fn on_hand(row: &Row<'_>) -> Result<Option<u32>, Fault> {
    let quantity = row.read_any(Field::Quantity, value::stock)?;
    let sells_on =
        row.read(Field::Backorders, |text| match text.to_ascii_lowercase().as_str() {
            "continue" => Ok(true),
            "deny" => Ok(false),
            text => flag(text, false).map_err(|_| "expected deny or continue".to_owned()),
        })?;
    let is_tracked = row.has(Field::Tracker) || row.name(Field::Tracker).is_empty();
    Ok(quantity.filter(|_| is_tracked && !sells_on))
}

fn is_active(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "" | "active" | "unlisted" => Ok(true),
        "draft" | "archived" => Ok(false),
        _ => Err("expected active, draft, archived or unlisted".into()),
    }
}

fn flag(text: &str, otherwise: bool) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "" => Ok(otherwise),
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("expected TRUE or FALSE".into()),
    }
}
