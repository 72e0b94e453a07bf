//! From the shop's products to the marketplace's names.

use chrono_tz::Tz;
use insta::assert_snapshot;
use rfq_reference_agent::feed::{Loaded, MappingTable, SlugMapping, load};

fn table(file: &str) -> (MappingTable, String) {
    let (table, report) = MappingTable::read(file.as_bytes()).unwrap();
    let mut list = Vec::new();
    report.write_rejections(&mut list).unwrap();
    let told = format!("{} read, {} accepted\n", report.read, report.accepted);
    (table, told + &String::from_utf8(list).unwrap())
}

fn load_by(slugs: &SlugMapping, feed: &str) -> Loaded {
    load(feed.as_bytes(), None, slugs, Tz::UTC, |_, _| {}).unwrap()
}

/// The names of the products of these ids, `-` for those that are unmapped.
fn names(loaded: &Loaded, ids: &[&str]) -> Vec<String> {
    let name = |id: &&str| {
        let found = loaded.catalogue.iter().find(|product| *product.id == **id);
        found.map_or("-".to_owned(), |product| product.slug.to_string())
    };
    ids.iter().map(name).collect()
}

#[test]
fn the_column_counts_first_then_id_then_gtin_then_part() {
    let (table, told) = table(
        "product_slug\tid\tgtin\tbrand\tmpn\n\
         by/id\tA\t\t\t\n\
         by/gtin\t\t4006381333931\t\t\n\
         by/part\t\t\tMahl & Werk\tMW-64/b\n",
    );
    assert_snapshot!(told, @"
    3 read, 3 accepted
    line	id	field	value	reason
    ");
    let feed = "id\tprice\tavailability\tproduct_slug\tgtin\tbrand\tmpn\n\
        Z\t1.00 USD\tin_stock\tby/column\t\t\t\n\
        A\t1.00 USD\tin_stock\t\t4006381333931\tMahl & Werk\tMW-64/b\n\
        B\t1.00 USD\tin_stock\t\t0400-6381 333931\tMahl & Werk\tMW-64/b\n\
        C\t1.00 USD\tin_stock\t\tnone\tMAHL&WERK\tmw 64 B\n\
        D\t1.00 USD\tin_stock\t\t4006381333932\tMahl & Werk\t\n\
        a\t1.00 USD\tin_stock\t\t\t\t\n";
    let loaded = load_by(&SlugMapping::default().with_table(table), feed);
    assert_eq!(
        names(&loaded, &["Z", "A", "B", "C", "D", "a"]),
        ["by/column", "by/id", "by/gtin", "by/part", "-", "-"]
    );
    assert_eq!((loaded.report.read, loaded.report.accepted), (6, 4));
    assert_eq!(loaded.report.rejected.kept(), []);
    let unmapped: Vec<_> =
        loaded.report.unmapped.kept().iter().map(|product| (product.line, &*product.id)).collect();
    assert_eq!(unmapped, [(6, "D"), (7, "a")]);
}

#[test]
fn the_second_product_of_one_name_is_rejected() {
    let (table, _) = table("product_slug,id,gtin\na/b,A,4006381333931\n");
    let feed = "id,price,availability,gtin\n\
        A,1.00 USD,in_stock,\n\
        B,1.00 USD,in_stock,4006381333931\n";
    let loaded = load_by(&SlugMapping::default().with_table(table), feed);
    assert_eq!(names(&loaded, &["A", "B"]), ["a/b", "-"]);
    assert_eq!(loaded.report.rejected.kept()[0].reason, "a/b stands in line 2 already");
    assert_eq!(
        (loaded.report.rejected.kept()[0].line, &*loaded.report.rejected.kept()[0].field),
        (3, "product_slug")
    );
}

#[test]
fn the_column_has_the_name_it_is_given() {
    let slugs = SlugMapping::by_column("Market Name");
    let feed = "id,price,availability,MARKET_NAME\n1,1.00 USD,in_stock,a/b\n";
    assert_eq!(load_by(&slugs, feed).report.accepted, 1);
    let feed = r#"{"id":"1","price":"1.00 USD","availability":"in_stock","market_name":"a/b"}"#;
    assert_eq!(load_by(&slugs, feed).report.accepted, 1);
    let feed = "<rss xmlns:g=\"http://base.google.com/ns/1.0\"><item><g:id>1</g:id>\
        <g:price>1 USD</g:price><g:availability>in_stock</g:availability>\
        <market_name>a/b</market_name></item></rss>";
    assert_eq!(load_by(&slugs, feed).report.accepted, 1);
}

#[test]
fn keys_of_several_products_find_none_and_what_is_broken_is_told() {
    let (table, told) = table(
        "Product Slug,ID,GTIN,Brand,MPN\n\
         a/one,1,4006381333931,Acme,X 1\n\
         a/two,1,4006381333931,ACME,X-1\n\
         a/three,1,,,\n\
         a/one,1b,04006381333931,,\n\
         a/typo,typo,4006381333932,,\n\
         a/short,short,4.00638E+12,,\n\
         Not a slug,5,,,\n\
         a/none,,,Acme,\n\
         a/few,6\n\
         a/fine,7,96385074,,\n\
         a/fine,7,96385074,,\n",
    );
    assert_snapshot!(told, @"
    11 read, 6 accepted
    line	id	field	value	reason
    3	1	ID	1	it stands for a/one in line 2, so it finds neither of them
    3	1	GTIN	4006381333931	it stands for a/one in line 2, so it finds neither of them
    3	1	MPN	X-1	it stands for a/one in line 2, so it finds neither of them
    4	1	ID	1	it stands for other products above, so it finds none of them
    5	1b	GTIN	04006381333931	it stands for other products above, so it finds none of them
    6	typo	GTIN	4006381333932	its check digit is wrong, so a digit is mistyped or missing
    7	short	GTIN	4.00638E+12	expected a GTIN of at most 14 digits
    8	5	Product Slug	Not a slug	expected category/slug in lower-case letters, digits and hyphens, at most 200 bytes
    9		row		there is no id, no gtin, and not both of brand and mpn
    10		row		2 values under a header of 5 columns
    ");
    let feed = "id,price,availability,gtin,brand,mpn\n\
        1,1.00 USD,in_stock,4006381333931,acme,x1\n\
        typo,1.00 USD,in_stock,,,\n\
        short,1.00 USD,in_stock,,,\n\
        1b,1.00 USD,in_stock,,,\n\
        8,1.00 USD,in_stock,00000096385074,,\n";
    let loaded = load_by(&SlugMapping::default().with_table(table), feed);
    assert_eq!(
        names(&loaded, &["1", "typo", "short", "1b", "8"]),
        ["-", "a/typo", "a/short", "a/one", "a/fine"]
    );
}

#[test]
fn a_mapping_file_that_cannot_be_used_says_why() {
    let files = [
        "",
        "id\tgtin\n1\t2\n",
        "product_slug\tsku\na/b\t1\n",
        "product_slug\tbrand\na/b\tAcme\n",
        "product_slug\tid\tID\n",
        "product_slug\tid\na/b\t1\na/c",
    ];
    let errors: Vec<String> = files
        .iter()
        .map(|file| MappingTable::read(file.as_bytes()).unwrap_err().to_string())
        .collect();
    assert_snapshot!(errors.join("\n"), @r#"
    it is empty; check what exports it
    it has no column "product_slug"; add it: it holds the marketplace's name of the product, such as coffee-grinders/baratza-encore-esp
    it has none of the columns id, gtin, or brand and mpn, so no product can be found by it
    it has none of the columns id, gtin, or brand and mpn, so no product can be found by it
    it has the column "id" twice; which of the two counts cannot be told
    it is cut off in line 3; write it whole, then move it into place
    "#);
}

#[test]
fn a_feed_of_which_nothing_is_in_the_marketplace_is_an_error() {
    let (table, _) = table("product_slug,id\na/b,A\n");
    let slugs = SlugMapping::default().with_table(table);
    let feed = "id,price,availability\n1,1.00 USD,in_stock\n2,1.00 USD,in_stock\n";
    let error = load(feed.as_bytes(), None, &slugs, Tz::UTC, |_, _| {}).unwrap_err();
    assert_snapshot!(error, @r#"
    none of its 2 products has a name of the marketplace; add a column "product_slug" or name a mapping file that knows its products
    "#);
}
