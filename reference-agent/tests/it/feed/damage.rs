//! Feeds that are damaged: cut off, with quotes left open, with rows beyond all bounds.

use std::io::Read as _;

use chrono_tz::Tz;
use insta::assert_snapshot;
use rfq_reference_agent::feed::{FeedError, Format, SlugMapping, load};

use super::writer::{self, LAYOUTS};
use super::{loaded, read};

const HEADER: &str = "id,price,availability,product_slug,title\n";

/// The line in which a feed is cut off, if it is.
fn cut_off(feed: &str) -> Option<u64> {
    match loaded(feed) {
        Err(FeedError::CutOff { line }) => Some(line),
        _ => None,
    }
}

#[test]
fn a_last_line_needs_no_line_break() {
    for (layout, _) in LAYOUTS {
        let product = writer::Product {
            id: "1".into(),
            slug: "a/b".into(),
            title: "One".into(),
            price_cents: 100,
            ..writer::Product::default()
        };
        let feed = writer::write(layout, &[product]);
        assert_eq!(read(feed.trim_end_matches('\n')).1.accepted, 1, "{layout}");
    }
}

#[test]
fn a_feed_that_is_cut_off_is_an_error() {
    let good = "1,1.00 USD,in_stock,a/b,One\n";
    assert_eq!(cut_off(&format!("{HEADER}{good}2,1.00 USD,in_st")), Some(3));
    assert_eq!(cut_off(&format!("{HEADER}{good}2,1.00 USD,in_stock,a/c,\"Tw")), Some(3));
    // In a value of several lines, at the end of one.
    assert_eq!(cut_off(&format!("{HEADER}{good}2,1.00 USD,in_stock,a/c,\"Tw\no\n")), Some(4));
    let tabs = |text: &str| text.replace(',', "\t");
    assert_eq!(cut_off(&tabs(&format!("{HEADER}{good}2,1.00 USD,in_st"))), Some(3));
    let json = r#"{"id":"1","price":"1.00 USD","availability":"in_stock","product_slug":"a/b"}"#;
    assert_eq!(cut_off(&format!("{json}\n{}", &json[..30])), Some(2));
}

#[test]
fn xml_that_is_cut_off_anywhere_is_an_error() {
    let feed = include_str!("../../feeds/google-rss.xml").trim_end();
    for at in (100..feed.len()).filter(|at| feed.is_char_boundary(*at)) {
        let error = loaded(&feed[..at]).map(|loaded| loaded.report).unwrap_err();
        assert!(
            matches!(error, FeedError::CutOff { .. } | FeedError::Xml { .. }),
            "cut off at {at}: {error}"
        );
    }
}

