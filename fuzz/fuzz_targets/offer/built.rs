//! An offer out of the builder, with anything for its inputs.

use arbitrary::{Arbitrary, Unstructured};
use chrono::{DateTime, TimeDelta, Utc};
use rfq_sdk::{Offer, Terms, Usd};
use uuid::Uuid;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    now_ms: i64,
    cents: u64,
    list: Option<u64>,
    shipping: Option<u64>,
    out_of_stock: bool,
    days: Option<u16>,
    id: Option<[u8; 16]>,
    /// Ends that many milliseconds from now, as a time or as a validity.
    ends: Option<(bool, i64)>,
    terms: Option<&'a str>,
    url: &'a str,
}

pub(crate) fn offer(data: &[u8]) -> Option<(Offer, DateTime<Utc>)> {
    let input = Input::arbitrary_take_rest(Unstructured::new(data)).ok()?;
    // A wide range of small amounts, and the rest.
    let usd = |cents: u64| Usd::from_cents(cents >> (cents % 64)).ok();
    let now = DateTime::from_timestamp_millis(input.now_ms % 8_000_000_000_000_000)?;
    let url = format!("https://shop.example/{}", input.url).parse().or_else(|_| input.url.parse());
    let mut builder = Offer::builder(usd(input.cents)?, url.ok()?);
    if let Some(list) = input.list {
        builder = builder.list_price(usd(list)?);
    }
    if let Some(shipping) = input.shipping {
        builder = builder.shipping_cost(usd(shipping)?);
    }
    if input.out_of_stock {
        builder = builder.out_of_stock();
    }
    if let Some(days) = input.days {
        builder = builder.shipping_days(days);
    }
    if let Some(id) = input.id {
        builder = builder.offer_id(Uuid::from_bytes(id));
    }
    if let Some((as_time, ms)) = input.ends {
        let validity = TimeDelta::try_milliseconds(ms >> (ms & 63))?;
        builder = match now.checked_add_signed(validity) {
            Some(at) if as_time => builder.expires_at(at),
            _ => builder.valid_for(validity),
        };
    }
    if let Some(terms) = input.terms {
        builder = builder.terms(terms.parse::<Terms>().ok()?);
    }
    builder.build(now).ok().map(|offer| (offer, now))
}
