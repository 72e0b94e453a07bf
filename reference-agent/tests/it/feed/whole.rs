//! A feed of each layout, read whole: every field of every product.

use rfq_reference_agent::catalogue::{Availability, Product};

use super::round_trip::{expected, sorted};
use super::{loaded, writer};

/// What every one of the feeds holds.
fn products() -> [writer::Product; 3] {
    [
        writer::Product {
            id: "CG-1".into(),
            slug: "coffee-grinders/mahlwerk-64".into(),
            title: "Burr grinder, 64 mm \"flat\"".into(),
            price_cents: 18_999,
            sale_cents: Some(16_999),
            sale_days: Some(("2026-11-24".into(), "2026-11-30".into())),
            in_stock: true,
            quantity: Some(25),
            weight_grams: Some(2_500),
            price_breaks: vec![(10, 16_000), (50, 15_000)],
            floor_cents: Some(14_000),
            min_order: Some(2),
            max_order: Some(100),
            increment: Some(2),
            shipping: vec!["US::Ground:6.99 USD:0:1:2:5".into(), "US:AK:Air:19.99 USD".into()],
            handling: Some((0, 1)),
            ..writer::Product::default()
        },
        writer::Product {
            id: "KT-2".into(),
            slug: "kettles/gooseneck-1l".into(),
            title: "Gooseneck kettle 1 l".into(),
            price_cents: 7_900,
            in_stock: true,
            ..writer::Product::default()
        },
        writer::Product {
            id: "SC-3".into(),
            slug: "scales/pocket".into(),
            title: "Scale".into(),
            price_cents: 4_950,
            quantity: Some(0),
            weight_grams: Some(454),
            ..writer::Product::default()
        },
    ]
}

/// The parent of the last one is not published in the export of `WooCommerce`.
fn published(layout: &str) -> impl Fn(Product) -> Product {
    let is_unpublished = layout == "woocommerce";
    move |product| match product.availability {
        Availability::OutOfStock if is_unpublished => {
            Product { availability: Availability::NotSold, ..product }
        }
        _ => product,
    }
}

#[track_caller]
fn is_read_whole(layout: &str, format: &str, feed: &str) {
    let loaded = loaded(feed).unwrap();
    assert_eq!(loaded.format.to_string(), format);
    assert_eq!(loaded.report.rejected.kept(), []);
    assert_eq!((loaded.report.read, loaded.report.accepted), (4, 3), "{:?}", loaded.report);
    assert_eq!(&*loaded.report.unmapped.kept()[0].id, "XX-4");
    let expected: Vec<Product> =
        products().iter().map(|product| expected(product, layout)).map(published(layout)).collect();
    // Some of the feeds tell weights in pounds and ounces, which are no whole grams.
    let whole_grams = |milligrams: u64| milligrams.div_ceil(1000) * 1000;
    let read = sorted(&loaded).into_iter().map(|product| Product {
        weight_milligrams: product.weight_milligrams.map(whole_grams),
        ..product
    });
    assert_eq!(read.collect::<Vec<_>>(), expected);
}

#[test]
fn google_in_tabs() {
    is_read_whole("google-tsv", "google-tsv", include_str!("../../feeds/google.tsv"));
}

#[test]
fn google_in_commas() {
    is_read_whole("google-csv", "google-csv", include_str!("../../feeds/google.csv"));
}

#[test]
fn google_in_rss() {
    is_read_whole("google-rss", "google-xml", include_str!("../../feeds/google-rss.xml"));
}

#[test]
fn google_in_atom() {
    is_read_whole("google-atom", "google-xml", include_str!("../../feeds/google-atom.xml"));
}

#[test]
fn acp_with_variants() {
    is_read_whole("acp-variants", "acp-jsonl", include_str!("../../feeds/acp-variants.jsonl"));
}

#[test]
fn acp_flat() {
    is_read_whole("acp-flat", "acp-jsonl", include_str!("../../feeds/acp-flat.jsonl"));
}

#[test]
fn shopify_with_old_names() {
    is_read_whole("shopify-old", "shopify-csv", include_str!("../../feeds/shopify-old.csv"));
}

#[test]
fn shopify_with_new_names() {
    is_read_whole("shopify-new", "shopify-csv", include_str!("../../feeds/shopify-new.csv"));
}

#[test]
fn woocommerce() {
    is_read_whole("woocommerce", "woocommerce-csv", include_str!("../../feeds/woocommerce.csv"));
}

#[test]
fn any_space_stands_between_an_amount_and_its_currency() {
    for space in [" ", "\u{a0}", "\\t"] {
        let line = format!(
            r#"{{"id":"1","price":"79.99{space}USD","availability":"in_stock","product_slug":"a/b"}}"#
        );
        let report = loaded(line).unwrap().report;
        assert_eq!((report.accepted, report.rejected.kept()), (1, &[][..]), "{space:?}");
    }
}
