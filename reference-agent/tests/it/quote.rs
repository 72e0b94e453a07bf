//! What a request costs: examples of each rule. What holds for all of them is in
//! `quote_invariants`.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use insta::assert_snapshot;
use rfq_reference_agent::ask::Ask;
use rfq_reference_agent::catalogue::{
    Availability, Days, OrderQuantities, Product, QuantitiesError,
};
use rfq_reference_agent::config::Config;
use rfq_reference_agent::pricing::{PriceBreak, Sale, UnitPrices};
use rfq_reference_agent::quote::{self, Quote};
use rfq_reference_agent::rules::{OfferRules, Rules};
use rfq_reference_agent::shipping::{Rate, ShippingTable};
use rfq_sdk::{DeclineReason, Usd};

use super::asking::noon;

/// The rules that a configuration sets.
pub(crate) fn rules(toml: &str) -> Rules {
    let config: Result<Config, _> = toml::from_str(toml);
    config.map_err(|error| format!("{toml}\n{error}")).unwrap().rules()
}

/// Why a configuration is no set of rules, in one line.
pub(crate) fn refusal(toml: &str) -> String {
    let error = toml::from_str::<Config>(toml).unwrap_err();
    error.message().replace('\n', " ")
}

pub(crate) fn usd(text: &str) -> Usd {
    text.parse().unwrap()
}

pub(crate) fn days(min: u16, max: u16) -> Option<Days> {
    Some(Days { min, max })
}

pub(crate) fn rate(state: Option<&str>, price: &str, transit: Option<Days>) -> Rate {
    let state = state.map(Into::into);
    Rate { country: "US".into(), state, price: usd(price), handling: None, transit }
}

pub(crate) fn product(rates: Vec<Rate>) -> Product {
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
        weight_milligrams: None,
    }
}

/// A question for two units.
pub(crate) fn two(region: &str) -> Ask {
    Ask {
        product: "a/b".parse().unwrap(),
        quantity: rfq_sdk::Quantity::new(2).unwrap(),
        region: Some(region.parse().unwrap()),
        deliver_by: None,
    }
}

pub(crate) fn two_by(deadline: &str) -> Ask {
    Ask { deliver_by: Some(deadline.parse().unwrap()), ..two("CA-US") }
}

fn units(quantity: u32) -> Ask {
    Ask { quantity: rfq_sdk::Quantity::new(quantity).unwrap(), region: None, ..two("CA-US") }
}

/// What is answered at noon, without any rules of the shop.
pub(crate) fn quote(product: &Product, ask: &Ask) -> Result<Quote, DeclineReason> {
    quote::quote(product, ask, &Rules::default(), 0, noon())
}

#[test]
fn the_price_is_that_of_the_whole_quantity() {
    let quoted = quote(&product(vec![]), &units(5)).unwrap();
    assert_eq!((quoted.price, quoted.list_price), (usd("50.00"), None));
    assert_eq!((quoted.shipping_cost, quoted.shipping_days), (None, None), "no table, so unknown");
    assert!(quoted.in_stock);
    assert_eq!(quoted.valid_until, noon() + TimeDelta::minutes(1435));
}

#[test]
fn a_quantity_that_is_not_sold_declines() {
    let quantities = OrderQuantities::new(6, Some(24), 6).unwrap();
    let boxes = Product { quantities, on_hand: None, ..product(vec![]) };
    for quantity in [1, 5, 7, 25, 30] {
        let answer = quote(&boxes, &units(quantity));
        assert_eq!(answer, Err(DeclineReason::QuantityNotSold), "{quantity}");
    }
    for quantity in [6, 12, 24] {
        assert!(quote(&boxes, &units(quantity)).is_ok(), "{quantity}");
    }
    assert_eq!(DeclineReason::QuantityNotSold.name(), "quantity_not_sold");
}

#[test]
fn quantities_of_which_none_can_be_bought_are_refused() {
    let error = |min, max, increment| OrderQuantities::new(min, max, increment).err();
    let nothing = |min, max: Option<u32>, increment| {
        let max = max.unwrap_or(u32::MAX);
        Some(QuantitiesError::NothingBetween { min, max, increment })
    };
    assert_eq!(error(3, Some(4), 5), nothing(3, Some(4), 5));
    assert_eq!(error(u32::MAX, None, 2), nothing(u32::MAX, None, 2));
    assert_eq!(error(3, Some(5), 5), None);
    assert_eq!(error(5, Some(5), 5), None);
    assert_eq!(
        nothing(3, Some(4), 5).unwrap().to_string(),
        "no multiple of 5 lies between 3 and 4 units"
    );
}

