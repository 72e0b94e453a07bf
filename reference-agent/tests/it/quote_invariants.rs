//! What holds for every quote, whatever the rules, the product and the request.

use std::fmt::Write as _;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use rfq_reference_agent::ask::Ask;
use rfq_reference_agent::catalogue::{Availability, Days, OrderQuantities, Product};
use rfq_reference_agent::pricing::{PriceBreak, Sale, UnitPrices};
use rfq_reference_agent::quote::quote;
use rfq_reference_agent::rules::{OutOfStock, Rules, Validity};
use rfq_reference_agent::shipping::{Rate, ShippingTable};
use rfq_sdk::{DeclineReason, Offer, Quantity, Usd};

use super::asking::noon;
use super::pricing::any_prices;
use super::quote::{product, rate, rules, two};

/// Rules, as a configuration writes them but for what free shipping takes.
fn any_configuration() -> impl Strategy<Value = String> {
    let offers = (5..=1435_u32, select(vec!["decline", "offer"])).prop_map(|(minutes, out)| {
        format!("[offers]\nvalid_minutes = {minutes}\nout_of_stock = {out:?}\n")
    });
    (offers, any_lead_time(), vec(any_tiers(), 3), vec(option::of(0..3_usize), 5), any_surcharges())
        .prop_map(|(offers, lead_time, tiers, zone_of, surcharges)| {
            let mut toml = offers + &lead_time;
            for (zone, tiers) in tiers.iter().enumerate() {
                let places = ["CA-US", "AK-US", "US", "CA", "*"].iter().zip(&zone_of);
                let regions: Vec<&str> =
                    places.filter(|(_, of)| **of == Some(zone)).map(|(place, _)| *place).collect();
                if !regions.is_empty() {
                    write!(toml, "[[shipping.zones]]\nregions = {regions:?}\n{tiers}").unwrap();
                }
            }
            toml + &surcharges
        })
}

fn any_tiers() -> impl Strategy<Value = String> {
    let steps = btree_map(1..4000_u32, 0..3000_u32, 0..4);
    let transit = option::of((0..8_u16, 0..8_u16));
    (steps, option::of(0..3000_u32), any::<bool>(), transit).prop_map(
        |(steps, beyond, by_weight, transit)| {
            let dollars = |cents: u32| f64::from(cents) / 100.0;
            let mut tiers: Vec<String> = steps
                .into_iter()
                .map(|(limit, cost)| {
                    let cost = dollars(cost);
                    if by_weight {
                        format!("{{ up_to_grams = {limit}, cost_usd = {cost} }}")
                    } else {
                        format!("{{ up_to_usd = {}, cost_usd = {cost} }}", dollars(limit))
                    }
                })
                .collect();
            tiers.extend(beyond.map(|cost| format!("{{ cost_usd = {} }}", dollars(cost))));
            let transit = transit.map_or(String::new(), |(min, more)| {
                format!("transit_days = [{min}, {}]\n", min + more)
            });
            format!("tiers = [{}]\n{transit}", tiers.join(", "))
        },
    )
}

fn any_surcharges() -> impl Strategy<Value = String> {
    let places = subsequence(&["AK-US", "CA-US", "US", "CA"][..], 0..=4);
    (places, 0..3000_u32).prop_map(|(places, cents)| {
        let lines =
            places.iter().map(|place| format!("{place} = {}.{:02}\n", cents / 100, cents % 100));
        format!("[shipping.surcharges_usd]\n{}", lines.collect::<String>())
    })
}

fn any_lead_time() -> impl Strategy<Value = String> {
    let zones = vec!["UTC", "America/New_York", "Asia/Tokyo", "Pacific/Apia", "Asia/Kathmandu"];
    let days = vec!["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let holidays = vec(0..60_i64, 0..8).prop_map(|days| -> Vec<String> {
        let date = |ahead| (noon() + TimeDelta::days(ahead)).date_naive().to_string();
        days.into_iter().map(date).collect()
    });
    (
        select(zones),
        option::of((0..24_u8, 0..60_u8)),
        subsequence(days, 1..=7),
        holidays,
        option::of((0..5_u16, 0..5_u16)),
    )
        .prop_map(|(zone, cut_off, open, holidays, handling)| {
            let mut toml = format!(
                "[lead_time]\ntime_zone = {zone:?}\nbusiness_days = {open:?}\nholidays = {holidays:?}\n"
            );
            if let Some((hour, minute)) = cut_off {
                writeln!(toml, "cut_off = \"{hour:02}:{minute:02}\"").unwrap();
            }
            if let Some((min, more)) = handling {
                writeln!(toml, "handling_days = [{min}, {}]", min + more).unwrap();
            }
            toml
        })
}