#[test]
fn xml_that_is_not_well_formed_names_its_line() {
    let item = "<item><g:id>1</g:id></item>";
    let feeds = [
        format!("<rss xmlns:g=\"http://base.google.com/ns/1.0\">\n{item}\n</channel></rss>"),
        format!("<rss>\n{item}</rss>"),
        "<rss>\n<item a=\"1\" a=\"2\"/></rss>".to_owned(),
        "<rss>\n\n<item>&#0;</item></rss>".to_owned(),
        "<rss/>\nmore".to_owned(),
        "<rss/>\n<rss/>".to_owned(),
        "</rss>".to_owned(),
        "<rss><!x></rss>".to_owned(),
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><rss/>".to_owned(),
    ];
    let mut errors: Vec<String> =
        feeds.iter().map(|feed| loaded(feed).unwrap_err().to_string()).collect();
    errors.push(loaded(b"<rss>\n<item><t>Caf\xe9</t></item></rss>").unwrap_err().to_string());
    assert_snapshot!(errors.join("\n"), @"
    it is not well-formed XML; the first problem is in line 3: ill-formed document: expected `</rss>`, but `</channel>` was found
    it is not well-formed XML; the first problem is in line 2: the prefix g has no namespace
    it is not well-formed XML; the first problem is in line 2: position 11: duplicated attribute, previous declaration at position 5
    it is not well-formed XML; the first problem is in line 3: invalid character reference: 0x0 character is not permitted in XML
    it is not well-formed XML; the first problem is in line 1: there is text outside of the root element
    it is not well-formed XML; the first problem is in line 2: there is a second root element
    it is not well-formed XML; the first problem is in line 1: ill-formed document: close tag `</rss>` does not match any open tag
    it is not well-formed XML; the first problem is in line 1: unknown markup behind <!
    it is not well-formed XML; the first problem is in line 1: it is not UTF-8; save it as UTF-8
    it is not well-formed XML; the first problem is in line 2: it is not UTF-8; save it as UTF-8
    ");
}

#[test]
fn a_quote_left_open_costs_its_own_row_only() {
    // Nothing behind it closes the quote.
    let rows: String = (2..=5000).map(|n| format!("{n},1.00 USD,in_stock,a/{n},T\n")).collect();
    let feed = format!("{HEADER}1,1.00 USD,in_stock,a/1,\"Open\n{rows}");
    let (_, report) = read(feed);
    assert_eq!((report.read, report.accepted), (5000, 4999));
    assert_eq!((report.rejected.kept()[0].line, &*report.rejected.kept()[0].id), (2, "1"));
    // The quotes of the rows behind it would close it and open it again.
    let rows: String =
        (2..=5000).map(|n| format!("{n},1.00 USD,in_stock,a/{n},\"T, \"\"{n}\"\"\"\n")).collect();
    let (_, report) = read(format!("{HEADER}1,1.00 USD,in_stock,a/1,\"Open\n{rows}"));
    assert_eq!((report.read, report.accepted, report.rejected.kept()[0].line), (5000, 4999, 2));
}

#[test]
fn rows_whose_quotes_all_stay_open_are_each_looked_at_twice_at_most() {
    // Read from its beginning such a line ends inside a quote, and read from inside a quote, too: a
    // reader that begins anew after each row would look at every line once for each before it.
    let line = "x\",y\"z,\"w\n";
    let feed = format!(
        "{HEADER}1,1.00 USD,in_stock,a/1,T\n{}2,1.00 USD,in_stock,a/2,T\n",
        line.repeat(200_000)
    );
    let (_, report) = read(feed);
    assert_eq!((report.read, report.accepted), (200_002, 2));
}

#[test]
fn a_product_beyond_all_bounds_is_rejected_without_being_held() {
    let long = "x".repeat((1 << 20) + 1);
    let good = |n: u32| format!("{n},1.00 USD,in_stock,a/{n},T\n");
    let in_commas = [
        format!("{HEADER}{}2,1.00 USD,in_stock,a/2,{long}\n{}", good(1), good(3)),
        format!("{HEADER}{}2,1.00 USD,in_stock,a/2,\"{long}\"\n{}", good(1), good(3)),
    ];
    let in_tabs = in_commas[0].replace(',', "\t");
    let json = |n: u32, title: &str| {
        format!(
            r#"{{"id":"{n}","title":"{title}","price":"1.00 USD","availability":"in_stock","product_slug":"a/{n}"}}"#
        )
    };
    let in_json = format!("\n{}\n{}\n{}\n", json(1, ""), json(2, &long), json(3, ""));
    let item = |n: u32, title: &str| {
        format!(
            "<item><g:id>{n}</g:id><g:title>{title}</g:title><g:price>1.00 USD</g:price><g:availability>in_stock</g:availability><product_slug>a/{n}</product_slug></item>"
        )
    };
    let in_xml = format!(
        "<rss xmlns:g=\"http://base.google.com/ns/1.0\">\n{}\n{}\n{}</rss>",
        item(1, ""),
        item(2, &long),
        item(3, "")
    );
    for feed in [&in_commas[0], &in_commas[1], &in_tabs, &in_json, &in_xml] {
        let (_, report) = read(feed);
        assert_eq!((report.read, report.accepted), (3, 2));
        let rejection = &report.rejected.kept()[0];
        assert_eq!(
            (rejection.line, &*rejection.field, &*rejection.reason),
            (3, "row", "longer than 1 MiB")
        );
    }
    // What is not read may be long.
    let aside = in_xml.replace("g:title", "description");
    assert_eq!(read(aside).1.accepted, 3);
}

#[test]
fn a_line_that_never_ends_is_not_held() {
    let endless = std::io::repeat(b'x').take(64 << 20);
    let feed = HEADER.as_bytes().chain(endless);
    let failed = load(feed, Some(Format::GoogleCsv), &SlugMapping::default(), Tz::UTC, |_, _| {});
    assert!(matches!(failed, Err(FeedError::CutOff { line: 2 })), "{failed:?}");
    let feed = b"<rss><item><g>".chain(std::io::repeat(b'x').take(64 << 20));
    let failed = load(feed, Some(Format::GoogleXml), &SlugMapping::default(), Tz::UTC, |_, _| {});
    assert!(matches!(failed, Err(FeedError::Xml { line: 1, .. })), "{failed:?}");
}
