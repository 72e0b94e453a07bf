//! What one unit costs.

use chrono::TimeDelta;
use insta::assert_snapshot;
use proptest::prelude::*;
use rfq_reference_agent::pricing::{PriceBreak, PriceError, Sale, UnitPrices};
use rfq_reference_agent::rules::Validity;
use rfq_sdk::Usd;

use super::asking::noon;
use super::quote::usd;

fn step(min_quantity: u32, unit_price: &str) -> PriceBreak {
    PriceBreak { min_quantity, unit_price: usd(unit_price) }
}

fn always(price: &str) -> Option<Sale> {
    Some(Sale { price: usd(price), from: None, until: None })
}

#[test]
fn the_lowest_of_regular_sale_and_break_counts_but_never_below_the_floor() {
    let breaks = || vec![step(10, "7.00"), step(5, "9.00")];
    let regular = || UnitPrices::new(usd("10.00"), None, breaks(), None).unwrap();
    let on_sale = || UnitPrices::new(usd("10.00"), always("8.00"), breaks(), None).unwrap();
    let floored =
        || UnitPrices::new(usd("10.00"), always("8.00"), breaks(), Some(usd("8.50"))).unwrap();
    let dear_sale = || UnitPrices::new(usd("10.00"), always("11.00"), vec![], None).unwrap();
    for (prices, quantity, each) in [
        (regular(), 1, "10.00"),
        (regular(), 4, "10.00"),
        (regular(), 5, "9.00"),
        (regular(), 9, "9.00"),
        (regular(), 10, "7.00"),
        (regular(), u32::MAX, "7.00"),
        (on_sale(), 1, "8.00"),
        (on_sale(), 5, "8.00"),
        (on_sale(), 10, "7.00"),
        (floored(), 1, "8.50"),
        (floored(), 5, "8.50"),
        (floored(), 10, "8.50"),
        (dear_sale(), 1, "10.00"),
    ] {
        assert_eq!(prices.each(quantity, noon()), usd(each), "{quantity} of {prices:?}");
    }
}

#[test]
fn a_price_lasts_as_long_as_the_sale_that_made_it() {
    let until = noon() + TimeDelta::hours(1);
    let sale = |price| Some(Sale { price: usd(price), from: None, until: Some(until) });
    let lasts = |sale, breaks, floor: Option<&str>, quantity| {
        let prices = UnitPrices::new(usd("10.00"), sale, breaks, floor.map(usd)).unwrap();
        prices.each_until(quantity, noon())
    };
    assert_eq!(lasts(sale("8.00"), vec![], None, 1), Some(until));
    assert_eq!(lasts(sale("8.00"), vec![], Some("9.00"), 1), Some(until), "the floor, by the sale");
    assert_eq!(lasts(sale("8.00"), vec![], Some("10.00"), 1), None, "the floor, with or without");
    assert_eq!(lasts(sale("8.00"), vec![step(2, "8.00")], None, 2), None, "the break is as low");
    assert_eq!(lasts(sale("8.00"), vec![step(2, "8.50")], None, 2), Some(until));
    assert_eq!(lasts(always("8.00"), vec![], None, 1), None, "a sale without end");
    assert_eq!(lasts(None, vec![], None, 1), None);
}

