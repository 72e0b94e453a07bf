//! Amounts of money, from their exact digits.

use rfq_sdk::{Usd, UsdError};

use crate::feed::report::shown;
use crate::pricing::PriceBreak;

/// `169.99 USD`.
pub(in crate::feed) fn with_currency(text: &str) -> Result<Usd, String> {
    let Some((amount, currency)) = text.rsplit_once(char::is_whitespace) else {
        let without = if text.starts_with('$') { " without the $" } else { "" };
        return Err(format!("expected an amount and its currency{without}, such as 169.99 USD"));
    };
    if amount.trim_end() == "USD" {
        return Err("expected the currency behind the amount, such as 169.99 USD".to_owned());
    }
    in_usd(currency)?;
    dollars(amount.trim_end(), "169.99 USD")
}

/// `169.99 USD`, or `169.99`, which is in US dollars.
pub(in crate::feed) fn bare_or_with_currency(text: &str) -> Result<Usd, String> {
    if text.contains(char::is_whitespace) { with_currency(text) } else { dollars(text, "169.99") }
}

/// A number of cents, in digits.
pub(in crate::feed) fn minor_units(amount: &str, currency: &str) -> Result<Usd, String> {
    in_usd(currency)?;
    let cents = amount.parse().map_err(|_| {
        "expected a whole number of cents in amount, such as 16999 for 169.99 USD".to_owned()
    })?;
    Usd::from_cents(cents).map_err(|error| error.to_string())
}

/// `10:9.50 USD,50:9.00 USD`: from so many units on, each costs so much. The currency may be left
/// out.
pub(in crate::feed) fn price_breaks(text: &str) -> Result<Vec<PriceBreak>, String> {
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    entries.map(price_break).collect()
}

fn price_break(entry: &str) -> Result<PriceBreak, String> {
    let about = |reason: &str| format!("\"{}\": {reason}", shown(entry));
    let (quantity, price) = entry.split_once(':').ok_or_else(|| {
        about("expected a quantity and the price of each unit, such as 10:9.50 USD")
    })?;
    let min_quantity = super::units(quantity.trim_end()).map_err(|reason| about(&reason))?;
    let unit_price = bare_or_with_currency(price.trim_start()).map_err(|reason| about(&reason))?;
    Ok(PriceBreak { min_quantity, unit_price })
}

fn in_usd(currency: &str) -> Result<(), String> {
    if currency == "USD" {
        return Ok(());
    }
    Err(format!("the currency is \"{}\", expected USD", shown(currency)))
}

/// `example` is what would have been right.
fn dollars(amount: &str, example: &str) -> Result<Usd, String> {
    if amount.starts_with('$') {
        return Err(format!("expected an amount without the $, such as {example}"));
    }
    if amount.contains(',') {
        return Err(format!("expected an amount without a comma, such as {example}"));
    }
    amount.parse().map_err(|error| match error {
        UsdError::NotANumber => format!("expected an amount in US dollars such as {example}"),
        error => error.to_string(),
    })
}
