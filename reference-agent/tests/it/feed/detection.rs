//! The format of a feed, told from its beginning, and by its name.

use insta::assert_snapshot;
use rfq_reference_agent::feed::{Format, SAMPLE};

#[test]
fn names_are_read_and_written() {
    for format in Format::ALL {
        assert_eq!(format.to_string().parse(), Ok(format));
        let json = serde_json::to_string(&format).unwrap();
        assert_eq!(json, format!("\"{format}\""));
        assert_eq!(serde_json::from_str::<Format>(&json).unwrap(), format);
    }
    assert_snapshot!("google".parse::<Format>().unwrap_err(), @r#"
    "google" is no format of a feed; expected one of google-tsv, google-csv, google-xml, acp-jsonl, shopify-csv, woocommerce-csv
    "#);
}

#[test]
fn the_beginning_tells() {
    let cases = [
        (SAMPLE, "google-tsv"),
        ("\u{feff}\"ID\"\t\"Price\"\n", "google-tsv"),
        ("id,title,link", "google-csv"),
        ("\u{feff}ID,\"Title, long\",PRICE\r\n", "google-csv"),
        ("Handle,Title,Variant Price\n", "shopify-csv"),
        ("Title,URL handle,Price\n", "shopify-csv"),
        ("ID,Type,SKU,Name,\"In stock?\",\"Regular price\"\n", "woocommerce-csv"),
        ("\n <?xml version=\"1.0\"?><rss>", "google-xml"),
        ("{\"feed_id\":\"1\"}\n{\"id\":", "acp-jsonl"),
    ];
    for (head, expected) in cases {
        assert_eq!(Format::detect(head.as_bytes()).map(Format::name), Ok(expected), "{head:?}");
    }
}

#[test]
fn what_it_does_not_tell_is_an_error_that_lists_the_formats() {
    for head in ["", "name;price;stock\n", "sku,cost\n1,2\n", "a\tb\n", "[{\"id\":1}]", "\"open"] {
        assert!(Format::detect(head.as_bytes()).is_err(), "{head:?}");
    }
    assert_snapshot!(Format::detect(b"sku,cost\n").unwrap_err(), @"
    its format cannot be told from its beginning; say by feed.format, or --format of init and import, which of google-tsv, google-csv, google-xml, acp-jsonl, shopify-csv, woocommerce-csv it is, or check what exports it
    ");
}
