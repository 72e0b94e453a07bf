//! What a request costs: examples of each rule, and what holds for all of them.

use std::sync::Arc;

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use proptest::prelude::*;
use rfq_reference_agent::ask::Ask;
use rfq_reference_agent::catalogue::{Availability, Days, OrderQuantities, Product};
use rfq_reference_agent::pricing::{Sale, UnitPrices};
use rfq_reference_agent::quote::{self, Quote};
use rfq_reference_agent::rules::Rules;
use rfq_reference_agent::shipping::{Rate, ShippingTable};
use rfq_sdk::{DeclineReason, Rfq, Usd};

use super::asking::{noon, rfq};

fn quote(product: &Product, rfq: &Rfq, now: DateTime<Utc>) -> Result<Quote, DeclineReason> {
    quote::quote(product, &Ask::from(rfq), &Rules::default(), 0, now)
}

fn usd(text: &str) -> Usd {
    text.parse().unwrap()
}

fn days(min: u16, max: u16) -> Option<Days> {
    Some(Days { min, max })
}

fn rate(state: Option<&str>, price: &str, transit: Option<Days>) -> Rate {
    let state = state.map(Into::into);
    Rate { country: "US".into(), state, price: usd(price), handling: None, transit }
}

fn product(rates: Vec<Rate>) -> Product {
    Product {
        slug: "a/b".parse().unwrap(),
        id: "1".into(),
        title: "B".into(),
        prices: UnitPrices::regular(usd("10.00")).unwrap(),
        quantities: OrderQuantities::ANY,
        availability: Availability::InStock,
        on_hand: Some(5),
        shipping: Arc::new(ShippingTable::new(rates)),
        handling: days(0, 1),
        weight_grams: None,
    }
}

fn ask(product: &Product, region: &str) -> Result<Quote, DeclineReason> {
    quote(product, &rfq("a/b", 2, Some(region), None), noon())
}

fn ask_by(product: &Product, deadline: &str) -> Result<Quote, DeclineReason> {
    quote(product, &rfq("a/b", 2, Some("CA-US"), Some(deadline)), noon())
}

#[test]
fn the_price_is_that_of_the_whole_quantity() {
    let quoted = quote(&product(vec![]), &rfq("a/b", 5, None, None), noon()).unwrap();
    assert_eq!((quoted.price, quoted.list_price), (usd("50.00"), usd("50.00")));
    assert_eq!((quoted.shipping_cost, quoted.shipping_days), (None, None), "no table, so unknown");
}

#[test]
fn stock_that_does_not_suffice_declines() {
    let none_left = Product { availability: Availability::OutOfStock, ..product(vec![]) };
    let uncounted = Product { on_hand: None, ..product(vec![]) };
    let six = rfq("a/b", 6, None, None);
    assert_eq!(quote(&product(vec![]), &six, noon()), Err(DeclineReason::OutOfStock));
    assert_eq!(
        quote(&none_left, &rfq("a/b", 1, None, None), noon()),
        Err(DeclineReason::OutOfStock)
    );
    assert!(quote(&uncounted, &six, noon()).is_ok());
}

#[test]
fn a_sale_holds_from_its_beginning_until_its_end() {
    let time = |text: &str| Some(text.parse::<DateTime<Utc>>().unwrap());
    let cases = [
        (None, None, "16.00"),
        (time("2026-06-01T12:00:00Z"), None, "16.00"),
        (time("2026-06-01T12:00:01Z"), None, "20.00"),
        (None, time("2026-06-01T12:00:01Z"), "16.00"),
        (None, time("2026-06-01T12:00:00Z"), "20.00"),
    ];
    for (from, until, price) in cases {
        let sale = Some(Sale { price: usd("8.00"), from, until });
        let prices = UnitPrices::new(usd("10.00"), sale, vec![], None).unwrap();
        let quoted = ask(&Product { prices, ..product(vec![]) }, "CA-US").unwrap();
        assert_eq!(quoted.price, usd(price), "{from:?} to {until:?}");
        assert_eq!(quoted.list_price, usd("20.00"));
    }
}

