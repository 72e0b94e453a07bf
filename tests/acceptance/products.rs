//! A shop's worth of real products, with stock and shipping made up.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;

use rfq_sdk::Usd;
use serde_json::Value;

/// The rows of a large shop.
pub(crate) const ROWS: usize = 100_000;
/// Every so many rows one is broken on purpose.
pub(crate) const BROKEN_EVERY: usize = 5000;

fn data() -> PathBuf {
    // `tests/acceptance.sh` sets it.
    PathBuf::from(std::env::var_os("RFQ_TEST_DATA").unwrap())
}

/// Name and price, in its exact digits, of every product that has a price.
pub(crate) fn priced_products() -> Vec<(String, String)> {
    let file = File::open(data().join("retail-products.jsonl.gz")).unwrap();
    BufReader::new(flate2::read::GzDecoder::new(file))
        .lines()
        .filter_map(|line| {
            let product: Value = serde_json::from_str(&line.unwrap()).unwrap();
            let price = product["price"].as_number()?.to_string();
            let name = product["name"].as_str()?.replace(['\t', '\n', '\r'], " ");
            Some((name, price))
        })
        .collect()
}

/// The slug under which row `n` is sold.
pub(crate) fn slug(n: usize) -> String {
    format!("acceptance/product-{n}")
}

/// Units on hand of row `n`, made up.
pub(crate) fn on_hand(n: usize) -> u32 {
    u32::try_from(n % 7).unwrap()
}

/// The cost of shipping row `n` to California, made up; `None` is a region not served.
pub(crate) fn shipping(n: usize) -> Option<&'static str> {
    [Some("0"), Some("4.99"), Some("12.50"), None][n % 4]
}

/// A Google feed of `ROWS` rows.
pub(crate) fn feed(products: &[(String, String)]) -> String {
    let mut feed = String::from(
        "id\ttitle\tprice\tavailability\tquantity\tshipping\tmax_handling_time\tproduct_slug\n",
    );
    for n in 0..ROWS {
        let (name, price) = &products[n % products.len()];
        let currency = if n % BROKEN_EVERY == 1 { "EUR" } else { "USD" };
        let charge = match shipping(n) {
            Some(cost) => format!("US:CA:Ground:{cost} USD"),
            None => "US:NY:Ground:4.99 USD".to_owned(),
        };
        let (stock, slug) = (on_hand(n), slug(n));
        writeln!(feed, "{n}\t{name}\t{price} {currency}\tin_stock\t{stock}\t{charge}\t2\t{slug}")
            .unwrap();
    }
    feed
}

/// Whether row `n` cannot be sold: broken on purpose, or whatever the data holds that is no price.
pub(crate) fn is_unsellable(products: &[(String, String)], n: usize) -> bool {
    let usd: Result<Usd, _> = products[n % products.len()].1.parse();
    n % BROKEN_EVERY == 1 || usd.is_ok_and(|usd| usd == Usd::ZERO) || usd.is_err()
}
