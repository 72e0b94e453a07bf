//! Feeds: what is read, what is rejected and why, and what cannot be used at all.

mod broken;
mod damage;
mod detection;
mod loader;
mod mapping;
mod round_trip;
mod sale_times;
mod shipping;
mod whole;
mod woocommerce;
mod writer;

use chrono_tz::Tz;
use insta::assert_snapshot;
use proptest::prelude::*;
use rfq_reference_agent::catalogue::{Availability, Catalogue, Days};
use rfq_reference_agent::feed::{
    FeedError, Format, LeftOut, Loaded, MappingTable, Report, SAMPLE, SlugMapping, load,
};

use super::asking::noon;
use writer::LAYOUTS;

/// Loads a feed whose format its beginning tells, by its column `product_slug` alone.
fn loaded(feed: impl AsRef<[u8]>) -> Result<Loaded, FeedError> {
    load(feed.as_ref(), None, &SlugMapping::default(), Tz::UTC, |_, _| {})
}

fn read(feed: impl AsRef<[u8]>) -> (Catalogue, Report) {
    let Loaded { catalogue, report, .. } = loaded(feed).unwrap();
    (catalogue, report)
}

#[test]
fn the_sample_is_read_whole() {
    let (catalogue, report) = read(SAMPLE);
    assert_eq!(report.rejected.kept(), []);
    assert_eq!((catalogue.len(), report.accepted), (41, 41));
    let grinder = catalogue.find(&"coffee-grinders/baratza-encore-esp".parse().unwrap()).unwrap();
    assert_eq!(grinder.prices.each(1, noon()).to_string(), "169.99");
    assert_eq!(grinder.prices.list().to_string(), "189.99");
    assert_eq!(grinder.on_hand, Some(25));
    assert_eq!(grinder.availability, Availability::InStock);
}

#[test]
fn a_feed_that_cannot_be_used_says_why() {
    let good = "id\tprice\tavailability\tproduct_slug";
    let cases: [&[u8]; 15] = [
        b"",
        b"\n\n",
        b"\xef\xbb\xbf",
        b"\xff\xfei\0d\0\t\0",
        b"Hello,\nproducts follow",
        b"[{\"id\":\"1\"}]",
        good.as_bytes(),
        b"id\tavailability\tproduct_slug\n1\tin_stock\ta/b\n",
        b"id\tprice\tavailability\n1\t1.00 USD\tin_stock\n",
        b"id\tprice\tprice\tavailability\tproduct_slug\n",
        b"id,price,\"availability\nproduct_slug\n",
        b"id\tprice\tavailability\tproduct_slug\n1\tfree\tin_stock\ta/b\n",
        b"id\tprice\tavailability\tproduct_slug\n1\t1.00 USD\tin_stock\t\n",
        b"<html><body>Not found</body></html>",
        b"<rss><channel></channel></rss>",
    ];
    let errors: Vec<String> =
        cases.iter().map(|feed| loaded(feed).unwrap_err().to_string()).collect();
    assert_snapshot!(errors.join("\n"), @r#"
    it is empty; check what exports it
    it is empty; check what exports it
    it is empty; check what exports it
    it is UTF-16; save it as UTF-8
    its format cannot be told from its beginning; say by feed.format, or --format of init and import, which of google-tsv, google-csv, google-xml, acp-jsonl, shopify-csv, woocommerce-csv it is, or check what exports it
    its format cannot be told from its beginning; say by feed.format, or --format of init and import, which of google-tsv, google-csv, google-xml, acp-jsonl, shopify-csv, woocommerce-csv it is, or check what exports it
    there are no products in it; check what exports it
    it has no column "price"; add it: it holds the price of one unit, such as 169.99 USD
    it has no column "product_slug"; add it: it holds the marketplace's name of the product, such as coffee-grinders/baratza-encore-esp; or name a mapping file
    it has the column "price" twice; which of the two counts cannot be told
    its header cannot be used: a double quote opens a value here and is not closed before a comma or the end of the row; double the quotes inside a quoted value
    none of its 1 products can be used; the first problem is in line 2, price: expected an amount and its currency, such as 169.99 USD
    none of its 1 products has a name of the marketplace; add a column "product_slug" or name a mapping file that knows its products
    its root element is <html>; expected RSS 2.0 (<rss>) or Atom (<feed>)
    there are no products in it; check what exports it
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
        Tz::UTC,
        |_, _| {},
    );
    assert!(matches!(failed, Err(FeedError::Io(_))), "{failed:?}");
}

