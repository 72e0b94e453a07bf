//! Products that come as rows of a query.

use chrono_tz::Tz;
use insta::assert_snapshot;
use rfq_reference_agent::catalogue::Availability;
use rfq_reference_agent::feed::{MappingTable, SlugMapping, TableLoader};

use super::super::asking::noon;

#[test]
fn rows_are_taken_in_with_bare_prices() {
    let slugs = SlugMapping::default();
    let columns =
        ["id", "product_slug", "price", "sale_price", "quantity", "title", "price_breaks"];
    let mut loader = TableLoader::new(&columns, &slugs, Tz::UTC).unwrap();
    loader.row(1, &["A", "a/a", "12.00", "9.99", "7", "Thing", "10:9.00"]);
    loader.row(2, &["B", "a/b", "12 USD", "", "", "", ""]);
    loader.row(3, &["C", "a/c", "12 EUR", "", "", "", ""]);
    loader.row(4, &["D", "", "12", "", "", "", ""]);
    loader.row(5, &["E", "a/a", "12", "", "", "", ""]);
    loader.row(6, &["F", "a/f", "12"]);
    let (catalogue, report) = loader.finish().unwrap();
    assert_eq!((report.read, report.accepted, report.unmapped.count()), (6, 2, 1));
    let thing = catalogue.find(&"a/a".parse().unwrap()).unwrap();
    assert_eq!((&*thing.id, &*thing.title, thing.on_hand), ("A", "Thing", Some(7)));
    assert_eq!(thing.availability, Availability::InStock);
    assert_eq!(thing.prices.each(1, noon()).to_string(), "9.99");
    assert_eq!(thing.prices.each(10, noon()).to_string(), "9.00");
    let other = catalogue.find(&"a/b".parse().unwrap()).unwrap();
    assert_eq!((&*other.title, other.on_hand), ("b", None));
    let mut list = Vec::new();
    report.write_rejections(&mut list).unwrap();
    assert_snapshot!(String::from_utf8(list).unwrap(), @r#"
    line	id	field	value	reason
    3	C	price	12 EUR	the currency is "EUR", expected USD
    5	E	product_slug	a/a	a/a stands in line 1 already
    6		row		3 values under a header of 7 columns
    "#);
}

#[test]
fn without_a_column_of_availability_only_what_has_a_quantity_is_in_stock() {
    let slugs = SlugMapping::default();
    let columns = ["id", "product_slug", "price", "quantity"];
    let mut loader = TableLoader::new(&columns, &slugs, Tz::UTC).unwrap();
    for (number, quantity) in [(1, "3"), (2, "0"), (3, ""), (4, "-2")] {
        let (id, slug) = (number.to_string(), format!("a/b{number}"));
        loader.row(number, &[&id, &slug, "1.00", quantity]);
    }
    let (catalogue, report) = loader.finish().unwrap();
    assert_eq!(report.rejected.kept(), []);
    let to_be_had = |number: u64| {
        let product = catalogue.find(&format!("a/b{number}").parse().unwrap()).unwrap();
        product.available(0)
    };
    assert_eq!([1, 2, 3, 4].map(to_be_had), [Some(3), Some(0), Some(0), Some(0)]);
}

#[test]
fn columns_that_are_missing_or_repeated_are_named() {
    let slugs = SlugMapping::by_column("Market Name");
    let told =
        |columns: &[&str]| TableLoader::new(columns, &slugs, Tz::UTC).unwrap_err().to_string();
    let errors = [
        told(&["id", "market_name", "quantity"]),
        told(&["id", "price", "quantity"]),
        told(&["id", "market_name", "price"]),
        told(&["id", "ID", "market_name", "price", "quantity"]),
    ];
    assert_snapshot!(errors.join("\n"), @r#"
    it has no column "price"; add it: it holds the price of one unit, such as 169.99 USD
    it has no column "market_name"; add it: it holds the marketplace's name of the product, such as coffee-grinders/baratza-encore-esp; or name a mapping file
    it has no column "availability"; add it: it holds in_stock or out_of_stock; or add quantity, the units on hand
    it has the column "id" twice; which of the two counts cannot be told
    "#);
    let (table, _) = MappingTable::read("product_slug,id\na/a,A\n".as_bytes()).unwrap();
    let slugs = SlugMapping::default().with_table(table);
    let mut loader = TableLoader::new(&["id", "price", "availability"], &slugs, Tz::UTC).unwrap();
    loader.row(1, &["A", "1.00", "out_of_stock"]);
    let (catalogue, _) = loader.finish().unwrap();
    let product = catalogue.find(&"a/a".parse().unwrap()).unwrap();
    assert_eq!(product.availability, Availability::OutOfStock);
}

#[test]
fn without_any_row_there_is_nothing_to_serve() {
    let slugs = SlugMapping::default();
    let loader =
        TableLoader::new(&["id", "price", "quantity", "product_slug"], &slugs, Tz::UTC).unwrap();
    assert_snapshot!(loader.finish().unwrap_err(), @"
    there are no products in it; check what exports it
    ");
}
