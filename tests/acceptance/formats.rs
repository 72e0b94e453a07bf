//! 20,000 real products, with stock, weight and shipping made up, written in every format and read back.

use rfq_reference_agent::feed::{Format, SlugMapping, load};
use rfq_sdk::Usd;
use tokio::time::Instant;

use super::products::priced_products;
use super::writer::{LAYOUTS, Product, write};

const PRODUCTS: usize = 20_000;

/// Products whose price is a price, with all else that a feed says made up.
fn products() -> Vec<Product> {
    let priced = priced_products().into_iter().filter_map(|(name, price)| {
        let cents = price.parse::<Usd>().ok()?.cents();
        (cents > 0).then(|| (name.trim().to_owned(), cents))
    });
    priced
        .filter(|(name, _)| !name.is_empty())
        .take(PRODUCTS)
        .enumerate()
        .map(|(n, (title, price_cents))| Product {
            id: format!("SKU-{n}"),
            slug: format!("formats/product-{n}"),
            title,
            price_cents,
            sale_cents: (n % 5 == 0 && price_cents > 100).then(|| price_cents - 50),
            in_stock: true,
            quantity: Some(u32::try_from(n % 90).unwrap() + 1),
            weight_grams: Some(u32::try_from(n % 4000).unwrap() + 1),
            shipping: vec![format!("US::Ground:{}.99 USD:0:1:2:5", n % 20)],
            handling: Some((0, 2)),
            ..Product::default()
        })
        .collect()
}

#[test]
fn twenty_thousand_products_in_every_format_read_back_as_they_were() {
    let products = products();
    assert_eq!(products.len(), PRODUCTS);
    for (layout, format) in LAYOUTS {
        let feed = write(layout, &products);
        let begun = Instant::now();
        let (slugs, zone) = (SlugMapping::default(), "UTC".parse().unwrap());
        let loaded = load(feed.as_bytes(), None, &slugs, zone, |_, _| {}).unwrap();
        let took = begun.elapsed();
        assert_eq!(
            loaded.format,
            format.parse::<Format>().unwrap(),
            "{layout} is told from its content"
        );
        assert_eq!(loaded.report.rejected.kept(), [], "{layout}");
        assert_eq!(loaded.catalogue.len(), PRODUCTS, "{layout}");
        let at = "2026-11-24T12:00:00Z".parse().unwrap();
        for written in &products {
            let read = loaded.catalogue.find(&written.slug.parse().unwrap()).unwrap();
            assert_eq!((&*read.id, &*read.title), (&*written.id, &*written.title), "{layout}");
            assert_eq!(read.prices.list().cents(), written.price_cents, "{layout}: {written:?}");
            let each = written.sale_cents.unwrap_or(written.price_cents);
            assert_eq!(read.prices.each(1, at).cents(), each, "{layout}: {written:?}");
            assert_eq!(read.on_hand, written.quantity, "{layout}: {written:?}");
            let milligrams = written.weight_grams.map(|grams| u64::from(grams) * 1000);
            assert_eq!(read.weight_milligrams, milligrams, "{layout}: {written:?}");
        }
        println!("{layout}: {PRODUCTS} products, {} MB, read in {took:?}", feed.len() / 1_000_000);
    }
}
