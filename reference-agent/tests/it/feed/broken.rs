//! Feeds with every kind of broken product: each is named, with what is wrong where, and loses no
//! other.

use insta::assert_snapshot;
use rfq_reference_agent::feed::{Loaded, Report};

use super::loaded;

/// The report of a feed and, below it, the products that are served.
fn told(feed: impl AsRef<[u8]>) -> String {
    let Loaded { catalogue, report, .. } = loaded(feed).unwrap();
    let Report { read, accepted, not_sold, sharing_stock: _, unmapped, rejected } = &report;
    assert_eq!(*not_sold, 0);
    assert_eq!(*read, accepted + unmapped.count() + rejected.count());
    let mut served: Vec<String> =
        catalogue.iter().map(|product| format!("{} {}", product.slug, product.title)).collect();
    served.sort();
    format!(
        "{read} read, {accepted} accepted\n{}\n{}\n{}",
        written(|out| report.write_rejections(out)),
        written(|out| report.write_unmapped(out)),
        served.join("\n")
    )
}

fn written(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn google_in_commas() {
    assert_snapshot!(told(include_str!("../../feeds/google-broken.csv")), @r#"
    49 read, 4 accepted
    line	id	field	value	reason
    3		id		empty; expected the shop's own name of the product
    4	3	price	ten	expected an amount and its currency, such as 169.99 USD
    5	4	price	10.00 EUR	the currency is "EUR", expected USD
    6	5	price	10.005 USD	expected whole cents, so at most two decimals
    7	6	price	0.00 USD	expected more than 0
    8	7	price	-1.00 USD	expected an amount of at least 0 US dollars
    9	8	price	1,299.00 USD	expected an amount without a comma, such as 169.99 USD
    10	9	sale_price	cheap	expected an amount and its currency, such as 169.99 USD
    11	10	sale_price	0 USD	expected more than 0
    12	11	sale_price_effective_date	soon	expected two times with a stroke between them, such as 2026-11-24T00:00+0000/2026-12-01T00:00+0000
    13	12	sale_price_effective_date	2026-06-02T00:00Z/2026-06-01T00:00Z	it ends before it begins
    14	13	availability	maybe	expected in_stock, out_of_stock, preorder or backorder
    15	14	quantity	-1	expected a whole number of units
    16	15	shipping	US:CA:6.99 USD	"US:CA:6.99 USD": expected country:region:service:price, such as US:CA:Ground:6.99 USD
    17	16	shipping	US:::5.00 USD,USA:CA:G:6.99 USD	"USA:CA:G:6.99 USD": expected country:region:service:price, such as US:CA:Ground:6.99 USD
    18	17	shipping	US:CA:G:6.99 CAD	"US:CA:G:6.99 CAD": the currency is "CAD", expected USD
    19	18	shipping	US:CA:G:6.99 USD:2:1:1:3	"US:CA:G:6.99 USD:2:1:1:3": the fewest days are more than the most
    20	19	min_handling_time	two	expected a whole number of business days, at most 365
    21	20	max_handling_time	366	expected a whole number of business days, at most 365
    22	21	max_handling_time	2	the fewest days are more than the most
    23	22	product_slug	Bad Slug	expected category/slug in lower-case letters, digits and hyphens, at most 200 bytes
    24	23	product_slug	good/one	good/one stands in line 2 already
    25	24	row		2 values under a header of 17 columns
    26	25	shipping_weight	comma	expected a weight in g, kg, oz or lb, such as 1.5 kg
    27	26	shipping_weight	heavy	expected a weight in g, kg, oz or lb, such as 1.5 kg
    28	27	shipping_weight	1.5 stone	expected a weight in g, kg, oz or lb, such as 1.5 kg
    29	28	shipping_weight	9000000 kg	expected at most 1,000,000 kg
    30	29	price_breaks	10 for 9.50	"10 for 9.50": expected a quantity and the price of each unit, such as 10:9.50 USD
    31	30	price_breaks	10:9.50,ten:9.00	"ten:9.00": expected a whole number of units
    32	31	price_breaks	10:9.50 EUR	"10:9.50 EUR": the currency is "EUR", expected USD
    33	32	price_breaks	10:11.00	from 10 units each costs 11.00, more than when fewer are bought
    34	33	price_breaks	10:9.00,10:8.00	two price breaks from 10 units
    35	34	price_breaks	1:9.00	a price break from 1 units; expected at least 2
    36	35	price_breaks	10:0	from 10 units each costs nothing; expected more than 0
    37	36	auto_pricing_min_price	12.00 USD	the lowest price 12.00 is above the regular price 10.00
    38	37	auto_pricing_min_price	low	expected an amount in US dollars such as 169.99
    39	38	min_order_quantity	0	expected at least 1 unit
    40	39	max_order_quantity	4	at most 4 units, but at least 5
    41	40	order_increment	0	expected at least 1 unit
    42	41	order_increment	half	expected a whole number of units
    43	42	row		a double quote opens a value here and is not closed before a comma or the end of the row; double the quotes inside a quoted value
    45	44	row		a double quote opens a value here and is not closed before a comma or the end of the row; double the quotes inside a quoted value
    46	45	price	much\ttoo\tlong a price, with tabs\tand a\nline break: 0123456789012345678901234567…	the currency is "0123456789012345678901234567890123456789", expected USD
    51	49	order_increment	10	no multiple of 10 lies between 5 and 7 units

    line	id
    48	46

    good/four 5" pipe
    good/one Fine
    good/three 5" pipe
    good/two Behind the open quote
    "#);
}

#[test]
fn google_in_xml() {
    assert_snapshot!(told(include_str!("../../feeds/google-broken.xml")), @r#"
    14 read, 2 accepted
    line	id	field	value	reason
    3		g:id		empty; expected the shop's own name of the product
    4	3	g:price		expected an amount and its currency, such as 169.99 USD
    5	4	g:price	10.00 EUR	the currency is "EUR", expected USD
    6	5	g:price	10.00 USD	it stands there twice
    12	6	g:availability	maybe	expected in_stock, out_of_stock, preorder or backorder
    13	7	g:shipping	US:::	"US:::": expected an amount and its currency, such as 169.99 USD
    15	8	g:shipping	:::5.00 USD	":::5.00 USD": expected country:region:service:price, such as US:CA:Ground:6.99 USD
    17	9	product_slug	Bad Slug	expected category/slug in lower-case letters, digits and hyphens, at most 200 bytes
    18	10	g:product_slug	good/one	good/one stands in line 2 already
    19	11	price_breaks	10:12.00	from 10 units each costs 12.00, more than when fewer are bought
    20	12	g:quantity	7&nbsp;	expected a whole number of units

    line	id
    21	13

    good/one one
    good/two two
    "#);
}

#[test]
fn acp() {
    assert_snapshot!(told(include_str!("../../feeds/acp-broken.jsonl")), @r#"
    28 read, 3 accepted
    line	id	field	value	reason
    2		row	{"id":"2","price":"10.00 USD","availability":"in_stock","product_slug":"bad/jso…	the line is no JSON from its byte 81 on; expected a whole product in each line
    3		row	not JSON at all	the line is no JSON from its byte 2 on; expected a whole product in each line
    4		row	["an","array"]	the line is no JSON object; expected a whole product in each line
    5		id		empty; expected the shop's own name of the product
    6	6	price	10.00	expected an amount and its currency, such as "169.99 USD", or {"amount":16999,"currency":"USD"}, in cents
    7	7	price	10.00 EUR	the currency is "EUR", expected USD
    8	8	availability	unknown	expected in_stock, out_of_stock, preorder or backorder
    9	9	quantity	1.5	expected a whole number of units
    10	10	product_slug	["bad/slug"]	expected category/slug in lower-case letters, digits and hyphens, at most 200 bytes
    11	11	product_slug	good/one	good/one stands in line 1 already
    12	12	weight	2	expected a weight in g, kg, oz or lb, such as 1.5 kg
    13	13	sale_price_end_date	2026-06-01	it ends before it begins
    14	14	shipping	[1]	"[1]": expected country:region:service:price, such as US:CA:Ground:6.99 USD
    15	v1	variants	[]	expected an array of at least one variant
    16	v2	variants	{"id":"v2-1"}	expected an array of at least one variant
    17	v3	variants	["v3-1",{"id":"v3-2","title":"t","price":{"amount":1000,"currency":"USD"},"avai…	expected each variant to be an object
    18	v4-1	price	{"amount":1000,"currency":"EUR"}	the currency is "EUR", expected USD
    19	v5-1	price	{"amount":10.00,"currency":"USD"}	expected a whole number of cents in amount, such as 16999 for 169.99 USD
    20	v6-1	price	{"amount":-1,"currency":"USD"}	expected a whole number of cents in amount, such as 16999 for 169.99 USD
    21	v7-1	price	{"amount":0,"currency":"USD"}	expected more than 0
    22	v8-1	price	{"currency":"USD"}	expected a whole number of cents in amount, such as 16999 for 169.99 USD
    23	v9-1	price		expected an amount and its currency, such as 169.99 USD
    24	v10-1	availability		expected in_stock, out_of_stock, preorder or backorder
    25	v11-1	availability	{}	expected in_stock, out_of_stock, preorder or backorder

    line	id
    26	v12-2

    good/one one
    good/three three
    good/two t
    "#);
}

#[test]
fn shopify() {
    assert_snapshot!(told(include_str!("../../feeds/shopify-broken.csv")), @r#"
    16 read, 2 accepted
    line	id	field	value	reason
    3	2	Variant Price		expected an amount in US dollars such as 169.99
    4	3	Variant Price	$10.00	expected an amount without the $, such as 169.99
    5	4	Variant Price	10,00	expected an amount without a comma, such as 169.99
    6	5	Variant Price	0.00	expected more than 0
    7	6	Variant Compare At Price	dear	expected an amount in US dollars such as 169.99
    8	7	Variant Inventory Qty	many	expected a whole number of units
    9	8	Variant Inventory Policy	maybe	expected deny or continue
    10	9	Status	gone	expected active, draft, archived or unlisted
    11	10	Published	yes	expected TRUE or FALSE
    12	11	Variant Grams	2 kg	expected a weight such as 1.5, with at most 9 digits on each side
    13	12	product_slug	good/one	good/one stands in line 2 already
    14	13	price_breaks	10:12.00	from 10 units each costs 12.00, more than when fewer are bought
    15		Variant SKU		empty; expected the shop's own name of the product
    16	15	Variant Compare At Price	12.00 EUR	the currency is "EUR", expected USD

    line	id

    good/one One
    good/two Sixteen
    "#);
}

#[test]
fn woocommerce() {
    assert_snapshot!(told(include_str!("../../feeds/woocommerce-broken.csv")), @"
    14 read, 2 accepted
    line	id	field	value	reason
    3	2	Regular price		expected an amount in US dollars such as 169.99
    4	3	Regular price	10,00	expected an amount without a comma, such as 169.99
    5	4	In stock?	yes	expected 1, 0 or backorder
    6	5	Stock	some	expected a whole number of units
    7	6	Published	2	expected 1, 0 or -1
    8	7	Weight (oz)	1 lb	expected a weight such as 1.5, with at most 9 digits on each side
    9	8	Sale price	0	expected more than 0
    10	9	Date sale price starts	01/02/2026	expected a day such as 2026-11-24, or a time such as 2026-11-24T00:00+0000
    11	10	Date sale price ends	2026-06-01	it ends before it begins
    12	11	Parent	id:99	there is no such variable product in the rows above; export it with its variations, as it says whether they are published
    13	12	product_slug	good/one	good/one stands in line 2 already
    14	13	order_increment	0	expected at least 1 unit

    line	id

    good/one One
    good/two No SKU
    ");
}

#[test]
fn google_in_tabs() {
    // What is read of a value is the same as above; what differs is what makes a row.
    let rows = [
        "id\tprice\tavailability\tproduct_slug\ttitle",
        "1\t1.00 USD\tin_stock\tgood/one\t\"Quoted",
        "2\t\"1.00\" USD\tin_stock\tbad/quote\t",
        "3\t1.00 USD\tin_stock\tbad/width",
        "4\t1.00 USD\tin_stock\tbad/width\tA\ttab",
        "5\t1.00 USD\tin_stock\t\tNot in the marketplace",
        "6\t\"1.00 USD\"\tin_stock\t\"good/two\"\tIn quotes\t\t",
    ];
    let feed =
        [rows.join("\n").as_bytes(), b"\n7\t1.00 USD\tin_stock\tbad/text\tCaf\xe9\n"].concat();
    assert_snapshot!(told(feed), @r#"
    7 read, 2 accepted
    line	id	field	value	reason
    3	2	price	"1.00" USD	expected an amount in US dollars such as 169.99 USD
    4	3	row		4 values under a header of 5 columns
    5	4	row		6 values under a header of 5 columns
    8	7	title		not UTF-8 text

    line	id
    6	5

    good/one "Quoted
    good/two In quotes
    "#);
}

#[test]
fn a_second_product_of_one_id() {
    let feed = "id\tprice\tavailability\tquantity\tproduct_slug\n\
                A\t10.00 USD\tin_stock\t5\tgood/one\n\
                A\t10.00 USD\tin_stock\t5\tgood/two\n\
                A\t10.00 USD\tin_stock\t5\tgood/one\n\
                B\t10.00 USD\tin_stock\t5\tgood/two\n";
    assert_snapshot!(told(feed), @"
    4 read, 2 accepted
    line	id	field	value	reason
    3	A	id	A	it stands in line 2 already; expected an id of its own, as stock is counted by it
    4	A	product_slug	good/one	good/one stands in line 2 already

    line	id

    good/one one
    good/two two
    ");
}

#[test]
fn amounts_are_shown_as_they_are_to_be_written() {
    let feed = "id\tprice\tavailability\tproduct_slug\n\
                1\t1,000.00 USD\tin_stock\ta/one\n\
                2\t1000.00\tin_stock\ta/two\n\
                3\tten USD\tin_stock\ta/three\n\
                4\t10.00 USD\tin_stock\tgood/four\n";
    assert_snapshot!(told(feed), @"
    4 read, 1 accepted
    line	id	field	value	reason
    2	1	price	1,000.00 USD	expected an amount without a comma, such as 169.99 USD
    3	2	price	1000.00	expected an amount and its currency, such as 169.99 USD
    4	3	price	ten USD	expected an amount in US dollars such as 169.99 USD

    line	id

    good/four four
    ");
}
