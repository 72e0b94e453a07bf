//! The product feed of the Agentic Commerce Protocol: a JSON object a line.
//!
//! It has two shapes (<https://developers.openai.com/commerce/specs/feed>): a product with its
//! `variants`, prices in minor units, and a flat one, whose values are written as in a Google
//! Merchant feed.

mod object;

use std::borrow::Cow;
use std::io::Read;

use super::error::FeedError;
use super::intake::{Intake, Terms};
use super::lines::Lines;
use super::row::{Column, Fault, Field, Names, OURS, Row};
use super::{Progress, value};
use crate::catalogue::Availability;
use object::{Object, array, string};
use rfq_sdk::Usd;

const FLAT: &[Column] = &[
    Column::new(Field::Id, &["id", "item_id"]),
    Column::new(Field::Title, &["title"]),
    Column::new(Field::Price, &["price"]),
    Column::new(Field::SalePrice, &["sale_price"]),
    Column::new(Field::SaleDates, &["sale_price_effective_date"]),
    Column::new(Field::SaleFrom, &["sale_price_start_date"]),
    Column::new(Field::SaleUntil, &["sale_price_end_date"]),
    Column::new(Field::Availability, &["availability"]),
    Column::new(Field::Quantity, &["inventory_quantity", "quantity"]),
    Column::new(Field::Brand, &["brand"]),
    Column::new(Field::Gtin, &["gtin"]),
    Column::new(Field::Mpn, &["mpn"]),
    Column::new(Field::Weight, &["shipping_weight", "weight"]),
    Column::new(Field::WeightUnit, &["item_weight_unit"]),
];

const VARIANT: &[Column] = &[
    Column::new(Field::Id, &["id"]),
    Column::new(Field::Title, &["title"]),
    Column::new(Field::Price, &["list_price"]),
    Column::new(Field::SalePrice, &["price"]),
    Column::new(Field::Availability, &["availability"]),
    Column::new(Field::Quantity, &["inventory_quantity", "quantity"]),
    Column::new(Field::Brand, &["brand"]),
    Column::new(Field::Gtin, &["barcodes", "gtin"]),
    Column::new(Field::Mpn, &["mpn"]),
    Column::new(Field::Weight, &["shipping_weight", "weight"]),
];

/// Reads every product of a feed.
pub(super) fn read(
    source: impl Read,
    slug_key: &str,
    intake: &mut Intake<'_>,
    progress: &mut Progress<impl FnMut(u64, u64)>,
) -> Result<(), FeedError> {
    let names = |columns: &'static [Column]| Names::of(columns.iter().chain(OURS), slug_key);
    let reading = Reading { flat: names(FLAT), variant: names(VARIANT), slug_key };
    let mut lines = Lines::of(source);
    while let Some(line) = lines.next()? {
        let number = line.number;
        if line.is_too_long {
            intake.reject(number, "", Fault::row("longer than 1 MiB"));
        } else if !line.text.trim_ascii().is_empty() {
            let json = std::str::from_utf8(&line.text)
                .map_err(|_| "not UTF-8 text".to_owned())
                .and_then(|text| Object::parse(text).map_err(|error| not_json(&error)));
            match json {
                Ok(product) => reading.product(number, &product, intake),
                Err(_) if !line.is_ended => return Err(FeedError::CutOff { line: number }),
                Err(reason) => {
                    let value = super::report::shown(&String::from_utf8_lossy(&line.text)).into();
                    intake.reject(number, "", Fault { value, ..Fault::row(reason) });
                }
            }
        }
        progress.tell(intake.read(), lines.bytes());
    }
    progress.end(intake.read(), lines.bytes());
    Ok(())
}

fn not_json(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Data => {
            "the line is no JSON object; expected a whole product in each line".to_owned()
        }
        _ => format!(
            "the line is no JSON from its byte {} on; expected a whole product in each line",
            error.column()
        ),
    }
}

/// What the keys are called.
struct Reading<'s> {
    flat: Names,
    variant: Names,
    slug_key: &'s str,
}

impl Reading<'_> {
    fn product(&self, line: u64, product: &Object<'_>, intake: &mut Intake<'_>) {
        let Some(variants) = product.get("variants") else {
            // The first line may say which feed it is.
            let is_header = line == 1
                && product.has("feed_id")
                && !product.has("id")
                && !product.has("item_id");
            if !is_header {
                let row = self.row(&self.flat, FLAT, product);
                intake.take(line, &row, flat_terms);
            }
            return;
        };
        let id = product.text("id");
        let fault = |reason: &str| Fault {
            field: "variants".into(),
            value: super::report::shown(variants).into(),
            reason: reason.into(),
        };
        let expected = "expected an array of at least one variant";
        let variants = array(variants).filter(|variants| !variants.is_empty());
        let Some(variants) = variants else { return intake.reject(line, &id, fault(expected)) };
        for variant in variants {
            match Object::parse(variant.get()) {
                Ok(variant) => {
                    let mut row = self.row(&self.variant, VARIANT, &variant);
                    for (field, key) in [(Field::Title, "title"), (Field::Brand, "brand")] {
                        row.fill(field, &product.text(key));
                    }
                    intake.take(line, &row, variant_terms);
                }
                Err(_) => intake.reject(line, &id, fault("expected each variant to be an object")),
            }
        }
    }

    fn row<'r>(&self, names: &'r Names, columns: &[Column], object: &Object<'r>) -> Row<'r> {
        let mut row = Row::new(names);
        for column in columns.iter().chain(OURS) {
            let mut keys = column.names.iter().enumerate();
            if let Some((place, key)) = keys.find(|(_, key)| object.get(key).is_some()) {
                row.set(column.field, object.text(key));
                if place > 0 {
                    row.rename(column.field, key);
                }
            }
        }
        row.set(Field::Slug, object.text(self.slug_key));
        let gtin = barcode(row.text(Field::Gtin)).map(Cow::into_owned);
        if let Some(gtin) = gtin {
            row.set(Field::Gtin, Cow::Owned(gtin));
        }
        if let Some(shipping) = list(row.text(Field::Shipping)) {
            row.set(Field::Shipping, Cow::Owned(shipping));
        }
        row
    }
}

