//! Where products are sent for how much and how fast, as their feed says.

use insta::assert_snapshot;
use rfq_reference_agent::catalogue::Days;
use rfq_reference_agent::feed::{FeedError, Loaded};
use rfq_reference_agent::shipping::{Rate, ShippingTable};

use super::loaded;

/// The rates of a feed's products as `country state price handling transit`, then its rejections.
fn told(feed: &str) -> String {
    let Loaded { catalogue, report, .. } = loaded(feed).unwrap();
    let mut lines: Vec<String> = catalogue
        .iter()
        .map(|product| format!("{} {:?} {:?}", product.id, product.shipping, product.handling))
        .collect();
    lines.sort();
    let rejected = report.rejected.kept().iter();
    lines.extend(
        rejected.map(|row| format!("{} {} {:?}: {}", row.id, row.field, row.value, row.reason)),
    );
    lines.join("\n")
}

/// The table of a feed's one product.
fn table(feed: &str) -> ShippingTable {
    let Loaded { catalogue, report, .. } = loaded(feed).unwrap();
    assert_eq!(report.rejected.kept(), [], "{feed}");
    (*catalogue.iter().next().unwrap().shipping).clone()
}

fn rate(state: Option<&str>, price: &str) -> Rate {
    let (country, state) = ("US".into(), state.map(Into::into));
    Rate { country, state, price: price.parse().unwrap(), handling: None, transit: None }
}

fn item(id: u32, elements: &str) -> String {
    format!(
        "<item><g:id>{id}</g:id><g:price>10.00 USD</g:price>\
         <g:availability>in_stock</g:availability><product_slug>a/b{id}</product_slug>{elements}</item>\n"
    )
}

fn rss(items: &[String]) -> String {
    let items = items.concat();
    format!("<rss xmlns:g=\"http://base.google.com/ns/1.0\" xmlns:x=\"urn:x\">\n{items}</rss>")
}

fn tsv(column: &str, values: &[&str]) -> String {
    let rows = values.iter().enumerate();
    let rows = rows.map(|(at, value)| format!("{at}\t1.00 USD\tin_stock\ta/b{at}\t{value}\n"));
    let rows: String = rows.collect();
    format!("id\tprice\tavailability\tproduct_slug\t{column}\n{rows}")
}