#[test]
fn stock_that_does_not_suffice_declines() {
    let none_left = Product { availability: Availability::OutOfStock, ..product(vec![]) };
    let uncounted = Product { on_hand: None, ..product(vec![]) };
    assert_eq!(quote(&product(vec![]), &units(6)), Err(DeclineReason::OutOfStock));
    assert_eq!(quote(&none_left, &units(1)), Err(DeclineReason::OutOfStock));
    assert!(quote(&uncounted, &units(6)).is_ok());
}

#[test]
fn units_held_for_others_are_not_to_be_had() {
    let five = product(vec![]);
    let while_reserved =
        |reserved| quote::quote(&five, &units(3), &Rules::default(), reserved, noon());
    assert!(while_reserved(2).is_ok());
    assert_eq!(while_reserved(3), Err(DeclineReason::OutOfStock));
    assert_eq!(while_reserved(u32::MAX), Err(DeclineReason::OutOfStock));
}

#[test]
fn a_shop_may_offer_what_is_not_in_stock() {
    let offering = rules("[offers]\nout_of_stock = \"offer\"");
    let few = product(vec![rate(None, "6.99", days(2, 4))]);
    let quoted = |ask: &Ask| quote::quote(&few, ask, &offering, 4, noon());
    let offer = quoted(&two("CA-US")).unwrap();
    assert_eq!((offer.price, offer.shipping_cost), (usd("20.00"), Some(usd("6.99"))));
    assert!(!offer.in_stock);
    assert_eq!(offer.shipping_days, None, "nobody knows when it is there");
    assert_eq!(quoted(&two("ON-CA")), Err(DeclineReason::RegionNotServed));
    let at_once = two_by("2026-06-01T13:00:00Z");
    assert_eq!(quoted(&at_once), Err(DeclineReason::TooLateToDeliver));
    let enough = quote::quote(&few, &two("CA-US"), &offering, 3, noon()).unwrap();
    assert!(enough.in_stock);
    assert_eq!(enough.shipping_days, Some(5));
}

#[test]
fn a_sale_holds_from_its_beginning_until_shortly_before_its_end() {
    let time = |text: &str| Some(text.parse::<DateTime<Utc>>().unwrap());
    let longest = noon() + TimeDelta::minutes(1435);
    let cases = [
        (None, None, "16.00", longest),
        (time("2026-06-01T12:00:00Z"), None, "16.00", longest),
        (time("2026-06-01T12:00:01Z"), None, "20.00", longest),
        (None, time("2026-06-03T00:00:00Z"), "16.00", longest),
        (None, time("2026-06-01T18:00:00Z"), "16.00", noon() + TimeDelta::hours(6)),
        (None, time("2026-06-01T12:05:01Z"), "16.00", noon() + TimeDelta::seconds(301)),
        (None, time("2026-06-01T12:05:00Z"), "20.00", longest),
        (None, time("2026-06-01T12:00:00Z"), "20.00", longest),
    ];
    for (from, until, price, valid_until) in cases {
        let sale = Some(Sale { price: usd("8.00"), from, until });
        let prices = UnitPrices::new(usd("10.00"), sale, vec![], None).unwrap();
        let quoted = quote(&Product { prices, ..product(vec![]) }, &two("CA-US")).unwrap();
        assert_eq!(quoted.price, usd(price), "{from:?} to {until:?}");
        assert_eq!(quoted.list_price, (price == "16.00").then(|| usd("20.00")));
        assert_eq!(quoted.valid_until, valid_until, "{from:?} to {until:?}");
    }
}

#[test]
fn a_sale_that_does_not_make_the_price_ends_nothing() {
    let sale = Sale { price: usd("8.00"), from: None, until: Some(noon() + TimeDelta::hours(1)) };
    let step = PriceBreak { min_quantity: 2, unit_price: usd("8.00") };
    let prices = UnitPrices::new(usd("10.00"), Some(sale), vec![step], None).unwrap();
    let product = Product { prices, ..product(vec![]) };
    let of_sale = quote(&product, &units(1)).unwrap();
    assert_eq!(of_sale.valid_until, noon() + TimeDelta::hours(1));
    let of_break = quote(&product, &units(2)).unwrap();
    assert_eq!(of_break.price, usd("16.00"));
    assert_eq!(of_break.valid_until, noon() + TimeDelta::minutes(1435));
}

#[test]
fn the_validity_is_the_shop_s() {
    let brief = rules("[offers]\nvalid_minutes = 30");
    let quoted = quote::quote(&product(vec![]), &two("CA-US"), &brief, 0, noon()).unwrap();
    assert_eq!(quoted.valid_until, noon() + TimeDelta::minutes(30));
}

