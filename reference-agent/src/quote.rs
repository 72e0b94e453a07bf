//! From a product and a request to a price: a pure function of both and the time.

use chrono::{DateTime, Datelike as _, NaiveDate, Utc, Weekday};
use rfq_sdk::{DeclineReason, Usd};

use crate::ask::Ask;
use crate::catalogue::{Days, Product};
use crate::rules::Rules;
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

/// Quotes `product` to `ask` at `now` by the shop's `rules`, while `reserved` units of it are held for
/// others.
///
/// Of the rates for the region that arrive in time, the cheapest is taken, and of those the
/// fastest. Days that are unknown count as none, so handling alone can be too late.
///
/// # Errors
/// The reason to decline: out of stock, a region not served, or a date that cannot be kept.
pub fn quote(
    product: &Product,
    ask: &Ask,
    _rules: &Rules,
    reserved: u32,
    now: DateTime<Utc>,
) -> Result<Quote, DeclineReason> {
    let quantity = ask.quantity.get();
    if product.available(reserved).is_some_and(|available| available < quantity) {
        return Err(DeclineReason::OutOfStock);
    }
    if ask.deliver_by.is_some_and(|by| by < now) {
        return Err(DeclineReason::TooLateToDeliver);
    }
    let rate = match ask.region.as_ref().map(|region| product.shipping.serve(region)) {
        None | Some(Served::Unknown) if !arrives(None, product, ask, now) => {
            return Err(DeclineReason::TooLateToDeliver);
        }
        None | Some(Served::Unknown) => None,
        Some(Served::No) => return Err(DeclineReason::RegionNotServed),
        Some(Served::By(rates)) => {
            let in_time = rates.into_iter().filter(|rate| arrives(Some(rate), product, ask, now));
            let best = in_time.min_by_key(|rate| (rate.price, most_days(rate, product)));
            Some(best.ok_or(DeclineReason::TooLateToDeliver)?)
        }
    };
    let total = |unit: Usd| unit.checked_mul(quantity).ok_or(DeclineReason::Failed);
    Ok(Quote {
        price: total(product.prices.each(quantity, now))?,
        list_price: total(product.prices.list())?,
        shipping_cost: rate.map(|rate| rate.price),
        shipping_days: rate.and_then(|rate| rate.days(product.handling)).map(|days| days.max),
    })
}

/// The most days, unknown last.
fn most_days(rate: &Rate, product: &Product) -> u16 {
    rate.days(product.handling).map_or(u16::MAX, |days| days.max)
}

/// Whether it can arrive by the date asked for. What is unknown may take no time at all, so that only
/// what surely comes too late is declined.
fn arrives(rate: Option<&Rate>, product: &Product, ask: &Ask, now: DateTime<Utc>) -> bool {
    let least = |days: Option<Days>| days.map_or(0, |days| days.min);
    let handling = rate.and_then(|rate| rate.handling).or(product.handling);
    let transit = rate.and_then(|rate| rate.transit);
    let days = least(handling).saturating_add(least(transit));
    ask.deliver_by.is_none_or(|by| {
        business_days_after(now.date_naive(), days).is_some_and(|day| day <= by.date_naive())
    })
}

/// The day so many business days (Monday to Friday) after `start`; `None` beyond the calendar.
fn business_days_after(start: NaiveDate, days: u16) -> Option<NaiveDate> {
    let is_business_day = |day: &NaiveDate| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    match days.checked_sub(1) {
        None => Some(start),
        Some(index) => start.iter_days().skip(1).filter(is_business_day).nth(usize::from(index)),
    }
}
