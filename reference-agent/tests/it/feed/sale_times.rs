//! When a sale holds: times with an offset, and those by the shop's own clock.

use chrono::{DateTime, Utc};
use chrono_tz::{America, Asia, Pacific, Tz};
use rfq_reference_agent::feed::{Loaded, SlugMapping, TableLoader, load};
use rfq_reference_agent::pricing::{Sale, UnitPrices};

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The prices of a feed's one product.
fn prices(feed: &str, zone: Tz) -> UnitPrices {
    let loaded = load(feed.as_bytes(), None, &SlugMapping::default(), zone, |_, _| {});
    let Loaded { catalogue, report, .. } = loaded.unwrap();
    assert_eq!(report.rejected.kept(), [], "{feed}");
    catalogue.iter().next().unwrap().prices.clone()
}

/// 8.00 instead of 10.00 between two times.
fn sale(from: &str, until: &str) -> UnitPrices {
    let sale =
        Sale { price: "8.00".parse().unwrap(), from: Some(time(from)), until: Some(time(until)) };
    UnitPrices::new("10.00".parse().unwrap(), Some(sale), vec![], None).unwrap()
}

fn google(dates: &str) -> String {
    format!(
        "id\tprice\tsale_price\tsale_price_effective_date\tavailability\tproduct_slug\n\
         1\t10.00 USD\t8.00 USD\t{dates}\tin_stock\ta/b\n"
    )
}

#[test]
fn days_and_times_without_an_offset_are_the_shop_s_in_every_format() {
    let woocommerce = "SKU,In stock?,Regular price,Sale price,Date sale price starts,\
        Date sale price ends,Meta: product_slug\n\
        1,1,10.00,8.00,2026-11-24 0:00:00,2026-11-30 23:59:59,a/b\n";
    let acp = r#"{"id":"1","price":"10.00 USD","sale_price":"8.00 USD","availability":"in_stock","product_slug":"a/b","sale_price_start_date":"2026-11-24","sale_price_end_date":"2026-11-30T23:59:59"}"#;
    let xml = "<rss xmlns:g=\"http://base.google.com/ns/1.0\"><item><g:id>1</g:id>\
        <g:price>10.00 USD</g:price><g:sale_price>8.00 USD</g:sale_price>\
        <g:sale_price_effective_date>2026-11-24T00:00/2026-11-30T23:59:59</g:sale_price_effective_date>\
        <g:availability>in_stock</g:availability><g:product_slug>a/b</g:product_slug></item></rss>";
    let google = google("2026-11-24/2026-11-30T23:59:59");
    for feed in [woocommerce, acp, xml, &google] {
        let in_new_york = sale("2026-11-24T05:00:00Z", "2026-12-01T04:59:59Z");
        assert_eq!(prices(feed, America::New_York), in_new_york, "{feed}");
        let in_tokyo = sale("2026-11-23T15:00:00Z", "2026-11-30T14:59:59Z");
        assert_eq!(prices(feed, Asia::Tokyo), in_tokyo, "{feed}");
    }
    let slugs = SlugMapping::default();
    let columns =
        ["id", "product_slug", "price", "quantity", "sale_price", "sale_price_effective_date"];
    let mut loader = TableLoader::new(&columns, &slugs, America::New_York).unwrap();
    loader.row(1, &["1", "a/b", "10", "1", "8", "2026-11-24/2026-11-30"]);
    let (catalogue, _) = loader.finish().unwrap();
    let found = catalogue.iter().next().unwrap().prices.clone();
    assert_eq!(found, sale("2026-11-24T05:00:00Z", "2026-12-01T05:00:00Z"));
}

#[test]
fn an_offset_counts_before_the_shop_s_zone() {
    let feed = google("2026-11-24T00:00+0100/2026-12-01T00:00Z");
    let expected = sale("2026-11-23T23:00:00Z", "2026-12-01T00:00:00Z");
    assert_eq!(prices(&feed, America::New_York), expected);
}

#[test]
fn where_clocks_change_the_sale_is_the_shorter_one() {
    let read = |dates: &str, zone| prices(&google(dates), zone);
    // From 2:00 to 3:00 on 2026-03-08 New York's clocks show nothing.
    assert_eq!(
        read("2026-03-08T02:30:00/2026-03-10T00:00Z", America::New_York),
        sale("2026-03-08T07:30:00Z", "2026-03-10T00:00:00Z"),
    );
    assert_eq!(
        read("2026-03-07T00:00Z/2026-03-08T02:30:00", America::New_York),
        sale("2026-03-07T00:00:00Z", "2026-03-08T06:30:00Z"),
    );
    // From 1:00 to 2:00 on 2026-11-01 they show everything twice.
    assert_eq!(
        read("2026-11-01T01:30:00/2026-11-03T00:00Z", America::New_York),
        sale("2026-11-01T06:30:00Z", "2026-11-03T00:00:00Z"),
    );
    assert_eq!(
        read("2026-10-30T00:00Z/2026-11-01T01:30:00", America::New_York),
        sale("2026-10-30T00:00:00Z", "2026-11-01T05:30:00Z"),
    );
    // A whole day that was none.
    assert_eq!(
        read("2011-12-29T00:00Z/2011-12-30T12:00:00", Pacific::Apia),
        sale("2011-12-29T00:00:00Z", "2011-12-29T22:00:00Z"),
    );
}

#[test]
fn days_beyond_all_calendars_are_refused() {
    for zone in [Tz::UTC, Asia::Tokyo, America::New_York] {
        let good = "2\t1.00 USD\t\t\tin_stock\ta/c\n";
        let feed = google("-262143-01-01/+262142-12-31") + good;
        let slugs = SlugMapping::default();
        let loaded = load(feed.as_bytes(), None, &slugs, zone, |_, _| {}).unwrap();
        assert_eq!(&*loaded.report.rejected.kept()[0].field, "sale_price_effective_date");
    }
}