#[test]
fn a_state_counts_before_its_country_and_an_unserved_region_declines() {
    let product =
        product(vec![rate(None, "6.99", days(2, 4)), rate(Some("AK"), "19.99", days(5, 9))]);
    let california = ask(&product, "CA-US").unwrap();
    assert_eq!((california.shipping_cost, california.shipping_days), (Some(usd("6.99")), Some(5)));
    let alaska = ask(&product, "AK-US").unwrap();
    assert_eq!((alaska.shipping_cost, alaska.shipping_days), (Some(usd("19.99")), Some(10)));
    assert_eq!(ask(&product, "ON-CA"), Err(DeclineReason::RegionNotServed));
    let one_state = self::product(vec![rate(Some("NY"), "1.00", None)]);
    assert_eq!(ask(&one_state, "CA-US"), Err(DeclineReason::RegionNotServed));
    assert_eq!(ask(&one_state, "NY-US").unwrap().shipping_days, None, "transit is unknown");
}

#[test]
fn a_date_in_the_past_declines_even_when_nothing_is_known_of_delivery() {
    let past = ask_by(&product(vec![]), "2026-06-01T11:59:59Z");
    assert_eq!(past, Err(DeclineReason::TooLateToDeliver));
    assert!(ask_by(&product(vec![]), "2026-06-01T12:00:00Z").is_ok());
}

#[test]
fn the_cheapest_rate_that_arrives_in_time_is_taken() {
    let product = product(vec![rate(None, "0.00", days(5, 7)), rate(None, "9.99", days(1, 1))]);
    // Business days from Monday, June 1: one is Tuesday, five are Monday, June 8.
    assert_eq!(ask_by(&product, "2026-06-08T00:00:00Z").unwrap().shipping_cost, Some(usd("0.00")));
    assert_eq!(ask_by(&product, "2026-06-07T23:00:00Z").unwrap().shipping_cost, Some(usd("9.99")));
    assert_eq!(ask_by(&product, "2026-06-02T00:00:00Z").unwrap().shipping_cost, Some(usd("9.99")));
    assert_eq!(ask_by(&product, "2026-06-01T23:00:00Z"), Err(DeclineReason::TooLateToDeliver));
}

#[test]
fn handling_alone_can_be_too_late() {
    // Five business days from Monday, June 1, is Monday, June 8.
    for rates in [vec![rate(None, "5.00", None)], vec![]] {
        let slow = Product { handling: days(5, 9), ..product(rates) };
        let late = ask_by(&slow, "2026-06-07T23:00:00Z");
        assert_eq!(late, Err(DeclineReason::TooLateToDeliver));
        assert!(ask_by(&slow, "2026-06-08T00:00:00Z").is_ok());
    }
}

#[test]
fn of_rates_of_one_price_the_fastest_is_taken() {
    let product = product(vec![
        rate(None, "5.00", None),
        rate(None, "5.00", days(3, 6)),
        rate(None, "5.00", days(1, 2)),
    ]);
    assert_eq!(ask(&product, "CA-US").unwrap().shipping_days, Some(3));
}

#[test]
fn weekends_are_not_business_days() {
    let now = "2026-06-05T12:00:00Z".parse().unwrap(); // Friday
    let product = Product { handling: days(0, 0), ..product(vec![rate(None, "1.00", days(1, 1))]) };
    let by = |deadline| quote(&product, &rfq("a/b", 1, Some("CA-US"), Some(deadline)), now);
    assert_eq!(by("2026-06-07T23:00:00Z"), Err(DeclineReason::TooLateToDeliver));
    assert!(by("2026-06-08T00:00:00Z").is_ok(), "Monday");
}

