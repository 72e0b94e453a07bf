//! The values of a Google Merchant feed.

use chrono::{DateTime, Utc};
use rfq_sdk::{Region, Usd, UsdError};

use crate::catalogue::{Availability, Days};
use crate::shipping::{Rate, ShippingTable};

/// `169.99 USD`.
pub(super) fn price(text: &str) -> Result<Usd, String> {
    let (amount, currency) =
        text.rsplit_once(' ').ok_or("expected an amount and its currency, such as 169.99 USD")?;
    if currency != "USD" {
        return Err(format!("the currency is {currency:?}, expected USD"));
    }
    amount.trim_end().parse().map_err(|error: UsdError| error.to_string())
}

/// `in_stock`, or the older `in stock`.
pub(super) fn availability(text: &str) -> Result<Availability, String> {
    match text.replace(' ', "_").as_str() {
        "in_stock" => Ok(Availability::InStock),
        "out_of_stock" | "preorder" | "backorder" => Ok(Availability::OutOfStock),
        _ => Err("expected in_stock, out_of_stock, preorder or backorder".into()),
    }
}

/// Two times with a stroke between them.
pub(super) fn interval(text: &str) -> Result<(DateTime<Utc>, DateTime<Utc>), String> {
    let expected = "expected two times with a stroke between them, such as \
                    2026-11-24T00:00+0000/2026-12-01T00:00+0000";
    let (from, until) = text.split_once('/').ok_or(expected)?;
    let time = |text| rfq_sdk::parse_time(text).ok_or(expected);
    let (from, until) = (time(from.trim())?, time(until.trim())?);
    if from < until { Ok((from, until)) } else { Err("it ends before it begins".into()) }
}

/// A whole number of `what`.
pub(super) fn number<T: std::str::FromStr>(text: &str, what: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("expected a whole number of {what}"))
}

/// A number of business days, or nothing.
pub(super) fn day_count(text: &str) -> Result<Option<u16>, String> {
    const MOST: u16 = 365;
    if text.is_empty() {
        return Ok(None);
    }
    let count = text.parse().ok().filter(|days| *days <= MOST);
    count
        .map(Some)
        .ok_or_else(|| format!("expected a whole number of business days, at most {MOST}"))
}

/// The fewest and the most days; with one of them alone, it is the most, and the fewest are none.
pub(super) fn days(min: Option<u16>, max: Option<u16>) -> Result<Option<Days>, String> {
    match (min, max) {
        (None, None) => Ok(None),
        (None, Some(max)) | (Some(max), None) => Ok(Some(Days { min: 0, max })),
        (Some(min), Some(max)) if min <= max => Ok(Some(Days { min, max })),
        (Some(_), Some(_)) => Err("the fewest days are more than the most".into()),
    }
}

/// `country:region:service:price`, with or without four numbers of days behind it; several
/// separated by commas.
pub(super) fn shipping(text: &str) -> Result<ShippingTable, String> {
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    entries.map(rate).collect::<Result<_, _>>().map(ShippingTable::new)
}

fn rate(entry: &str) -> Result<Rate, String> {
    let expected = || {
        format!("{entry:?}: expected country:region:service:price, such as US:CA:Ground:6.99 USD")
    };
    let parts: Vec<&str> = entry.split(':').map(str::trim).collect();
    let (country, state, cost, times) = match *parts.as_slice() {
        [country, state, _service, cost] => (country, state, cost, None),
        [country, state, _service, cost, a, b, c, d] => (country, state, cost, Some([a, b, c, d])),
        _ => return Err(expected()),
    };
    let about = |error: String| format!("{entry:?}: {error}");
    // A region stands in for a whole country, so that both are checked in one place.
    let checked: Region = format!("{}-{country}", if state.is_empty() { "X" } else { state })
        .parse()
        .map_err(|_| expected())?;
    let (handling, transit) = match times {
        None => (None, None),
        Some([a, b, c, d]) => {
            let between = |min, max| days(day_count(min)?, day_count(max)?);
            (between(a, b).map_err(about)?, between(c, d).map_err(about)?)
        }
    };
    Ok(Rate {
        country: checked.country().into(),
        state: (!state.is_empty()).then(|| checked.state().into()),
        price: price(cost).map_err(about)?,
        handling,
        transit,
    })
}