#[test]
fn a_byte_order_mark_spaces_and_case_in_the_header_do_not_matter() {
    let feed = "\u{feff}ID\tPrice\tAvailability\tProduct slug\tMax handling time\n7\t1.00 USD\tin stock\ta/b\t3\n";
    let (catalogue, _) = read(feed);
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
    load(feed.as_bytes(), None, &SlugMapping::default(), Tz::UTC, tell).unwrap();
    assert_eq!(told.iter().map(|(rows, _)| *rows).collect::<Vec<_>>(), [1000, 2000, 2500]);
    assert_eq!(told[2].1, u64::try_from(header.len() + rows.len()).unwrap());
}

#[test]
fn what_is_left_out_is_counted_and_only_the_first_of_it_kept() {
    let most = LeftOut::<()>::MOST_KEPT;
    let rows = |price: &str, slug: &str| format!("1\t{price}\tin_stock\t{slug}\n").repeat(most + 2);
    let (rejected, unmapped) = (rows("free", "a/b"), rows("1.00 USD", ""));
    let good = "1\t1.00 USD\tin_stock\ta/b\n";
    let feed = format!("id\tprice\tavailability\tproduct_slug\n{rejected}{unmapped}{good}");
    let (_, report) = read(feed);
    let count = u64::try_from(most + 2).unwrap();
    assert_eq!((report.rejected.count(), report.unmapped.count()), (count, count));
    assert_eq!((report.rejected.kept().len(), report.unmapped.kept().len()), (most, most));
    let (mut rejections, mut names) = (Vec::new(), Vec::new());
    report.write_rejections(&mut rejections).unwrap();
    report.write_unmapped(&mut names).unwrap();
    let last = |list: &[u8]| String::from_utf8_lossy(list).lines().last().unwrap().to_owned();
    assert_eq!(last(&rejections), "\t\t\t\tand 2 more");
    assert_eq!(last(&names), "\tand 2 more");
}

#[test]
fn the_name_of_a_column_is_shortened_where_it_is_told() {
    let label = format!("{}.metafields.custom.product_slug)", "x".repeat(1000));
    let feed = format!("Handle,Variant Price,{label}\na,1.00,a/b\nb,1.00,bad\n");
    let (_, report) = read(feed);
    assert_eq!(report.rejected.kept()[0].field.chars().count(), 80);
}

#[test]
fn only_the_first_line_of_acp_may_be_no_product() {
    let product = |n: u32| {
        format!(
            r#"{{"id":"{n}","price":"1.00 USD","availability":"in_stock","product_slug":"a/b{n}"}}"#
        )
    };
    let header = r#"{"feed_id":"f","price":"1.00 USD","product_slug":"a/c"}"#;
    let (_, report) = read([header, &product(1), &product(2)].join("\n"));
    assert_eq!((report.read, report.accepted), (2, 2));
    let (_, report) = read([&product(1), header, &product(2)].join("\n"));
    assert_eq!((report.read, report.accepted), (3, 2));
    assert_eq!((report.rejected.kept()[0].line, &*report.rejected.kept()[0].field), (2, "id"));
}

#[test]
fn drafts_and_what_is_not_published_are_counted_as_not_sold() {
    let shopify = "Handle,Variant Price,Status,Published,product_slug\n\
                   a,1.00,active,TRUE,a/a\nb,1.00,draft,TRUE,a/b\n\
                   c,1.00,Archived,TRUE,a/c\nd,1.00,active,FALSE,a/d\ne,1.00,draft,TRUE,\n";
    let (catalogue, report) = read(shopify);
    assert_eq!((report.read, report.accepted, report.not_sold), (5, 4, 3));
    let offered = |slug: &str| catalogue.find(&slug.parse().unwrap()).unwrap().availability;
    assert_eq!((offered("a/a"), offered("a/c")), (Availability::InStock, Availability::NotSold));
    let woocommerce = "ID,Type,SKU,Name,Published,In stock?,Stock,Regular price,product_slug\n\
                       1,simple,1,A,1,0,,1.00,a/a\n2,simple,2,B,-1,1,,1.00,a/b\n";
    let (catalogue, report) = read(woocommerce);
    assert_eq!((report.accepted, report.not_sold), (2, 1), "sold out is not unsold");
    let offered = |slug: &str| catalogue.find(&slug.parse().unwrap()).unwrap().availability;
    assert_eq!((offered("a/a"), offered("a/b")), (Availability::OutOfStock, Availability::NotSold));
}