fn with_free_from(configuration: &str, cents: Option<u64>) -> Rules {
    let line = cents.map_or(String::new(), |cents| {
        format!("free_from_usd = {}\n", Usd::from_cents(cents).unwrap())
    });
    // A table may be opened before those in it.
    rules(&format!("[shipping]\n{line}{configuration}"))
}

fn any_rules() -> impl Strategy<Value = Rules> {
    (any_configuration(), option::of(0..10_000_u64))
        .prop_map(|(configuration, free_from)| with_free_from(&configuration, free_from))
}

fn any_days() -> impl Strategy<Value = Option<Days>> {
    option::of((0..10_u16, 0..10_u16).prop_map(|(min, more)| Days { min, max: min + more }))
}

fn any_rate() -> impl Strategy<Value = Rate> {
    let place = select(vec![("US", None), ("US", Some("CA")), ("US", Some("AK")), ("CA", None)]);
    (place, 0..5000_u64, any_days(), any_days()).prop_map(
        |((country, state), cents, handling, transit)| Rate {
            country: country.into(),
            state: state.map(Into::into),
            price: Usd::from_cents(cents).unwrap(),
            handling,
            transit,
        },
    )
}

fn any_quantities() -> impl Strategy<Value = OrderQuantities> {
    let limited = (1..5_u32, option::of(0..50_u32), 1..4_u32).prop_map(|(min, more, increment)| {
        let max = more.map(|more| min.next_multiple_of(increment) + more);
        OrderQuantities::new(min, max, increment).unwrap()
    });
    prop_oneof![3 => Just(OrderQuantities::ANY), 1 => limited]
}

fn any_product() -> impl Strategy<Value = Product> {
    (
        any_prices(),
        any_quantities(),
        prop::bool::weighted(0.9),
        option::of(0..80_u32),
        prop_oneof![Just(vec![]), vec(any_rate(), 0..5)],
        any_days(),
        option::of(0..500_000_u64),
    )
        .prop_map(
            |(prices, quantities, in_stock, on_hand, rates, handling, weight_milligrams)| Product {
                prices,
                quantities,
                availability: if in_stock {
                    Availability::InStock
                } else {
                    Availability::OutOfStock
                },
                on_hand,
                shipping: Arc::new(ShippingTable::new(rates)),
                handling,
                weight_milligrams,
                ..product(vec![])
            },
        )
}

/// A region, if any, and a deadline some hours from noon, if any.
fn any_ask() -> impl Strategy<Value = Ask> {
    let region = option::weighted(0.9, select(vec!["CA-US", "AK-US", "NY-US", "ON-CA", "BY-DE"]));
    (1..60_u32, region, option::of(-10..1000_i64)).prop_map(|(quantity, region, hours)| Ask {
        quantity: Quantity::new(quantity).unwrap(),
        region: region.map(|region| region.parse().unwrap()),
        deliver_by: hours.map(|hours| noon() + TimeDelta::hours(hours)),
        ..two("CA-US")
    })
}