#[test]
fn prices_that_do_not_go_together_are_refused() {
    let refuse = |regular, sale, breaks, floor: Option<&str>| -> PriceError {
        UnitPrices::new(usd(regular), sale, breaks, floor.map(usd)).unwrap_err()
    };
    let refusals = [
        refuse("0.00", None, vec![], None),
        refuse("1.00", always("0.00"), vec![], None),
        refuse("1.00", None, vec![step(1, "0.50")], None),
        refuse("1.00", None, vec![step(5, "0.50"), step(5, "0.40")], None),
        refuse("1.00", None, vec![step(9, "0.60"), step(5, "0.50")], None),
        refuse("1.00", None, vec![step(5, "1.01")], None),
        refuse("1.00", None, vec![step(5, "0.00")], None),
        refuse("1.00", None, vec![], Some("1.01")),
    ];
    assert_snapshot!(refusals.map(|error| error.to_string()).join("\n"), @r#"
    expected more than 0
    expected more than 0
    a price break from 1 units; expected at least 2
    two price breaks from 5 units
    from 9 units each costs 0.60, more than when fewer are bought
    from 5 units each costs 1.01, more than when fewer are bought
    from 5 units each costs nothing; expected more than 0
    the lowest price 1.01 is above the regular price 1.00
    "#);
}

fn cents(least: u64) -> impl Strategy<Value = Usd> {
    (least..2000_u64).prop_map(|cents| Usd::from_cents(cents).unwrap())
}

/// A sale that may begin and end up to an hour from noon, or never.
fn any_sale() -> impl Strategy<Value = Sale> {
    let moment = || {
        let around = (-3600..3600_i64).prop_map(|seconds| noon() + TimeDelta::seconds(seconds));
        proptest::option::of(around)
    };
    (cents(1), moment(), moment()).prop_map(|(price, from, until)| Sale { price, from, until })
}

/// Prices that go together, of any kind.
pub(crate) fn any_prices() -> impl Strategy<Value = UnitPrices> {
    let breaks = proptest::collection::btree_map(2..50_u32, cents(1), 0..4);
    let parts =
        (cents(1), proptest::option::of(any_sale()), breaks, proptest::option::of(cents(0)));
    parts.prop_map(|(regular, sale, breaks, floor)| {
        // Larger quantities get lower prices.
        let mut falling: Vec<Usd> = breaks.values().map(|price| (*price).min(regular)).collect();
        falling.sort();
        let breaks = breaks.keys().zip(falling.iter().rev());
        let breaks = breaks
            .map(|(min_quantity, price)| PriceBreak {
                min_quantity: *min_quantity,
                unit_price: *price,
            })
            .collect();
        let floor = floor.map(|floor| floor.min(regular));
        UnitPrices::new(regular, sale, breaks, floor).unwrap()
    })
}

proptest! {
    #[test]
    fn a_price_stays_between_floor_and_regular_and_more_units_are_never_dearer(
        prices in any_prices(),
        few in 1..60_u32,
        more in 0..60_u32,
        seconds in -4000..4000_i64,
    ) {
        let now = noon() + TimeDelta::seconds(seconds);
        let each = prices.each(few, now);
        prop_assert!(prices.floor().is_none_or(|floor| floor <= each));
        prop_assert!(each <= prices.list());
        prop_assert!(prices.each(few + more, now) <= each);
        prop_assert!(each > Usd::ZERO);
    }

    #[test]
    fn a_price_can_be_had_for_a_while_and_not_after_its_end(
        prices in any_prices(),
        quantity in 1..60_u32,
        seconds in -4000..4000_i64,
    ) {
        let now = noon() + TimeDelta::seconds(seconds);
        if let Some(until) = prices.each_until(quantity, now) {
            prop_assert!(until > now + Validity::MIN);
            prop_assert!(prices.each(quantity, until) > prices.each(quantity, now));
            prop_assert_eq!(prices.each_until(quantity, until), None);
        }
    }

    #[test]
    fn any_prices_are_taken_or_refused(
        regular in cents(0),
        sale in proptest::option::of((cents(0), any::<bool>())),
        breaks in proptest::collection::vec((0..6_u32, cents(0)), 0..4),
        floor in proptest::option::of(cents(0)),
        quantity in any::<u32>(),
    ) {
        let sale = sale.map(|(price, ends)| Sale { price, from: None, until: ends.then(noon) });
        let breaks = breaks.into_iter().map(|(min_quantity, unit_price)| PriceBreak { min_quantity, unit_price });
        if let Ok(prices) = UnitPrices::new(regular, sale, breaks.collect(), floor) {
            let each = prices.each(quantity, noon());
            prop_assert!(Usd::ZERO < each && each <= regular && floor.is_none_or(|floor| floor <= each));
        }
    }
}