#[test]
fn a_rate_for_a_part_of_a_region_is_not_taken_for_all_of_it() {
    let rate = |parts: &str| {
        format!("<g:shipping><g:country>US</g:country><g:price>5 USD</g:price>{parts}</g:shipping>")
    };
    let feed = rss(&[
        item(1, &rate("<g:service>Ground, insured: 2 days</g:service>")),
        item(2, &rate("<g:postal_code>902*</g:postal_code>")),
        item(3, &(rate("") + &rate("<g:location_id>21137</g:location_id>"))),
        item(4, &rate("<g:location_group_name>West</g:location_group_name>")),
        item(5, &rate("<g:postal_code></g:postal_code>")),
        item(6, &rate("<g:handling_cutoff_time>1500</g:handling_cutoff_time><x:note>1</x:note>")),
    ]);
    assert_snapshot!(told(&feed), @r#"
    1 ShippingTable { rates: [Rate { country: "US", state: None, price: Usd(5.00), handling: None, transit: None }] } None
    5 ShippingTable { rates: [Rate { country: "US", state: None, price: Usd(5.00), handling: None, transit: None }] } None
    6 ShippingTable { rates: [Rate { country: "US", state: None, price: Usd(5.00), handling: None, transit: None }] } None
    2 g:shipping "US:::5 USD": it has the part "postal_code", but an RFQ names no more than country and region; expected rates by these alone, or none here and zones in [shipping] of the configuration
    3 g:shipping "US:::5 USD,US:::5 USD": it has the part "location_id", but an RFQ names no more than country and region; expected rates by these alone, or none here and zones in [shipping] of the configuration
    4 g:shipping "US:::5 USD": it has the part "location_group_name", but an RFQ names no more than country and region; expected rates by these alone, or none here and zones in [shipping] of the configuration
    "#);
}

#[test]
fn shipping_without_a_namespace_is_read_and_google_s_counts_before_it() {
    let parts = |p: &str, price: &str| {
        format!(
            "<{p}shipping><{p}country>US</{p}country><{p}price>{price}</{p}price></{p}shipping>"
        )
    };
    let plain = rss(&[item(1, &parts("", "5.00 USD"))]);
    assert_eq!(table(&plain), ShippingTable::new(vec![rate(None, "5.00")]));
    let text = rss(&[item(1, "<shipping>US:CA:Ground:6.99 USD</shipping>")]);
    assert_eq!(table(&text), ShippingTable::new(vec![rate(Some("CA"), "6.99")]));
    let both = parts("", "0.00 USD") + &parts("g:", "7.00 USD") + &parts("", "0.00 USD");
    let both = rss(&[item(1, &both)]);
    assert_eq!(table(&both), ShippingTable::new(vec![rate(None, "7.00")]));
    let atom = plain
        .replace("<rss ", "<feed xmlns=\"http://www.w3.org/2005/Atom\" ")
        .replace("</rss>", "</feed>")
        .replace("item>", "entry>");
    assert_eq!(table(&atom), ShippingTable::new(vec![rate(None, "5.00")]));
    let broken = rss(&[item(1, &parts("", "free")), item(2, "")]);
    assert_snapshot!(told(&broken), @r#"
    2 ShippingTable { rates: [] } None
    1 shipping "US:::free": "US:::free": expected an amount and its currency, such as 169.99 USD
    "#);
    let narrow = plain.replace("<price>", "<postal_code>902*</postal_code><price>");
    assert!(matches!(loaded(narrow), Err(FeedError::NoUsableRow { .. })));
}

#[test]
fn a_column_may_name_the_parts_of_its_values() {
    let one = |column: &str, value: &str| table(&tsv(column, &[value]));
    let expected = ShippingTable::new(vec![rate(Some("CA"), "6.99"), rate(None, "9.00")]);
    assert_eq!(one("shipping(country:region:price)", "US:CA:6.99 USD,US::9.00 USD"), expected);
    assert_eq!(one("Shipping (Country:Price:Region)", "US:6.99 USD:CA,US:9.00 USD:"), expected);
    assert_eq!(
        one("shipping(country:region:service:price)", "US:CA:Ground:6.99 USD, US:::9.00 USD"),
        expected
    );
    let with_days = Rate { transit: Some(Days { min: 1, max: 3 }), ..rate(None, "6.99") };
    assert_eq!(
        one("shipping(country:price:min_transit_time:max_transit_time)", "US:6.99 USD:1:3"),
        ShippingTable::new(vec![with_days])
    );
    let feed = tsv("shipping(country:region:price)", &["US:CA:G:6.99 USD", "", "US:CA:free"]);
    assert_snapshot!(told(&feed), @r#"
    1 ShippingTable { rates: [] } None
    0 shipping(country:region:price) "US:CA:G:6.99 USD": "US:CA:G:6.99 USD": expected the parts that its column names
    2 shipping(country:region:price) "US:CA::free": "US:CA::free": expected an amount and its currency, such as 169.99 USD
    "#);
    let refused = |column: &str| loaded(tsv(column, &[""])).unwrap_err().to_string();
    let refused = [
        refused("shipping(country:postal_code:price)"),
        refused("shipping(country:location_id:price)"),
        refused("shipping(country:country:price)"),
        refused("shipping()"),
        refused("shipping\tshipping(country:price)"),
    ];
    assert_snapshot!(refused.join("\n"), @r#"
    its header cannot be used: shipping(country:postal_code:price): it has the part "postal_code", but an RFQ names no more than country and region; expected rates by these alone, or none here and zones in [shipping] of the configuration
    its header cannot be used: shipping(country:location_id:price): it has the part "location_id", but an RFQ names no more than country and region; expected rates by these alone, or none here and zones in [shipping] of the configuration
    its header cannot be used: shipping(country:country:price): it has the part country twice
    its header cannot be used: shipping(): it has the part "", but an RFQ names no more than country and region; expected rates by these alone, or none here and zones in [shipping] of the configuration
    it has the column "shipping" twice; which of the two counts cannot be told
    "#);
}

#[test]
fn a_column_of_the_shop_s_own_names_no_parts() {
    let label = "Shipping (product.metafields.custom.shipping)";
    let feed = format!(
        "Handle,Variant Price,{label},Slug (product.metafields.custom.product_slug)\n\
         a,10.00,US:CA:Ground:6.99 USD,a/b\n"
    );
    assert_eq!(table(&feed), ShippingTable::new(vec![rate(Some("CA"), "6.99")]));
}

#[test]
fn the_fewest_days_alone_promise_nothing() {
    let feed = tsv(
        "min_handling_time\tmax_handling_time\tshipping",
        &[
            "\t3\t",
            "3\t\t",
            "\t\tUS:::5 USD:2::1:3",
            "\t\tUS:::5 USD::2:1:3",
            "\t\tUS:::5 USD:::1:",
        ],
    );
    assert_snapshot!(told(&feed), @r#"
    0 ShippingTable { rates: [] } Some(Days { min: 0, max: 3 })
    3 ShippingTable { rates: [Rate { country: "US", state: None, price: Usd(5.00), handling: Some(Days { min: 0, max: 2 }), transit: Some(Days { min: 1, max: 3 }) }] } None
    1 min_handling_time "3": the fewest days stand there without the most
    2 shipping "US:::5 USD:2::1:3": "US:::5 USD:2::1:3": the fewest days stand there without the most
    4 shipping "US:::5 USD:::1:": "US:::5 USD:::1:": the fewest days stand there without the most
    "#);
}

#[test]
fn a_rate_for_a_country_that_is_none_would_never_count_so_its_row_is_rejected() {
    let feed = tsv("shipping", &["UK:::6.99 USD", "CA:US::6.99 USD", "US:CA::6.99 USD"]);
    assert_snapshot!(told(&feed), @r#"
    2 ShippingTable { rates: [Rate { country: "US", state: Some("CA"), price: Usd(6.99), handling: None, transit: None }] } None
    0 shipping "UK:::6.99 USD": "UK:::6.99 USD": UK is no country of ISO 3166; expected one such as GB
    1 shipping "CA:US::6.99 USD": "CA:US::6.99 USD": did you mean US:CA? The country comes first
    "#);
}