fn any_now() -> impl Strategy<Value = DateTime<Utc>> {
    (-4000..500_000_i64).prop_map(|seconds| noon() + TimeDelta::seconds(seconds))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn an_offer_keeps_to_the_product_and_the_rules(
        rules in any_rules(),
        product in any_product(),
        ask in any_ask(),
        reserved in 0..40_u32,
        now in any_now(),
    ) {
        let quantity = ask.quantity.get();
        let Ok(quoted) = quote(&product, &ask, &rules, reserved, now) else {
            return Ok(());
        };
        let times = |unit: Usd| unit.checked_mul(quantity).unwrap();
        prop_assert_eq!(quoted.price, times(product.prices.each(quantity, now)));
        prop_assert!(quoted.price <= times(product.prices.list()));
        prop_assert!(product.prices.floor().is_none_or(|floor| quoted.price >= times(floor)));
        prop_assert!(quoted.list_price.is_none_or(|list| list > quoted.price));
        prop_assert!(product.quantities.allow(quantity));

        let enough = product.available(reserved).is_none_or(|available| available >= quantity);
        prop_assert_eq!(quoted.in_stock, enough);
        prop_assert!(enough || rules.offers.out_of_stock == OutOfStock::Offer);

        prop_assert!(quoted.valid_until >= now + Validity::MIN);
        prop_assert!(quoted.valid_until <= now + rules.offers.validity.get());
        prop_assert!(quoted.valid_until - now <= Validity::MAX);
        if let Some(sale_ends) = product.prices.each_until(quantity, now) {
            prop_assert!(quoted.valid_until <= sale_ends);
        }

        prop_assert!(ask.deliver_by.is_none_or(|by| by >= now));
        prop_assert!(ask.region.is_some() || quoted.shipping_cost.is_none());
        prop_assert!(quoted.shipping_days.is_none_or(|days| days <= Offer::MAX_SHIPPING_DAYS));
        let claim = "https://shop.example/cart".parse().unwrap();
        let offer = Offer::builder(quoted.price, claim).expires_at(quoted.valid_until);
        let offer = quoted.shipping_cost.into_iter().fold(offer, rfq_sdk::OfferBuilder::shipping_cost);
        let offer = quoted.shipping_days.into_iter().fold(offer, rfq_sdk::OfferBuilder::shipping_days);
        prop_assert!(offer.build(now).is_ok());
    }

    #[test]
    fn a_way_that_surely_keeps_the_date_is_taken_wherever_there_is_one(
        lead_time in any_lead_time(),
        days in vec((0..5_u16, 0..9_u16, 0..5000_u64), 1..5),
        hours in 0..500_i64,
        now in any_now(),
    ) {
        let rules = rules(&lead_time);
        let rates = days.iter().map(|&(min, more, cents)| Rate {
            handling: Some(Days { min: 0, max: 0 }),
            transit: Some(Days { min, max: min + more }),
            price: Usd::from_cents(cents).unwrap(),
            ..rate(None, "0.00", None)
        });
        let by = now + TimeDelta::hours(hours);
        let ask = Ask { deliver_by: Some(by), ..two("CA-US") };
        let calendar = &rules.lead_time;
        let keeps = |days| calendar.arrival(now, days).unwrap() <= calendar.date(by);
        let surely = days.iter().filter(|(min, more, _)| keeps(min + more));
        let perhaps = days.iter().filter(|(min, _, _)| keeps(*min));
        let cheapest = surely.clone().map(|way| way.2).min().or(perhaps.map(|way| way.2).min());
        match quote(&product(rates.collect()), &ask, &rules, 0, now) {
            Ok(quoted) => {
                prop_assert_eq!(quoted.shipping_cost.map(Usd::cents), cheapest);
                let told = quoted.shipping_days.unwrap();
                let by = calendar.weekdays_until(now, calendar.date(by)).unwrap();
                prop_assert!(told <= by || surely.count() == 0, "{told} days, asked for {by}");
            }
            Err(reason) => {
                prop_assert_eq!((reason, cheapest), (DeclineReason::TooLateToDeliver, None));
            }
        }
    }

    #[test]
    fn more_time_never_declines_nor_makes_what_is_sure_dearer(
        rules in any_rules(),
        product in any_product(),
        ask in any_ask(),
        more_hours in option::of(0..1000_i64),
        now in any_now(),
    ) {
        let later = ask.deliver_by.zip(more_hours).map(|(by, hours)| by + TimeDelta::hours(hours));
        let patient = Ask { deliver_by: later, ..ask.clone() };
        if let Ok(soon) = quote(&product, &ask, &rules, 0, now) {
            let late = quote(&product, &patient, &rules, 0, now);
            prop_assert!(late.is_ok(), "{late:?}");
            let late = late.unwrap();
            prop_assert_eq!(soon.price, late.price);
            prop_assert_eq!(soon.shipping_cost.is_some(), late.shipping_cost.is_some());
            // Where only perhaps one is in time, more time may make a dearer one sure.
            let calendar = &rules.lead_time;
            let sure = ask.deliver_by.is_none_or(|by| {
                let days = calendar.weekdays_until(now, calendar.date(by));
                soon.shipping_days.zip(days).is_some_and(|(told, days)| told < days)
            });
            prop_assert!(!sure || late.shipping_cost <= soon.shipping_cost);
        }
    }

    #[test]
    fn more_reserved_never_turns_a_decline_into_an_offer(
        rules in any_rules(),
        product in any_product(),
        ask in any_ask(),
        reserved in 0..40_u32,
        more in 0..40_u32,
        now in any_now(),
    ) {
        let few = quote(&product, &ask, &rules, reserved, now);
        match (few, quote(&product, &ask, &rules, reserved + more, now)) {
            (Ok(few), Ok(many)) => {
                prop_assert!(few.in_stock || !many.in_stock);
                prop_assert_eq!((few.price, few.shipping_cost), (many.price, many.shipping_cost));
            }
            (Err(few), Err(many)) => {
                prop_assert!(many == few || many == DeclineReason::OutOfStock);
            }
            (Err(few), Ok(many)) => prop_assert!(false, "{few:?} became {many:?}"),
            (Ok(few), Err(reason)) => {
                prop_assert!(few.in_stock);
                prop_assert_eq!(reason, DeclineReason::OutOfStock);
            }
        }
    }

    #[test]
    fn shipping_is_not_dearer_when_less_makes_it_free(
        configuration in any_configuration(),
        product in any_product(),
        ask in any_ask(),
        low in 0..10_000_u64,
        more in option::of(0..10_000_u64),
        now in any_now(),
    ) {
        let high = with_free_from(&configuration, more.map(|more| low + more));
        let low = with_free_from(&configuration, Some(low));
        let answers = (quote(&product, &ask, &high, 0, now), quote(&product, &ask, &low, 0, now));
        match answers {
            (Ok(high), Ok(low)) => {
                prop_assert_eq!(high.price, low.price);
                if let Some(cost) = high.shipping_cost {
                    prop_assert!(low.shipping_cost.is_some_and(|low| low <= cost));
                }
            }
            (high, low) => prop_assert_eq!(high, low),
        }
    }

    #[test]
    fn a_larger_quantity_is_never_dearer_per_unit(
        product in any_product(),
        ask in any_ask(),
        more in 1..60_u32,
        now in any_now(),
    ) {
        let product = Product { quantities: OrderQuantities::ANY, ..product };
        let more = Quantity::new(ask.quantity.get() + more).unwrap();
        let larger = Ask { quantity: more, ..ask.clone() };
        let rules = Rules::default();
        if let (Ok(few), Ok(many)) =
            (quote(&product, &ask, &rules, 0, now), quote(&product, &larger, &rules, 0, now))
        {
            let of_few = few.price.cents() * u64::from(more.get());
            prop_assert!(many.price.cents() * u64::from(ask.quantity.get()) <= of_few);
        }
    }

    #[test]
    fn nothing_makes_it_panic(
        rules in any_rules(),
        product in any_product(),
        ask in any_ask(),
        quantity in 1..=Quantity::MAX,
        price in select(vec![1, Usd::MAX.cents() / 1_000_000, Usd::MAX.cents() / 2, Usd::MAX.cents()]),
        number in select(vec![0, 1, u32::MAX]),
        days in select(vec![None, Some(Days { min: u16::MAX, max: u16::MAX }), Some(Days { min: 0, max: 400 })]),
        now in extreme_time(),
        deadline in option::of(extreme_time()),
        sale_ends in option::of(extreme_time()),
    ) {
        let price = Usd::from_cents(price).unwrap();
        let sale = Usd::from_cents(price.cents() - 1).ok().filter(|sale| *sale > Usd::ZERO);
        let sale = sale.map(|price| Sale { price, from: sale_ends, until: sale_ends });
        let step = PriceBreak { min_quantity: u32::MAX, unit_price: price };
        let product = Product {
            prices: UnitPrices::new(price, sale, vec![step], Some(price)).unwrap(),
            weight_milligrams: Some(u64::from(number) << 32 | u64::from(number)),
            handling: days,
            ..product
        };
        let ask = Ask { quantity: Quantity::new(quantity).unwrap(), deliver_by: deadline, ..ask };
        if let Ok(quoted) = quote(&product, &ask, &rules, number, now) {
            prop_assert!(now < quoted.valid_until);
            prop_assert!(quoted.shipping_cost.is_none_or(|cost| quoted.price.checked_add(cost).is_some()));
        }
    }
}

fn extreme_time() -> impl Strategy<Value = DateTime<Utc>> {
    let (least, most) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
    let seconds = (least.timestamp()..=most.timestamp())
        .prop_map(|seconds| DateTime::from_timestamp(seconds, 0).unwrap());
    let near = |hours: i64| (0..hours).prop_map(TimeDelta::hours);
    prop_oneof![
        Just(least),
        Just(most),
        seconds,
        near(1000).prop_map(move |ahead| least + ahead),
        near(1000).prop_map(move |before| most - before),
        near(1000).prop_map(|ahead| noon() + ahead),
    ]
}
