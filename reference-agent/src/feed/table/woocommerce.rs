//! `WooCommerce`'s product CSV.

use std::collections::HashMap;

use super::Dialect;
use crate::catalogue::Availability;
use crate::feed::intake::Terms;
use crate::feed::row::{Column, Fault, Field, Row};
use crate::feed::value::{self, Unit};

/// `WooCommerce`'s product CSV: a row a product or a variation of one. What a variation leaves to its
/// parent stands in the parent's row, above it.
#[derive(Debug, Default)]
pub(in crate::feed) struct WooCommerce {
    parents: HashMap<Box<str>, Parent>,
}

#[derive(Debug, Clone)]
struct Parent {
    /// In the order of [`LEFT_TO_PARENT`].
    shared: [Box<str>; LEFT_TO_PARENT.len()],
    stock: Box<str>,
    published: Box<str>,
}

/// In place of a number of units.
const OF_PARENT: &str = "parent";

const LEFT_TO_PARENT: [Field; 4] = [Field::Title, Field::Weight, Field::Brand, Field::Mpn];

impl Dialect for WooCommerce {
    const COLUMNS: &'static [Column] = &[
        Column::new(Field::Number, &["ID"]),
        Column::new(Field::Kind, &["Type"]),
        Column::needed(Field::Id, &["SKU"], "it holds the shop's own name of the product"),
        Column::new(Field::Title, &["Name"]),
        Column::new(Field::Published, &["Published"]),
        Column::new(Field::Group, &["Parent"]),
        Column::needed(Field::Availability, &["In stock?"], "it holds 1 or 0"),
        Column::new(Field::Quantity, &["Stock"]),
        Column::needed(
            Field::Price,
            &["Regular price"],
            "it holds the price of one unit, such as 169.99",
        ),
        Column::new(Field::SalePrice, &["Sale price"]),
        Column::new(Field::SaleFrom, &["Date sale price starts"]),
        Column::new(Field::SaleUntil, &["Date sale price ends"]),
        Column::new(Field::Weight, &["Weight (kg)", "Weight (lbs)", "Weight (g)", "Weight (oz)"]),
        Column::new(Field::Gtin, &["GTIN, UPC, EAN, or ISBN", "GTIN"]),
        Column::new(Field::Brand, &["Brands", "Brand"]),
        Column::new(Field::Mpn, &["MPN"]),
    ];

    fn admit(&mut self, row: &mut Row<'_>) -> Result<bool, Fault> {
        row.edit(without_apostrophe);
        // `simple, virtual` is a simple one.
        let kind = row.text(Field::Kind).split(',').next().unwrap_or_default();
        match kind.trim().to_ascii_lowercase().as_str() {
            "variable" => {
                self.keep(row);
                return Ok(false);
            }
            // Sold elsewhere, or not by itself.
            "external" | "grouped" => return Ok(false),
            "variation" => self.complete(row)?,
            _ => {}
        }
        if let Some(number) = number(row) {
            row.fill(Field::Id, &number);
        }
        Ok(true)
    }

    fn terms(row: &Row<'_>) -> Result<Terms, Fault> {
        let is_published = row.read(Field::Published, published)?;
        let is_in_stock = row.read(Field::Availability, |text| match text {
            "1" => Ok(true),
            "0" | "backorder" => Ok(false),
            _ => Err("expected 1, 0 or backorder".into()),
        })?;
        Ok(Terms {
            regular: row.read(Field::Price, value::bare_or_with_currency)?,
            regular_field: Field::Price,
            sale: row.read_any(Field::SalePrice, value::bare_or_with_currency)?,
            sale_field: Field::SalePrice,
            availability: if is_published && is_in_stock {
                Availability::InStock
            } else {
                Availability::OutOfStock
            },
            is_sold: is_published,
            shares_stock: row.text(Field::Tracker) == OF_PARENT,
            on_hand: row.read_any(Field::Quantity, value::stock)?,
            weight_milligrams: row.read_any(Field::Weight, |text| weight(row, text))?.flatten(),
        })
    }
}

impl WooCommerce {
    fn keep(&mut self, row: &Row<'_>) {
        let parent = Parent {
            shared: LEFT_TO_PARENT.map(|field| row.text(field).into()),
            stock: row.text(Field::Quantity).into(),
            published: row.text(Field::Published).into(),
        };
        // Variations name it by either.
        if let Some(number) = number(row) {
            self.parents.insert(number.into(), parent.clone());
        }
        if row.has(Field::Id) {
            self.parents.insert(row.text(Field::Id).into(), parent);
        }
    }

    fn complete(&self, row: &mut Row<'_>) -> Result<(), Fault> {
        if !row.has(Field::Group) {
            // The parent may be a draft, or sold out.
            let reason = "empty; expected the SKU of the variation's parent, or its ID as in id:12";
            return Err(row.fault(Field::Group, reason));
        }
        let Some(parent) = self.parents.get(row.text(Field::Group)) else {
            let reason = "there is no such variable product in the rows above; export it with its \
                          variations, as it says whether they are published";
            return Err(row.fault(Field::Group, reason));
        };
        for (field, text) in LEFT_TO_PARENT.into_iter().zip(&parent.shared) {
            row.fill(field, text);
        }
        if row.text(Field::Quantity) == OF_PARENT {
            row.set(Field::Tracker, OF_PARENT.into());
            row.set(Field::Quantity, parent.stock.to_string().into());
        }
        if published(&parent.published) == Ok(false) {
            row.set(Field::Published, parent.published.to_string().into());
        }
        Ok(())
    }
}

/// As variations name their parent.
fn number(row: &Row<'_>) -> Option<String> {
    row.has(Field::Number).then(|| format!("id:{}", row.text(Field::Number)))
}

/// `WooCommerce` puts one before whatever a spreadsheet would take for a formula.
fn without_apostrophe(text: &str) -> Option<&str> {
    text.strip_prefix('\'').filter(|rest| rest.starts_with(['=', '+', '-', '@']))
}

fn published(text: &str) -> Result<bool, String> {
    match text {
        "" | "1" => Ok(true),
        // Private, or a draft.
        "0" | "-1" => Ok(false),
        _ => Err("expected 1, 0 or -1".into()),
    }
}

/// In the unit that the label of the column names.
fn weight(row: &Row<'_>, text: &str) -> Result<Option<u64>, String> {
    let label = row.name(Field::Weight);
    let unit = label.trim_end_matches(')').rsplit('(').next().and_then(Unit::named);
    value::milligrams_in(unit.unwrap_or(Unit::Kilogram), text)
}