#[test]
fn business_days_count_the_same_from_any_day_of_the_week() {
    // Deliveries of 0 to 12 business days from each day of one week, against a calendar.
    for weekday in 1..=7 {
        let now: DateTime<Utc> = format!("2026-06-0{weekday}T12:00:00Z").parse().unwrap();
        for count in 0..=12 {
            let mut arrival = now.date_naive();
            let mut left = count;
            while left > 0 {
                arrival = arrival.succ_opt().unwrap();
                // Monday to Friday are 0 to 4.
                left -= u16::from(arrival.weekday().num_days_from_monday() < 5);
            }
            let rates = vec![rate(None, "1.00", days(count, count))];
            let product = Product { handling: days(0, 0), ..product(rates) };
            let by = |day: NaiveDate| {
                let deadline = format!("{day}T23:59:59Z");
                quote(&product, &rfq("a/b", 1, Some("CA-US"), Some(&deadline)), now)
            };
            assert!(by(arrival).is_ok(), "{count} days from {now}");
            if count > 0 {
                let day_before = by(arrival.pred_opt().unwrap());
                assert_eq!(day_before, Err(DeclineReason::TooLateToDeliver), "{count} from {now}");
            }
        }
    }
}

#[test]
fn a_total_beyond_all_money_declines() {
    let dear = Product { prices: UnitPrices::regular(Usd::MAX).unwrap(), ..product(vec![]) };
    assert_eq!(ask(&dear, "CA-US"), Err(DeclineReason::Failed));
}

fn any_days() -> impl Strategy<Value = Option<Days>> {
    proptest::option::of(
        (0..30_u16, 0..30_u16).prop_map(|(min, more)| Days { min, max: min + more }),
    )
}

fn any_rate() -> impl Strategy<Value = Rate> {
    (any::<bool>(), 0..5000_u64, any_days(), any_days()).prop_map(
        |(state, cents, handling, transit)| Rate {
            country: "US".into(),
            state: state.then(|| "CA".into()),
            price: Usd::from_cents(cents).unwrap(),
            handling,
            transit,
        },
    )
}

proptest! {
    #[test]
    fn a_quote_is_the_units_and_one_of_the_rates(
        cents in 1..1_000_000_u64,
        off in 1..1_000_000_u64,
        quantity in 1..=1000_u32,
        rates in proptest::collection::vec(any_rate(), 0..6),
        handling in any_days(),
        deadline in proptest::option::of(0..60_i64),
    ) {
        let sale = (off < cents).then(|| Sale { price: Usd::from_cents(cents - off).unwrap(), from: None, until: None });
        let prices = UnitPrices::new(Usd::from_cents(cents).unwrap(), sale, vec![], None).unwrap();
        let product = Product {
            prices, on_hand: None, handling,
            ..product(rates.clone())
        };
        let deadline = deadline.map(|days| (noon() + chrono::TimeDelta::days(days)).to_rfc3339());
        let asked = rfq("a/b", quantity, Some("CA-US"), deadline.as_deref());
        match quote(&product, &asked, noon()) {
            Ok(quoted) => {
                prop_assert_eq!(quoted.price.cents(), product.prices.each(quantity, noon()).cents() * u64::from(quantity));
                prop_assert!(quoted.price <= quoted.list_price);
                match quoted.shipping_cost {
                    None => prop_assert!(rates.is_empty()),
                    Some(cost) => prop_assert!(rates.iter().any(|rate| rate.price == cost)),
                }
            }
            Err(reason) => {
                prop_assert_eq!(reason, DeclineReason::TooLateToDeliver);
                prop_assert!(deadline.is_some() && (!rates.is_empty() || handling.is_some()));
            }
        }
        // More time never makes it dearer.
        let whenever = rfq("a/b", quantity, Some("CA-US"), None);
        if let (Ok(soon), Ok(late)) = (quote(&product, &asked, noon()), quote(&product, &whenever, noon())) {
            prop_assert!(late.shipping_cost <= soon.shipping_cost);
        }
    }
}
