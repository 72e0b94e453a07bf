//! Where a product is sent and for how much, as Google's `shipping` says it.

use rfq_sdk::Region;

use super::{day_count, days, with_currency};
use crate::feed::report::shown;
use crate::shipping::{Rate, ShippingTable, is_country, is_turned_round};

/// What a rate may say, in the order in which it is written when it says it all.
pub(in crate::feed) const PARTS: [&str; 8] = [
    "country",
    "region",
    "service",
    "price",
    "min_handling_time",
    "max_handling_time",
    "min_transit_time",
    "max_transit_time",
];

/// Why a rate cannot be used that also has `part`. Without it the rate would be one for all of the
/// region, for less than sending costs there.
pub(in crate::feed) fn narrower(part: &str) -> String {
    format!(
        "it has the part {part:?}, but an RFQ names no more than country and region; expected rates \
         by these alone, or none here and zones in [shipping] of the configuration"
    )
}

/// A rate of [`PARTS`], as [`shipping`] reads it.
pub(in crate::feed) fn rate_of(parts: &[impl AsRef<str>; PARTS.len()]) -> String {
    let mut parts: Vec<&str> = parts.iter().map(|part| part.as_ref().trim()).collect();
    if parts.iter().skip(4).all(|part| part.is_empty()) {
        parts.truncate(4);
    }
    parts.join(":")
}

/// `country:region:service:price`, with or without four numbers of days behind it (handling and
/// transit, fewest and most of each), or `country:price`; several separated by commas. Region and
/// service may be empty; a region `*` is the whole country, too.
pub(in crate::feed) fn shipping(text: &str) -> Result<ShippingTable, String> {
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    entries.map(rate).collect::<Result<_, _>>().map(ShippingTable::new)
}

fn rate(entry: &str) -> Result<Rate, String> {
    let about = |reason: &str| format!("\"{}\": {reason}", shown(entry));
    let expected = || about("expected country:region:service:price, such as US:CA:Ground:6.99 USD");
    let parts: Vec<&str> = entry.split(':').map(str::trim).collect();
    let (country, state, cost, times) = match *parts.as_slice() {
        [country, cost] => (country, "", cost, None),
        [country, state, _service, cost] => (country, state, cost, None),
        [country, state, _service, cost, a, b, c, d] => (country, state, cost, Some([a, b, c, d])),
        _ => return Err(expected()),
    };
    let state = if state == "*" { "" } else { state };
    // A region stands in for a whole country, so that both are checked in one place.
    let checked: Region = format!("{}-{country}", if state.is_empty() { "X" } else { state })
        .parse()
        .map_err(|_| expected())?;
    if !state.is_empty() && is_turned_round(checked.state(), checked.country()) {
        let (state, country) = (checked.state(), checked.country());
        return Err(about(&format!("did you mean {state}:{country}? The country comes first")));
    }
    if !is_country(checked.country()) {
        let country = checked.country();
        return Err(about(&format!(
            "{country} is no country of ISO 3166; expected one such as GB"
        )));
    }
    let (handling, transit) = match times {
        None => (None, None),
        Some([a, b, c, d]) => {
            let count = |text: &str| match text {
                "" => Ok(None),
                text => day_count(text).map(Some),
            };
            let between = |min, max| days(count(min)?, count(max)?);
            let about = |reason: String| about(&reason);
            (between(a, b).map_err(about)?, between(c, d).map_err(about)?)
        }
    };
    Ok(Rate {
        country: checked.country().into(),
        state: (!state.is_empty()).then(|| checked.state().into()),
        price: with_currency(cost).map_err(|reason| about(&reason))?,
        handling,
        transit,
    })
}
