//! One list of products, written in every layout, is one catalogue.

use std::sync::Arc;

use chrono::{Days as DaysLater, NaiveDate};
use chrono_tz::Tz;
use proptest::prelude::*;
use rfq_reference_agent::catalogue::{Availability, Days, OrderQuantities, Product};
use rfq_reference_agent::feed::{Format, Loaded, MappingTable, SlugMapping, load};
use rfq_reference_agent::pricing::{PriceBreak, Sale, UnitPrices};
use rfq_reference_agent::shipping::{Rate, ShippingTable};
use rfq_sdk::Usd;

use super::writer::{self, LAYOUTS};

fn usd(cents: u64) -> Usd {
    Usd::from_cents(cents).unwrap()
}

fn has_sale_days(layout: &str) -> bool {
    !layout.starts_with("shopify") && layout != "acp-variants"
}

/// What a product that is written in `layout` should be read as.
pub(super) fn expected(product: &writer::Product, layout: &str) -> Product {
    let day = |text: &str| {
        let day: NaiveDate = text.parse().unwrap();
        day.and_time(chrono::NaiveTime::MIN).and_utc()
    };
    let days = product.sale_days.as_ref().filter(|_| has_sale_days(layout));
    let sale = product.sale_cents.map(|cents| Sale {
        price: usd(cents),
        from: days.map(|(first, _)| day(first)),
        until: days.map(|(_, last)| day(last) + DaysLater::new(1)),
    });
    let breaks = product.price_breaks.iter();
    let breaks = breaks
        .map(|(from, cents)| PriceBreak { min_quantity: *from, unit_price: usd(*cents) })
        .collect();
    let (min, increment) = (product.min_order.unwrap_or(1), product.increment.unwrap_or(1));
    Product {
        slug: product.slug.parse().unwrap(),
        id: product.id.as_str().into(),
        title: product.title.as_str().into(),
        prices: UnitPrices::new(
            usd(product.price_cents),
            sale,
            breaks,
            product.floor_cents.map(usd),
        )
        .unwrap(),
        quantities: OrderQuantities::new(min, product.max_order, increment).unwrap(),
        availability: if product.in_stock {
            Availability::InStock
        } else if layout.starts_with("shopify") {
            // There it is a draft.
            Availability::NotSold
        } else {
            Availability::OutOfStock
        },
        on_hand: product.quantity,
        shipping: Arc::new(ShippingTable::new(
            product.shipping.iter().map(|entry| rate(entry)).collect(),
        )),
        handling: product.handling.map(|(min, max)| Days { min, max }),
        weight_milligrams: product.weight_grams.map(|grams| u64::from(grams) * 1000),
    }
}

fn rate(entry: &str) -> Rate {
    let parts: Vec<&str> = entry.split(':').collect();
    let days = |at: usize| {
        (parts.len() > 4)
            .then(|| Days { min: parts[at].parse().unwrap(), max: parts[at + 1].parse().unwrap() })
    };
    Rate {
        country: parts[0].into(),
        state: (!parts[1].is_empty()).then(|| parts[1].into()),
        price: parts[3].strip_suffix(" USD").unwrap().parse().unwrap(),
        handling: days(4),
        transit: days(6),
    }
}

/// The products of a feed, by name.
pub(super) fn sorted(loaded: &Loaded) -> Vec<Product> {
    let mut products: Vec<Product> = loaded.catalogue.iter().cloned().collect();
    products.sort_by(|a, b| a.slug.cmp(&b.slug));
    products
}