#[test]
fn a_date_in_the_past_declines_even_when_nothing_is_known_of_delivery() {
    let by = |deadline| quote(&product(vec![]), &two_by(deadline));
    assert_eq!(by("2026-06-01T11:59:59Z"), Err(DeclineReason::TooLateToDeliver));
    assert!(by("2026-06-01T12:00:00Z").is_ok());
}

#[test]
fn sums_beyond_all_money_decline() {
    let at = |price| Product {
        prices: UnitPrices::regular(price).unwrap(),
        ..product(vec![rate(None, "0.02", None)])
    };
    assert_eq!(quote(&at(Usd::MAX), &two("CA-US")), Err(DeclineReason::Failed), "the price");
    let half = Usd::from_cents(Usd::MAX.cents() / 2).unwrap();
    assert!(quote(&at(half), &units(2)).is_ok());
    assert_eq!(quote(&at(half), &two("CA-US")), Err(DeclineReason::Failed), "with its shipping");
    let dear = rules(&format!("[shipping.surcharges_usd]\nUS = {}", Usd::MAX));
    let surcharged = quote::quote(&at(usd("1.00")), &two("CA-US"), &dear, 0, noon());
    assert_eq!(surcharged, Err(DeclineReason::Failed));
}

#[test]
fn offers_are_configured() {
    let default = rules("").offers;
    assert_eq!(default, OfferRules::default());
    assert_eq!(default.terms.unwrap().as_str(), "Excl. sales tax and duty.");
    assert_eq!(default.validity.get(), TimeDelta::minutes(1435));
    let set = rules("[offers]\nvalid_minutes = 5\nterms = \"Prepaid.\"").offers;
    assert_eq!(set.terms.unwrap().as_str(), "Prepaid.");
    assert_eq!(set.validity.get(), TimeDelta::minutes(5));
    assert_eq!(rules("[offers]\nterms = \" \"").offers.terms, None);
}

#[test]
fn all_sections_work_together() {
    let shop = rules(
        r#"
        [offers]
        valid_minutes = 1435
        terms = "Excl. sales tax and duty."
        out_of_stock = "decline"
        [shipping]
        free_from_usd = 50.00
        [[shipping.zones]]
        regions = ["CA-US", "US", "*"]
        tiers = [{ up_to_usd = 15.00, cost_usd = 6.99 }, { cost_usd = 4 }]
        transit_days = [2, 5]
        [shipping.surcharges_usd]
        AK-US = 15.00
        [lead_time]
        time_zone = "America/New_York"
        cut_off = "14:00"
        business_days = ["mon", "tue", "wed", "thu", "fri"]
        holidays = ["2026-06-05"]
        handling_days = [0, 1]
        "#,
    );
    let unstated = Product { handling: None, ..product(vec![]) };
    // Monday, 8:00 in New York: work on Tuesday, then Wednesday, Thursday, and from Monday to
    // Wednesday on the road.
    let quoted = quote::quote(&unstated, &two("AK-US"), &shop, 0, noon()).unwrap();
    assert_eq!((quoted.price, quoted.shipping_cost), (usd("20.00"), Some(usd("19.00"))));
    assert_eq!(quoted.shipping_days, Some(7));
    let by = |deadline| quote::quote(&unstated, &two_by(deadline), &shop, 0, noon());
    assert!(by("2026-06-03T04:00:00Z").is_ok(), "two days on the road at least");
    assert_eq!(by("2026-06-03T03:59:59Z"), Err(DeclineReason::TooLateToDeliver));
}

#[test]
fn offers_that_cannot_be_are_refused() {
    let refusals: Vec<String> = [
        "valid_minutes = 4",
        "valid_minutes = 1436",
        "valid_minutes = -9223372036854775808",
        "valid_minutes = 10.5",
        "out_of_stock = \"maybe\"",
        "valid_hours = 3",
    ]
    .map(|line| refusal(&format!("[offers]\n{line}")))
    .into();
    assert_snapshot!(refusals.join("\n"), @r#"
    invalid value: integer `4`, expected whole minutes from 5 to 1435
    invalid value: integer `1436`, expected whole minutes from 5 to 1435
    invalid value: integer `-9223372036854775808`, expected whole minutes from 5 to 1435
    invalid type: floating point `10.5`, expected whole minutes from 5 to 1435
    unknown variant `maybe`, expected `decline` or `offer`
    unknown field `valid_hours`, expected one of `valid_minutes`, `terms`, `out_of_stock`
    "#);
    let long = refusal(&format!("[offers]\nterms = \"{}\"", "x".repeat(501)));
    assert_snapshot!(long, @r#"terms: expected at most 500 characters"#);
}
