//! From a product and a request to a price: a pure function of both, the rules and the time.

use chrono::{DateTime, NaiveDate, Utc};
use rfq_sdk::{DeclineReason, Usd};

use crate::ask::Ask;
use crate::catalogue::{Days, Product};
use crate::rules::{OutOfStock, Rules};
use crate::shipping::{Parcel, Way};

/// What a request costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// For the whole quantity.
    pub price: Usd,
    /// For the whole quantity at the regular price, when that is higher.
    pub list_price: Option<Usd>,
    /// Whether there are as many as asked for.
    pub in_stock: bool,
    /// For the whole order; `None` is unknown.
    pub shipping_cost: Option<Usd>,
    /// Business days until delivery, at the most and as the consumer counts them, Monday to Friday:
    /// later than a date asked for only where no way surely keeps it, and one perhaps does. `None` is
    /// unknown, as it is for goods that are not in stock.
    pub shipping_days: Option<u16>,
    /// Until when the price holds: at most the validity the rules give, and not beyond the sale that
    /// it is of.
    pub valid_until: DateTime<Utc>,
}

/// Quotes `product` to `ask` at `now` by the shop's `rules`, while `reserved` units of it are held for
/// others.
///
/// Of the ways to the region that may arrive in time, those that surely do come first; of these the
/// cheapest is taken, and of equals the fastest. Days that are unknown count as none for what may be,
/// so handling alone can be too late, and as too many for what is sure.
///
/// # Errors
/// The reason to decline: a quantity that is not sold, out of stock, a region not served, a parcel
/// beyond the last tier, or a date that cannot be kept; [`DeclineReason::Failed`] for sums and times that nobody can write.
pub fn quote(
    product: &Product,
    ask: &Ask,
    rules: &Rules,
    reserved: u32,
    now: DateTime<Utc>,
) -> Result<Quote, DeclineReason> {
    let quantity = ask.quantity.get();
    if !product.quantities.allow(quantity) {
        return Err(DeclineReason::QuantityNotSold);
    }
    let in_stock = product.available(reserved).is_none_or(|available| available >= quantity);
    if !in_stock && rules.offers.out_of_stock == OutOfStock::Decline {
        return Err(DeclineReason::OutOfStock);
    }
    let each = product.prices.each(quantity, now);
    let price = each.checked_mul(quantity).ok_or(DeclineReason::Failed)?;
    let list_price = product.prices.list().checked_mul(quantity);
    let delivery = Delivery { product, ask, rules, now };
    let way = delivery.best_way(price)?;
    if way.cost.is_some_and(|cost| price.checked_add(cost).is_none()) {
        return Err(DeclineReason::Failed);
    }
    let longest = now.checked_add_signed(rules.offers.validity.get());
    let longest = longest.ok_or(DeclineReason::Failed)?;
    let sale_ends = product.prices.each_until(quantity, now);
    Ok(Quote {
        price,
        list_price: list_price.filter(|list| *list > price),
        in_stock,
        shipping_cost: way.cost,
        shipping_days: if in_stock { delivery.days(&way) } else { None },
        valid_until: sale_ends.map_or(longest, |ends| ends.min(longest)),
    })
}

/// How an order is delivered.
struct Delivery<'a> {
    product: &'a Product,
    ask: &'a Ask,
    rules: &'a Rules,
    now: DateTime<Utc>,
}

impl Delivery<'_> {
    fn best_way(&self, goods: Usd) -> Result<Way, DeclineReason> {
        let ways = match &self.ask.region {
            None => vec![Way::UNKNOWN],
            Some(region) => {
                let grams = |milligrams: u64| {
                    milligrams.saturating_mul(self.ask.quantity.get().into()).div_ceil(1000)
                };
                let parcel = Parcel { goods, grams: self.product.weight_milligrams.map(grams) };
                self.rules.shipping.ways(&self.product.shipping, region, parcel)?
            }
        };
        let in_time = ways.into_iter().filter(|way| self.may_arrive_in_time(way));
        let best = in_time.min_by_key(|way| {
            (!self.surely_arrives_in_time(way), way.cost, self.most(way).unwrap_or(u16::MAX))
        });
        best.ok_or(DeclineReason::TooLateToDeliver)
    }

    fn surely_arrives_in_time(&self, way: &Way) -> bool {
        self.ask.deliver_by.is_none_or(|by| {
            let latest = self.latest(way);
            latest.is_some_and(|day| day <= self.rules.lead_time.date(by))
        })
    }

    /// What is unknown may take no time at all, so that only what surely comes too late is declined.
    fn may_arrive_in_time(&self, way: &Way) -> bool {
        let Some(by) = self.ask.deliver_by else {
            return true;
        };
        let least = |days: Option<Days>| days.map_or(0, |days| days.min);
        let least = least(self.handling(way)).saturating_add(least(way.transit));
        let calendar = &self.rules.lead_time;
        let earliest = calendar.arrival(self.now, least);
        self.now <= by && earliest.is_some_and(|day| day <= calendar.date(by))
    }

    fn days(&self, way: &Way) -> Option<u16> {
        self.rules.lead_time.weekdays_until(self.now, self.latest(way)?)
    }

    /// When it arrives at the latest; `None` when any part is unknown, or beyond the calendar.
    fn latest(&self, way: &Way) -> Option<NaiveDate> {
        self.rules.lead_time.arrival(self.now, self.most(way)?)
    }

    /// The most business days; `None` when any part is unknown.
    fn most(&self, way: &Way) -> Option<u16> {
        Some(self.handling(way)?.max.saturating_add(way.transit?.max))
    }

    fn handling(&self, way: &Way) -> Option<Days> {
        way.handling.or(self.product.handling).or(self.rules.lead_time.handling())
    }
}