/// GTIN-13 with its check digit.
fn gtin(number: u64) -> String {
    let digits = format!("{number:012}");
    let sum: u32 = digits
        .bytes()
        .enumerate()
        .map(|(at, digit)| u32::from(digit - b'0') * if at % 2 == 0 { 1 } else { 3 })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

prop_compose! {
    fn any_prices()(
        price in 100..=10_000_000_u64,
        sale in proptest::option::of(1..=9_999_u64),
        days in proptest::option::of((0..300_u64, 0..60_u64)),
        steps in proptest::collection::vec((1..50_u32, 0..1_000_u64), 0..4),
        floor in proptest::option::of(0..=100_u64),
    ) -> writer::Product {
        let sale_cents = sale.map(|share| (price * share / 10_000).max(1)).filter(|sale| *sale < price);
        let first: NaiveDate = "2026-01-01".parse().unwrap();
        let day = |after: u64| (first + DaysLater::new(after)).to_string();
        let (mut quantity, mut each) = (1, price);
        let price_breaks = steps.into_iter().map(|(more, share)| {
            quantity += more;
            each = (each - each * share / 1_000).max(1);
            (quantity, each)
        }).collect();
        writer::Product {
            price_cents: price,
            sale_cents,
            sale_days: days.filter(|_| sale_cents.is_some()).map(|(from, len)| (day(from), day(from + len))),
            price_breaks,
            floor_cents: floor,
            ..writer::Product::default()
        }
    }
}

prop_compose! {
    fn any_product()(
        prices in any_prices(),
        texts in ("[A-Z]{2}-[0-9]{1,6}", "[A-Za-z0-9\"&<>;,=+@é漢-]([ -~é漢]{0,30}[A-Za-z0-9\"&<>;,'é漢])?", "[A-Z][a-z ,&]{0,9}[a-z]"),
        in_stock in any::<bool>(),
        quantity in proptest::option::of(0..=100_000_u32),
        weight_grams in proptest::option::of(1..=1_000_000_u32),
        orders in (proptest::option::of(1..=10_u32), proptest::option::of(15..=99_u32), proptest::option::of(1..=6_u32)),
        shipping in proptest::sample::subsequence(vec![
            "US::Ground:6.99 USD", "US:CA:Ground:0.00 USD:0:1:1:3", "CA:ON::14.50 USD", "US:HI:Air:24.99 USD:1:1:4:9",
        ], 0..=4),
        handling in proptest::option::of((0..5_u16, 0..5_u16)),
    ) -> writer::Product {
        let (id, title, brand) = texts;
        writer::Product {
            id, title, brand, in_stock, quantity, weight_grams,
            min_order: orders.0, max_order: orders.1, increment: orders.2,
            shipping: shipping.into_iter().map(str::to_owned).collect(),
            handling: handling.map(|(min, more)| (min, min + more)),
            ..prices
        }
    }
}

/// Products whose names, numbers and parts are their own.
pub(super) fn any_products() -> impl Strategy<Value = Vec<writer::Product>> {
    proptest::collection::vec(any_product(), 1..8).prop_map(|mut products| {
        for (at, product) in products.iter_mut().enumerate() {
            product.slug = format!("things/thing-{at}");
            product.id = format!("{}-{at}", product.id);
            product.gtin = gtin(400_638_100_000 + u64::try_from(at).unwrap());
            product.mpn = format!("MP {at}");
        }
        products
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_in_any_layout_is_read_back(products in any_products()) {
        for (layout, format) in LAYOUTS {
            let feed = writer::write(layout, &products);
            let loaded = load(feed.as_bytes(), None, &SlugMapping::default(), Tz::UTC, |_, _| {}).unwrap();
            prop_assert_eq!(loaded.format.to_string(), format, "{}", layout);
            prop_assert_eq!(&loaded.report.rejected.kept(), &[], "{}:\n{}", layout, feed);
            let expected: Vec<Product> = products.iter().map(|product| expected(product, layout)).collect();
            prop_assert_eq!(sorted(&loaded), expected, "{}:\n{}", layout, feed);
        }
    }

    #[test]
    fn a_mapping_file_finds_the_same_products_by_any_key(
        products in any_products(),
        keys in proptest::collection::vec(0..3_usize, 8),
    ) {
        let mut file = vec!["product_slug\tid\tgtin\tbrand\tmpn".to_owned()];
        for (product, key) in products.iter().zip(keys) {
            let mut cells = [""; 4];
            let mpn = product.mpn.replace(' ', "-").to_lowercase();
            let brand = product.brand.to_uppercase();
            match key {
                0 => cells[0] = &product.id,
                1 => cells[1] = &product.gtin,
                _ => (cells[2], cells[3]) = (&brand, &mpn),
            }
            file.push(format!("{}\t{}", product.slug, cells.join("\t")));
        }
        let file = file.join("\n");
        let (table, report) = MappingTable::read(file.as_bytes()).unwrap();
        prop_assert_eq!(report.rejected.kept(), []);
        let slugs = SlugMapping::default().with_table(table);
        let without_slug: Vec<writer::Product> = products
            .iter()
            .map(|product| writer::Product { slug: String::new(), ..product.clone() })
            .collect();
        for (layout, format) in LAYOUTS {
            let format: Format = format.parse().unwrap();
            let feed = writer::write(layout, &without_slug);
            let loaded = load(feed.as_bytes(), Some(format), &slugs, Tz::UTC, |_, _| {}).unwrap();
            let expected: Vec<Product> = products.iter().map(|product| expected(product, layout)).collect();
            prop_assert_eq!(sorted(&loaded), expected, "{}:\n{}\n{}", layout, file, feed);
        }
    }
}