#[test]
fn a_price_that_is_written_otherwise_is_told_how_to_write_it() {
    let google = ["USD 10.00", "$10.00", "$10.00 USD", "10.00", "10.00 usd", "USD10.00"];
    let rows: String = google.iter().map(|price| format!("1\t{price}\tin_stock\ta/b\n")).collect();
    let rest = "2\t1.00 USD\tin_stock\ta/c\n";
    let (_, table) = read(format!("id\tprice\tavailability\tproduct_slug\n{rows}{rest}"));
    let acp = ["169.99", "\"169.99\"", "\"USD 169.99\"", "\"$169.99\"", "16999"];
    let product = |price: &str, slug: &str| {
        format!(
            r#"{{"id":"1","price":{price},"availability":"in_stock","product_slug":"a/{slug}"}}"#
        )
    };
    let mut lines: Vec<String> = acp.iter().map(|price| product(price, "b")).collect();
    lines.push(product(r#"{"amount":16999,"currency":"USD"}"#, "c"));
    let (_, acp) = read(lines.join("\n"));
    let told = [table, acp].map(|report| {
        let rows = report.rejected.kept().iter();
        rows.map(|row| format!("{}: {}", row.value, row.reason)).collect::<Vec<_>>().join("\n")
    });
    assert_snapshot!(told.join("\n\n"), @r#"
    USD 10.00: expected the currency behind the amount, such as 169.99 USD
    $10.00: expected an amount and its currency without the $, such as 169.99 USD
    $10.00 USD: expected an amount without the $, such as 169.99 USD
    10.00: expected an amount and its currency, such as 169.99 USD
    10.00 usd: the currency is "usd", expected USD
    USD10.00: expected an amount and its currency, such as 169.99 USD

    169.99: expected an amount and its currency, such as "169.99 USD", or {"amount":16999,"currency":"USD"}, in cents
    169.99: expected an amount and its currency, such as "169.99 USD", or {"amount":16999,"currency":"USD"}, in cents
    USD 169.99: expected the currency behind the amount, such as 169.99 USD
    $169.99: expected an amount and its currency without the $, such as 169.99 USD
    16999: expected an amount and its currency, such as "169.99 USD", or {"amount":16999,"currency":"USD"}, in cents
    "#);
}

proptest! {
    #[test]
    fn whatever_the_damage_products_are_counted(
        layout in 0..LAYOUTS.len(),
        damage in proptest::collection::vec(
            (any::<prop::sample::Index>(), 0..40_usize, "[\\x00-\\x7f\u{e9}\t\n\",<>&;{}\\[\\]]{0,12}"),
            0..6,
        ),
        products in round_trip::any_products(),
    ) {
        let mut feed = writer::write(LAYOUTS[layout].0, &products).into_bytes();
        for (at, removed, inserted) in damage {
            let at = at.index(feed.len() + 1);
            let end = (at + removed).min(feed.len());
            feed.splice(at..end, inserted.into_bytes());
        }
        for format in Format::ALL {
            let loaded = load(feed.as_slice(), Some(format), &SlugMapping::default(), Tz::UTC, |_, _| {});
            if let Ok(Loaded { catalogue, report, .. }) = loaded {
                let left_out = report.unmapped.count() + report.rejected.count();
                prop_assert_eq!(report.accepted + left_out, report.read);
                prop_assert_eq!(report.accepted, u64::try_from(catalogue.len()).unwrap());
                for rejection in report.rejected.kept() {
                    prop_assert!(!rejection.value.contains(char::is_control));
                }
            }
        }
    }

    #[test]
    fn bytes_without_any_sense_are_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Format::detect(&bytes);
        let _ = MappingTable::read(bytes.as_slice());
        for format in Format::ALL {
            let _ = load(bytes.as_slice(), Some(format), &SlugMapping::default(), Tz::UTC, |_, _| {});
        }
    }
}
