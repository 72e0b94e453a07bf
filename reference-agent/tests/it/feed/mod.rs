//! Feeds: what is read, what is rejected and why, and what cannot be used at all.

mod round_trip;
mod writer;

use insta::assert_snapshot;
use proptest::prelude::*;
use rfq_reference_agent::catalogue::{Availability, Catalogue, Days};
use rfq_reference_agent::feed::{FeedError, Loaded, Report, SAMPLE, SlugMapping, load};

use super::asking::noon;

/// Loads a feed whose format its beginning tells, by its column `product_slug` alone.
fn loaded(feed: impl AsRef<[u8]>) -> Result<Loaded, FeedError> {
    load(feed.as_ref(), None, &SlugMapping::default(), |_, _| {})
}

fn read(feed: impl AsRef<[u8]>) -> (Catalogue, Report) {
    let Loaded { catalogue, report, .. } = loaded(feed).unwrap();
    (catalogue, report)
}

#[test]
fn the_sample_is_read_whole() {
    let (catalogue, report) = read(SAMPLE);
    assert_eq!(report.rejected, []);
    assert_eq!((catalogue.len(), report.accepted), (41, 41));
    let grinder = catalogue.find(&"coffee-grinders/baratza-encore-esp".parse().unwrap()).unwrap();
    assert_eq!(grinder.prices.each(1, noon()).to_string(), "169.99");
    assert_eq!(grinder.prices.list().to_string(), "189.99");
    assert_eq!(grinder.on_hand, Some(25));
    assert_eq!(grinder.availability, Availability::InStock);
}

