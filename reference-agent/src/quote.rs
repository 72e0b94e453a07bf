//! From a product and a request to a price: a pure function of both and the time.

use chrono::{DateTime, Datelike as _, NaiveDate, Utc, Weekday};
use rfq_sdk::{DeclineReason, Rfq, Usd};

use crate::catalogue::{Days, Product};
use crate::shipping::{Rate, Served};

/// What a request costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// For the whole quantity.
    pub price: Usd,
    /// For the whole quantity, without any sale.
    pub list_price: Usd,
    /// For the whole order; `None` is unknown.
    pub shipping_cost: Option<Usd>,
    /// Business days until delivery, at the most: a date asked for is declined only if not even the
    /// fewest days keep it. `None` is unknown.
    pub shipping_days: Option<u16>,
}

/// Quotes `product` to `rfq` at `now`.
///
/// Of the rates for the region that arrive in time, the cheapest is taken, and of those the
/// fastest. A rate of unknown duration counts as in time as long as the date asked for is not past.
///
/// # Errors
/// The reason to decline: out of stock, a region not served, or a date that cannot be kept.
pub fn quote(product: &Product, rfq: &Rfq, now: DateTime<Utc>) -> Result<Quote, DeclineReason> {
    let quantity = rfq.quantity().get();
    if !product.has(quantity) {
        return Err(DeclineReason::OutOfStock);
    }
    if rfq.deliver_by().is_some_and(|by| by < now) {
        return Err(DeclineReason::TooLateToDeliver);
    }
    let rate = match rfq.region().map(|region| product.shipping.serve(region)) {
        None | Some(Served::Unknown) => None,
        Some(Served::No) => return Err(DeclineReason::RegionNotServed),
        Some(Served::By(rates)) => {
            let in_time = rates.into_iter().filter(|rate| arrives(rate, product, rfq, now));
            let best = in_time.min_by_key(|rate| (rate.price, most_days(rate, product)));
            Some(best.ok_or(DeclineReason::TooLateToDeliver)?)
        }
    };
    let total = |unit: Usd| unit.checked_mul(quantity).ok_or(DeclineReason::Failed);
    Ok(Quote {
        price: total(product.unit_price(now))?,
        list_price: total(product.regular_price)?,
        shipping_cost: rate.map(|rate| rate.price),
        shipping_days: rate.and_then(|rate| rate.days(product.handling)).map(|days| days.max),
    })
}

/// The most days, unknown last.
fn most_days(rate: &Rate, product: &Product) -> u16 {
    rate.days(product.handling).map_or(u16::MAX, |days| days.max)
}

fn arrives(rate: &Rate, product: &Product, rfq: &Rfq, now: DateTime<Utc>) -> bool {
    match (rfq.deliver_by(), rate.days(product.handling)) {
        (Some(by), Some(Days { min, .. })) => {
            business_days_after(now.date_naive(), min).is_some_and(|day| day <= by.date_naive())
        }
        (None, _) | (_, None) => true,
    }
}

/// The day so many business days (Monday to Friday) after `start`; `None` beyond the calendar.
fn business_days_after(start: NaiveDate, days: u16) -> Option<NaiveDate> {
    let is_business_day = |day: &NaiveDate| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    match days.checked_sub(1) {
        None => Some(start),
        Some(index) => start.iter_days().skip(1).filter(is_business_day).nth(usize::from(index)),
    }
}
