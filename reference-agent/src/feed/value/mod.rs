//! The values of a feed, from text.

mod money;
mod shipping;
mod time;
mod weight;

pub(super) use money::{bare_or_with_currency, minor_units, price_breaks, with_currency};
pub(super) use shipping::{PARTS as SHIPPING_PARTS, narrower, rate_of, shipping};
pub(super) use time::{beginning, end, interval};
pub(super) use weight::{Unit, milligrams, milligrams_in};

use crate::catalogue::{Availability, Days};

/// `in_stock`, or the older `in stock`.
pub(super) fn availability(text: &str) -> Result<Availability, String> {
    match text.to_ascii_lowercase().replace(' ', "_").as_str() {
        "in_stock" => Ok(Availability::InStock),
        "out_of_stock" | "preorder" | "pre_order" | "backorder" => Ok(Availability::OutOfStock),
        _ => Err("expected in_stock, out_of_stock, preorder or backorder".into()),
    }
}

/// A whole number of units.
pub(super) fn units(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "expected a whole number of units".to_owned())
}

/// A whole number of units on hand. Shops that sell ahead count below zero; that is none.
pub(super) fn stock(text: &str) -> Result<u32, String> {
    let count = text.strip_prefix('-').unwrap_or(text);
    let units = units(count)?;
    Ok(if count.len() < text.len() { 0 } else { units })
}

/// A number of business days.
pub(super) fn day_count(text: &str) -> Result<u16, String> {
    const MOST: u16 = 365;
    let count = text.parse().ok().filter(|days| *days <= MOST);
    count.ok_or_else(|| format!("expected a whole number of business days, at most {MOST}"))
}

/// The fewest and the most days. With the most alone, the fewest are none; the fewest alone promise
/// nothing, and to count as unknown they would give way to what the shop says of all its products.
pub(super) fn days(min: Option<u16>, max: Option<u16>) -> Result<Option<Days>, String> {
    match (min, max) {
        (None, None) => Ok(None),
        (None, Some(max)) => Ok(Some(Days { min: 0, max })),
        (Some(_), None) => Err("the fewest days stand there without the most".into()),
        (Some(min), Some(max)) if min <= max => Ok(Some(Days { min, max })),
        (Some(_), Some(_)) => Err("the fewest days are more than the most".into()),
    }
}