fn flat_terms(row: &Row<'_>) -> Result<Terms, Fault> {
    Ok(Terms {
        regular: row.read(Field::Price, money)?,
        regular_field: Field::Price,
        sale: row.read_any(Field::SalePrice, money)?,
        sale_field: Field::SalePrice,
        availability: row.read(Field::Availability, availability)?,
        is_sold: true,
        shares_stock: false,
        on_hand: row.read_any(Field::Quantity, value::units)?,
        weight_milligrams: weight(row)?,
    })
}

fn variant_terms(row: &Row<'_>) -> Result<Terms, Fault> {
    let price = row.read(Field::SalePrice, money)?;
    let list = row.read_any(Field::Price, money)?.filter(|list| *list > price);
    Ok(Terms {
        regular: list.unwrap_or(price),
        regular_field: Field::SalePrice,
        sale: list.map(|_| price),
        sale_field: Field::SalePrice,
        availability: row.read(Field::Availability, availability)?,
        is_sold: true,
        shares_stock: false,
        on_hand: row.read_any(Field::Quantity, value::units)?,
        weight_milligrams: weight(row)?,
    })
}

/// `79.99 USD`, or an object of an `amount` in minor units and its `currency`.
fn money(text: &str) -> Result<Usd, String> {
    if text.starts_with(|first: char| first.is_ascii_digit()) && !text.contains(char::is_whitespace)
    {
        // A bare number could be dollars as well as cents.
        let expected = r#"expected an amount and its currency, such as "169.99 USD", or {"amount":16999,"currency":"USD"}, in cents"#;
        return Err(expected.to_owned());
    }
    if !text.starts_with('{') {
        return value::with_currency(text);
    }
    let price = Object::parse(text).map_err(|error| error.to_string())?;
    value::minor_units(price.get("amount").unwrap_or_default(), &price.text("currency"))
}

/// `in_stock`, or an object of whether it is `available` and in what `status`.
fn availability(text: &str) -> Result<Availability, String> {
    let (available, status) = if text.starts_with('{') {
        let object = Object::parse(text).map_err(|error| error.to_string())?;
        (object.text("available"), object.text("status"))
    } else {
        (Cow::Borrowed(""), Cow::Borrowed(text))
    };
    match (available.as_ref(), status.as_ref()) {
        ("false", _)
        | ("true" | "", "out_of_stock" | "discontinued" | "preorder" | "pre_order" | "backorder") => {
            Ok(Availability::OutOfStock)
        }
        // What states there are may grow.
        ("true", _) | ("", "in_stock" | "limited_stock") => Ok(Availability::InStock),
        _ => value::availability(&status),
    }
}

fn weight(row: &Row<'_>) -> Result<Option<u64>, Fault> {
    let unit = row.text(Field::WeightUnit);
    let weight = row.read_any(Field::Weight, |text| {
        let has_unit = unit.is_empty() || text.ends_with(|last: char| last.is_ascii_alphabetic());
        if has_unit {
            value::milligrams(text)
        } else {
            value::milligrams(&format!("{text} {unit}"))
        }
    });
    weight.map(Option::flatten)
}

/// The first GTIN of an array of barcodes.
fn barcode(barcodes: &str) -> Option<Cow<'_, str>> {
    let barcodes = barcodes.starts_with('[').then(|| array(barcodes))??;
    let gtins = barcodes.into_iter().filter_map(|barcode| {
        let barcode = Object::parse(barcode.get()).ok()?;
        let kind = barcode.text("type").to_ascii_uppercase();
        let is_gtin =
            ["GTIN", "UPC", "EAN", "ISBN", "JAN"].iter().any(|gtin| kind.starts_with(gtin));
        is_gtin.then(|| barcode.text("value"))
    });
    gtins.into_iter().next()
}

/// An array of strings, as one with commas between them.
fn list(text: &str) -> Option<String> {
    let parts = text.starts_with('[').then(|| array(text))??;
    let parts: Option<Vec<_>> = parts.iter().map(|part| string(part.get())).collect();
    parts.map(|parts| parts.join(","))
}
