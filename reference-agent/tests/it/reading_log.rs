//! What is told of each reading of the feed.

use std::fs;
use std::path::Path;

use chrono_tz::Tz;
use insta::assert_snapshot;
use rfq_reference_agent::config::Config;
use rfq_reference_agent::source::{ReadingLog, Source};
use tempfile::TempDir;
use tracing_subscriber::filter::LevelFilter;

use super::asking::noon;
use super::log::Log;

const GOOD: &str = "good\t1.00 USD\tin_stock\tshop/good";

/// A shop's folder, with the log of the readings of its feed.
struct Shop {
    dir: TempDir,
    readings: ReadingLog,
    keys: &'static str,
}

impl Shop {
    fn new(keys: &'static str) -> Self {
        let dir = TempDir::new().unwrap();
        let readings = ReadingLog::new(dir.path());
        Self { dir, readings, keys }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    /// What is logged of a feed of these rows.
    async fn told(&self, rows: &[&str]) -> String {
        let feed = self.path("feed.tsv");
        let header = "id\tprice\tavailability\tproduct_slug";
        fs::write(&feed, [&[header], rows].concat().join("\n") + "\n").unwrap();
        let read = source(&feed, self.keys).read(noon(), |_, _| {}).await.unwrap();
        let log = Log::default();
        let _log = log.keep(LevelFilter::INFO);
        self.readings.tell(&read, noon());
        log.text().replace(&self.dir.path().display().to_string(), "DIR")
    }
}

fn source(feed: &Path, keys: &str) -> Source {
    let folder = feed.parent().unwrap().display();
    let keys = keys.replace("DIR", &folder.to_string());
    let config = format!("[feed]\nfile = \"{folder}/feed.tsv\"\n{keys}");
    Source::new(toml::from_str::<Config>(&config).unwrap().feed, Tz::UTC)
}

#[tokio::test]
async fn a_feed_in_order_is_one_line() {
    let shop = Shop::new("");
    assert_snapshot!(shop.told(&[GOOD, "other\t1.00 USD\tin_stock\t"]).await, @r#" INFO Loaded the feed read=2 accepted=1 not_sold=0 unmapped=1 unmapped_list="DIR/unmapped-rows.tsv" rejected=0 format=google-tsv"#);
    assert!(shop.path("unmapped-rows.tsv").exists() && !shop.path("rejected-rows.tsv").exists());
    assert_snapshot!(shop.told(&[GOOD]).await, @" INFO Loaded the feed read=1 accepted=1 not_sold=0 unmapped=0 rejected=0 format=google-tsv");
    assert!(!shop.path("unmapped-rows.tsv").exists());
}

#[tokio::test]
async fn a_rejected_row_is_told_when_it_is_new_and_listed_as_long_as_it_is_there() {
    let shop = Shop::new("");
    let (bad, worse) = ("bad\tfree\tin_stock\tshop/bad", "worse\t1.00 USD\tperhaps\tshop/worse");
    assert_snapshot!(shop.told(&[GOOD, bad]).await, @r#"
    WARN Loaded the feed without its rejected rows; the list says which and why read=2 accepted=1 not_sold=0 unmapped=0 rejected=1 rejected_list="DIR/rejected-rows.tsv" format=google-tsv
    WARN Left out a row of the feed line=3 id="bad" field="price" value="free" reason="expected an amount and its currency, such as 169.99 USD"
    "#);
    // The same row, elsewhere in the feed.
    assert_snapshot!(shop.told(&[bad, GOOD]).await, @r#" WARN Loaded the feed without its rejected rows; the list says which and why read=2 accepted=1 not_sold=0 unmapped=0 rejected=1 rejected_list="DIR/rejected-rows.tsv" format=google-tsv"#);
    assert_snapshot!(shop.told(&[GOOD, bad, worse]).await, @r#"
    WARN Loaded the feed without its rejected rows; the list says which and why read=3 accepted=1 not_sold=0 unmapped=0 rejected=2 rejected_list="DIR/rejected-rows.tsv" format=google-tsv
    WARN Left out a row of the feed line=4 id="worse" field="availability" value="perhaps" reason="expected in_stock, out_of_stock, preorder or backorder"
    "#);
    let list = fs::read_to_string(shop.path("rejected-rows.tsv")).unwrap();
    assert_eq!(list.lines().count(), 3, "{list}");
    shop.told(&[GOOD]).await;
    assert!(!shop.path("rejected-rows.tsv").exists());
    let told_again = shop.told(&[GOOD, bad]).await;
    assert!(told_again.contains("Left out a row of the feed line=3 id=\"bad\""), "{told_again}");
}

#[tokio::test]
async fn of_many_rejected_rows_the_first_are_told() {
    let shop = Shop::new("");
    let rows: Vec<String> = (0..1000).map(|n| format!("{n}\tfree\tin_stock\tshop/p-{n}")).collect();
    let rows: Vec<&str> = [GOOD].into_iter().chain(rows.iter().map(String::as_str)).collect();
    let told = shop.told(&rows).await;
    assert_eq!(told.matches("Left out a row").count(), 20, "{told}");
    assert!(told.contains("rejected=1000"), "{told}");
    let told = shop.told(&rows).await;
    assert_eq!(told.lines().count(), 1, "{told}");
}

#[tokio::test]
async fn a_mapping_has_a_line_and_a_list_of_its_own() {
    let shop = Shop::new("mapping_file = \"DIR/mapping.csv\"");
    fs::write(shop.path("mapping.csv"), "id,product_slug\nother,shop/other\nthird,No Slug\n")
        .unwrap();
    assert_snapshot!(shop.told(&[GOOD]).await, @r#"
    INFO Loaded the feed read=1 accepted=1 not_sold=0 unmapped=0 rejected=0 format=google-tsv
    WARN Read the mapping file without its rejected rows; the list says which and why read=2 rejected=1 rejected_list="DIR/rejected-mapping-rows.tsv"
    "#);
    assert!(shop.path("rejected-mapping-rows.tsv").exists());
    fs::write(shop.path("mapping.csv"), "id,product_slug\nother,shop/other\n").unwrap();
    assert_snapshot!(shop.told(&[GOOD]).await, @"
    INFO Loaded the feed read=1 accepted=1 not_sold=0 unmapped=0 rejected=0 format=google-tsv
    INFO Read the mapping file read=1 rejected=0
    ");
    assert!(!shop.path("rejected-mapping-rows.tsv").exists());
}

#[tokio::test]
async fn a_list_that_cannot_be_written_stops_nothing() {
    let shop = Shop::new("");
    fs::create_dir(shop.path("rejected-rows.tsv")).unwrap();
    let told = shop.told(&[GOOD, "bad\tfree\tin_stock\tshop/bad"]).await;
    assert!(told.contains("A list of rows left out could not be written"), "{told}");
    assert!(told.contains("Loaded the feed"), "{told}");
}

#[tokio::test]
async fn stock_that_is_shared_is_told_when_it_is_new() {
    let shop = Shop::new("");
    let shared = async |products: u64| {
        let feed = shop.path("feed.tsv");
        fs::write(&feed, format!("id\tprice\tavailability\tproduct_slug\n{GOOD}\n")).unwrap();
        let mut read = source(&feed, "").read(noon(), |_, _| {}).await.unwrap();
        read.report.sharing_stock = products;
        let log = Log::default();
        let _log = log.keep(LevelFilter::WARN);
        shop.readings.tell(&read, noon());
        log.text()
    };
    assert_snapshot!(shared(2).await, @" WARN Variations share the stock of their parent, which is counted for each by itself, so that more may be sold than there is; give each a stock of its own products=2");
    assert_eq!(shared(2).await, "");
    assert!(shared(3).await.contains("products=3"));
    assert_eq!(shared(0).await, "");
}