#[test]
fn every_kind_of_broken_row_is_named_and_loses_no_other() {
    let header = "id\tprice\tsale_price\tsale_price_effective_date\tavailability\tquantity\tshipping\tmin_handling_time\tmax_handling_time\tproduct_slug\ttitle";
    let rows = [
        "1\t10.00 USD\t\t\tin_stock\t\t\t\t\tgood/one\tFine",
        "\t10.00 USD\t\t\tin_stock\t\t\t\t\tbad/id\t",
        "3\tten\t\t\tin_stock\t\t\t\t\tbad/price\t",
        "4\t10.00 EUR\t\t\tin_stock\t\t\t\t\tbad/currency\t",
        "5\t10.005 USD\t\t\tin_stock\t\t\t\t\tbad/cents\t",
        "6\t0.00 USD\t\t\tin_stock\t\t\t\t\tbad/zero\t",
        "7\t-1.00 USD\t\t\tin_stock\t\t\t\t\tbad/negative\t",
        "8\t1,299.00 USD\t\t\tin_stock\t\t\t\t\tbad/thousands\t",
        "9\t10.00 USD\tcheap\t\tin_stock\t\t\t\t\tbad/sale\t",
        "10\t10.00 USD\t0 USD\t\tin_stock\t\t\t\t\tbad/sale-zero\t",
        "11\t10.00 USD\t9.00 USD\tsoon\tin_stock\t\t\t\t\tbad/dates\t",
        "12\t10.00 USD\t9.00 USD\t2026-06-02T00:00Z/2026-06-01T00:00Z\tin_stock\t\t\t\t\tbad/dates\t",
        "13\t10.00 USD\t\t\tmaybe\t\t\t\t\tbad/availability\t",
        "14\t10.00 USD\t\t\tin_stock\t-1\t\t\t\tbad/quantity\t",
        "15\t10.00 USD\t\t\tin_stock\t\tUS:CA:6.99 USD\t\t\tbad/shipping\t",
        "16\t10.00 USD\t\t\tin_stock\t\tUSA:CA:G:6.99 USD\t\t\tbad/country\t",
        "17\t10.00 USD\t\t\tin_stock\t\tUS:CA:G:6.99 CAD\t\t\tbad/charge\t",
        "18\t10.00 USD\t\t\tin_stock\t\tUS:CA:G:6.99 USD:2:1:1:3\t\t\tbad/days\t",
        "19\t10.00 USD\t\t\tin_stock\t\t\ttwo\t\tbad/handling\t",
        "19b\t10.00 USD\t\t\tin_stock\t\t\t\t366\tbad/handling\t",
        "19c\t10.00 USD\t\t\tin_stock\t\t\t3\t2\tbad/handling\t",
        "20\t10.00 USD\t\t\tin_stock\t\t\t\t\tBad Slug\t",
        "21\t10.00 USD\t\t\tin_stock\t\t\t\t\tgood/one\t",
        "22\t10.00 USD",
        "23\t\"20.00 USD\"\t\t\tin stock\t\t\t\t\t\"good/two\"\t\"Quoted",
    ];
    let feed = format!("{header}\n{}\n", rows.join("\r\n"));
    let (catalogue, report) = read(&feed);
    assert_eq!((report.read, report.accepted, catalogue.len()), (25, 2, 2));
    assert_snapshot!(listed(&report), @r#"
    line	field	reason
    2	id	empty; expected the shop's own name of the product
    3	price	expected an amount and its currency, such as 169.99 USD
    4	price	the currency is "EUR", expected USD
    5	price	expected whole cents, so at most two decimals
    6	price	expected more than 0
    7	price	expected an amount of at least 0 US dollars
    8	price	expected an amount in US dollars such as 169.99
    9	sale_price	expected an amount and its currency, such as 169.99 USD
    10	sale_price	expected more than 0
    11	sale_price_effective_date	expected two times with a stroke between them, such as 2026-11-24T00:00+0000/2026-12-01T00:00+0000
    12	sale_price_effective_date	it ends before it begins
    13	availability	expected in_stock, out_of_stock, preorder or backorder
    14	quantity	expected a whole number of units
    15	shipping	"US:CA:6.99 USD": expected country:region:service:price, such as US:CA:Ground:6.99 USD
    16	shipping	"USA:CA:G:6.99 USD": expected country:region:service:price, such as US:CA:Ground:6.99 USD
    17	shipping	"US:CA:G:6.99 CAD": the currency is "CAD", expected USD
    18	shipping	"US:CA:G:6.99 USD:2:1:1:3": the fewest days are more than the most
    19	min_handling_time	expected a whole number of business days, at most 365
    20	max_handling_time	expected a whole number of business days, at most 365
    21	max_handling_time	the fewest days are more than the most
    22	product_slug	expected category/slug in lower-case letters, digits and hyphens, at most 200 bytes
    23	product_slug	good/one stands in line 2 already
    24	product_slug	expected category/slug in lower-case letters, digits and hyphens, at most 200 bytes
    "#);
}

fn listed(report: &Report) -> String {
    let mut list = Vec::new();
    report.write_rejections(&mut list).unwrap();
    String::from_utf8(list).unwrap()
}

#[test]
fn a_row_that_is_not_utf8_is_rejected_alone() {
    let feed = b"id\tprice\tavailability\tproduct_slug\ttitle\n\
        1\t1.00 USD\tin_stock\ta/b\tCaf\xe9\n\
        2\t1.00 USD\tin_stock\ta/c\tCaf\xc3\xa9\n";
    let (catalogue, report) = read(feed);
    assert_eq!(catalogue.len(), 1);
    assert_snapshot!(listed(&report), @"
    line	field	reason
    2	title	not UTF-8 text
    ");
}

#[test]
fn a_feed_that_cannot_be_used_says_why() {
    let good = "id\tprice\tavailability\tproduct_slug";
    let cases: [&[u8]; 8] = [
        b"",
        b"\n\n",
        good.as_bytes(),
        b"id\tavailability\tproduct_slug\n1\tin_stock\ta/b\n",
        b"id\tprice\tprice\tavailability\tproduct_slug\n",
        b"\xff\xfei\0d\0\t\0",
        b"id,price,availability,product_slug\n1,1.00 USD,in_stock,a/b\n",
        b"id\tprice\tavailability\tproduct_slug\n1\tfree\tin_stock\ta/b\n",
    ];
    let errors: Vec<String> =
        cases.iter().map(|feed| loaded(feed).unwrap_err().to_string()).collect();
    assert_snapshot!(errors.join("\n"), @r#"
    it is empty; expected a header line of tab-separated column names
    it is empty; expected a header line of tab-separated column names
    it has a header but no rows; check what exports it
    it has no column "price"; add it: it holds the price of one unit, such as 169.99 USD
    it has the column "price" twice; which of the two counts cannot be told
    it is UTF-16; save it as UTF-8
    it has no column "id"; add it: it holds the shop's own name of the product, its SKU
    none of its 1 rows can be used; the first problem is in line 2, price: expected an amount and its currency, such as 169.99 USD
    "#);
}

#[test]
fn a_source_that_fails_half_way_is_an_error() {
    use std::io::Read as _;
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is gone"))
        }
    }
    let failed = load(
        SAMPLE.as_bytes().take(70_000).chain(Broken),
        None,
        &SlugMapping::default(),
        |_, _| {},
    );
    assert!(matches!(failed, Err(FeedError::Io(_))), "{failed:?}");
}

#[test]
fn a_byte_order_mark_spaces_and_case_in_the_header_do_not_matter() {
    let feed = "\u{feff}ID\tPrice\tAvailability\tProduct slug\tMax handling time\n7\t1.00 USD\tin stock\ta/b\t3\n";
    let (catalogue, _) = read(&feed);
    let product = catalogue.iter().next().unwrap();
    assert_eq!((&*product.id, &*product.title), ("7", "b"), "without a title, the slug stands in");
    assert_eq!(product.handling, Some(Days { min: 0, max: 3 }));
}

#[test]
fn progress_is_told() {
    let header = "id\tprice\tavailability\tproduct_slug\n";
    let rows: String = (0..2500).map(|n| format!("{n}\t1.00 USD\tin_stock\ta/{n}\n")).collect();
    let mut told = Vec::new();
    let feed = format!("{header}{rows}");
    let tell = |rows, bytes| told.push((rows, bytes));
    load(feed.as_bytes(), None, &SlugMapping::default(), tell).unwrap();
    assert_eq!(told.iter().map(|(rows, _)| *rows).collect::<Vec<_>>(), [1000, 2000, 2500]);
    assert_eq!(told[2].1, u64::try_from(header.len() + rows.len()).unwrap());
}

proptest! {
    #[test]
    fn whatever_the_feed_rows_are_counted(text in "[\\x00-\\x7fé\t\n\"]{0,300}") {
        let feed = format!("id\tprice\tavailability\tproduct_slug\n0\t1.00 USD\tin_stock\ta/b\n{text}");
        let (catalogue, report) = read(&feed);
        prop_assert_eq!(report.accepted + u64::try_from(report.rejected.len()).unwrap(), report.read);
        prop_assert_eq!(report.accepted, u64::try_from(catalogue.len()).unwrap());
    }
}
