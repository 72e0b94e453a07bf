//! What is read, from both databases.

use chrono_tz::Tz;
use insta::assert_snapshot;
use proptest::prelude::*;
use rfq_reference_agent::feed::{Report, SAMPLE, SlugMapping};

use super::super::asking::noon;
use super::super::postgres::Postgres;
use super::{Sqlite, as_file, configured, load, products};

const COLUMNS: &str = "id, title, price, sale_price, sale_price_effective_date, availability, \
                       quantity, shipping, min_handling_time, max_handling_time, product_slug";

/// The rows of a feed as statements that make a table of them, its numbers as numbers.
fn table(name: &str, feed: &str) -> String {
    let mut lines = feed.lines();
    let header: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let of_type = |column: &&str| match *column {
        "quantity" | "min_handling_time" | "max_handling_time" => format!("{column} integer"),
        _ => format!("{column} text"),
    };
    let columns: Vec<String> = header.iter().map(of_type).collect();
    let row = |line: &str| {
        let values: Vec<String> = line.split('\t').map(quoted).collect();
        format!("INSERT INTO {name} VALUES ({});\n", values.join(", "))
    };
    format!("CREATE TABLE {name} ({});\n{}", columns.join(", "), lines.map(row).collect::<String>())
}

fn quoted(value: &str) -> String {
    match value {
        "" => "NULL".into(),
        value => format!("'{}'", value.replace('\'', "''")),
    }
}

#[tokio::test]
async fn both_databases_give_what_a_file_of_the_same_rows_gives() {
    let (expected, of_file) = as_file(SAMPLE);
    let sqlite = Sqlite::new(&table("sample", SAMPLE));
    let postgres = Postgres::shared();
    postgres.run(&table("sample", SAMPLE)).await;
    for url in [sqlite.url(), postgres.own_url()] {
        let (catalogue, report) =
            load(&url, &format!("SELECT {COLUMNS} FROM sample")).await.unwrap();
        assert_eq!(products(&catalogue), products(&expected), "{url}");
        assert_eq!(report, of_file, "{url}");
        assert_eq!(catalogue.as_of(), noon());
    }
}

#[tokio::test]
async fn every_broken_value_is_reported_with_its_row_and_column_and_loses_no_other() {
    let rows = "id\tprice\tavailability\tquantity\tproduct_slug\tmax_handling_time\n\
        1\t9.99 USD\tin_stock\t3\tgood/one\t2\n\
        \t9.99 USD\tin_stock\t3\tbad/id\t2\n\
        3\tfree\tin_stock\t3\tbad/price\t2\n\
        4\t9.99 USD\tmaybe\t3\tbad/availability\t2\n\
        5\t9.99 USD\tin_stock\t-3\tgood/none\t2\n\
        6\t9.99 USD\tin_stock\t3\tBad slug\t2\n\
        7\t9.99 USD\tin_stock\t3\tbad/days\t900\n\
        8\t9.99 USD\tin_stock\t3\t\t2\n\
        9\t\tin_stock\t3\tbad/null\t2\n\
        10\t9.99 USD\tin_stock\t\tgood/two\t\n";
    let sqlite = Sqlite::new(&table("broken", rows));
    let postgres = Postgres::shared();
    postgres.run(&table("broken", rows)).await;
    let (catalogue, report) = load(&sqlite.url(), "SELECT * FROM broken").await.unwrap();
    let of_postgres = load(&postgres.own_url(), "SELECT * FROM broken").await.unwrap();
    assert_eq!(report, of_postgres.1);
    assert_eq!(products(&catalogue), products(&of_postgres.0));
    assert_eq!((catalogue.len(), report.read, report.accepted), (3, 10, 3));
    assert_eq!(report.unmapped.kept().iter().map(|row| row.line).collect::<Vec<_>>(), [8]);
    let rejected = report.rejected.kept().iter();
    let places: Vec<String> = rejected.map(|row| format!("{} {}", row.line, row.field)).collect();
    assert_snapshot!(places.join("\n"), @"
    2 id
    3 price
    4 availability
    6 product_slug
    7 max_handling_time
    9 price
    ");
}

/// The titles of products that differ in these expressions alone.
async fn titles(url: &str, expressions: &[&str]) -> String {
    let rows = expressions.iter().enumerate().map(|(n, expression)| {
        format!(
            "SELECT {n} AS ID, '1.00 USD' AS Price, 'in_stock' AS availability, \
             'a/{n}' AS \"Product_Slug\", {expression} AS title"
        )
    });
    let mut shown = Vec::new();
    for (row, expression) in rows.zip(expressions) {
        let (catalogue, report) = load(url, &row).await.unwrap();
        assert_eq!(report.rejected.kept(), []);
        shown.push(format!("{expression} -> {}", products(&catalogue)[0].title));
    }
    shown.join("\n")
}

#[tokio::test]
async fn numbers_are_prices_and_units() {
    let query =
        "SELECT 7 AS id, 9.90 AS price, 8.5 AS sale_price, 3 AS quantity, 'a/b' AS product_slug";
    let sqlite = Sqlite::new("");
    let postgres = Postgres::shared();
    for url in [sqlite.url(), postgres.own_url()] {
        let (catalogue, report) = load(&url, query).await.unwrap();
        assert_eq!(report.rejected.kept(), [], "{url}");
        let product = products(&catalogue)[0];
        let (list, each) = (product.prices.list(), product.prices.each(1, noon()));
        assert_eq!((list.to_string(), each.to_string()), ("9.90".into(), "8.50".into()), "{url}");
        assert_eq!((&*product.id, product.on_hand), ("7", Some(3)), "{url}");
    }
}

#[tokio::test]
async fn values_of_sqlite_are_read_as_text() {
    let sqlite = Sqlite::new("");
    let expressions = [
        "9223372036854775807",
        "-1",
        "9.99",
        "0.1 + 0.2",
        "25.0",
        "1e21",
        "'text'",
        "NULL",
        "x'636166c3a9'",
        "CAST(x'636166e9' AS TEXT)",
        "1 = 1",
        "datetime('2026-06-01 12:00:00')",
    ];
    assert_snapshot!(titles(&sqlite.url(), &expressions).await, @"
    9223372036854775807 -> 9223372036854775807
    -1 -> -1
    9.99 -> 9.99
    0.1 + 0.2 -> 0.30000000000000004
    25.0 -> 25
    1e21 -> 1000000000000000000000
    'text' -> text
    NULL -> 7
    x'636166c3a9' -> café
    CAST(x'636166e9' AS TEXT) -> caf�
    1 = 1 -> 1
    datetime('2026-06-01 12:00:00') -> 2026-06-01 12:00:00
    ");
}

#[tokio::test]
async fn values_of_postgres_are_read_as_text() {
    let postgres = Postgres::shared();
    postgres.run("CREATE TYPE colour AS ENUM ('red', 'blue')").await;
    let expressions = [
        "9223372036854775807",
        "9.9900::numeric(10, 4)",
        "9.99::double precision",
        "0.1::float8 + 0.2::float8",
        "12.5::real",
        "'text'::varchar(10)",
        "NULL",
        "true",
        "1 > 2",
        "timestamptz '2026-06-01 14:00:00+02'",
        "date '2026-06-01'",
        "'blue'::colour",
        "ARRAY[1, 2]",
        "'{\"a\": 1}'::jsonb",
        "'00000000-0000-0000-0000-000000000007'::uuid",
        "'t'::text",
    ];
    assert_snapshot!(titles(&postgres.own_url(), &expressions).await, @r#"
    9223372036854775807 -> 9223372036854775807
    9.9900::numeric(10, 4) -> 9.9900
    9.99::double precision -> 9.99
    0.1::float8 + 0.2::float8 -> 0.30000000000000004
    12.5::real -> 12.5
    'text'::varchar(10) -> text
    NULL -> 6
    true -> true
    1 > 2 -> false
    timestamptz '2026-06-01 14:00:00+02' -> 2026-06-01 12:00:00+00
    date '2026-06-01' -> 2026-06-01
    'blue'::colour -> blue
    ARRAY[1, 2] -> {1,2}
    '{"a": 1}'::jsonb -> {"a": 1}
    '00000000-0000-0000-0000-000000000007'::uuid -> 00000000-0000-0000-0000-000000000007
    't'::text -> t
    "#);
}

#[tokio::test]
async fn a_hundred_thousand_rows_are_read_in_order_with_progress() {
    let sqlite = Sqlite::new("");
    let postgres = Postgres::shared();
    let columns =
        "n AS id, '1.00 USD' AS price, 'in_stock' AS availability, 'a/' || n AS product_slug";
    let queries = [
        (
            sqlite.url(),
            format!(
                "WITH RECURSIVE counted(n) AS \
                 (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 100000) \
                 SELECT {columns} FROM counted"
            ),
        ),
        (postgres.own_url(), format!("SELECT {columns} FROM generate_series(1, 100000) AS n")),
    ];
    for (url, query) in queries {
        let feed = configured(&url, &query, 120).unwrap();
        let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let tell = std::sync::Arc::clone(&told);
        // On a task, as the agent reads it.
        let loading = tokio::spawn(async move {
            let slugs = SlugMapping::default();
            feed.load(&slugs, Tz::UTC, noon(), move |rows| tell.lock().unwrap().push(rows)).await
        });
        let (catalogue, report) = loading.await.unwrap().unwrap();
        assert_eq!(
            (catalogue.len(), report.accepted, report.rejected.count()),
            (100_000, 100_000, 0)
        );
        let told = told.lock().unwrap();
        assert_eq!((told[0], told[1], told.len()), (1000, 2000, 101), "{url}");
        assert_eq!(told.last(), Some(&100_000), "{url}");
    }
}

#[tokio::test]
async fn what_is_not_read_may_be_long_and_what_is_read_not() {
    let sqlite = Sqlite::new("");
    let postgres = Postgres::shared();
    let megabytes = |of_two: &str| {
        let row = |n: u32, title: &str, aside: &str| {
            format!(
                "SELECT {n} AS id, '1 USD' AS price, 'in_stock' AS availability, \
                 'a/b{n}' AS product_slug, {title} AS title, {aside} AS aside"
            )
        };
        [row(1, "'One'", of_two), row(2, of_two, "''"), row(3, "'Three'", "''")].join(" UNION ALL ")
    };
    let cases = [
        (sqlite.url(), megabytes("hex(zeroblob(1048576))")),
        (postgres.own_url(), megabytes("repeat('x', 2097152)")),
    ];
    for (url, query) in cases {
        let (catalogue, report) = load(&url, &query).await.unwrap();
        let titles = products(&catalogue).iter().map(|product| &*product.title).collect::<Vec<_>>();
        assert_eq!(titles, ["One", "Three"], "{url}");
        let rejected = &report.rejected.kept()[0];
        let told = (rejected.line, &*rejected.field, &*rejected.reason);
        assert_eq!(told, (2, "row", "longer than 1 MiB"), "{url}");
    }
}

#[tokio::test]
async fn comments_case_and_a_semicolon_at_the_end_do_not_matter() {
    let sqlite = Sqlite::new(&table("sample", SAMPLE));
    let postgres = Postgres::shared();
    let query = "-- all of them\n /* in any order */ select 1 AS ID, '1 USD' AS PRICE, \
                 'in_stock' AS Availability, 'a/b' AS \"PRODUCT_SLUG\" -- one\n ;\n";
    for url in [sqlite.url(), postgres.own_url()] {
        assert_eq!(load(&url, query).await.unwrap().0.len(), 1, "{url}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    // But for double quotes, which a file may put around a value.
    fn whatever_stands_in_the_values_sqlite_gives_what_a_file_gives(
        rows in proptest::collection::vec(
            ("[0-9]{0,3}", "[0-9.]{0,5} USD", "in_stock|out of stock|x", "[a-c/ é']{0,4}", "[a-c]/[a-c]|[ !#-~]{0,3}"),
            1..8,
        ),
    ) {
        let good = ("0".to_owned(), "1 USD".to_owned(), "in_stock".to_owned(), String::new(), "a/zero".to_owned());
        let lines = std::iter::once(&good).chain(&rows).map(|(id, price, availability, title, slug)| {
            format!("{id}\t{price}\t{availability}\t{title}\t{slug}\n")
        });
        let feed = format!("id\tprice\tavailability\ttitle\tproduct_slug\n{}", lines.collect::<String>());
        let sqlite = Sqlite::new(&table("rows", &feed));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (catalogue, report) =
            runtime.block_on(load(&sqlite.url(), "SELECT * FROM rows")).unwrap();
        let (expected, of_file) = as_file(&feed);
        prop_assert_eq!(products(&catalogue), products(&expected));
        // Which of a row's faults is told may differ.
        let rows = |report: &Report, header: u64| -> Vec<_> {
            report.rejected.kept().iter().map(|row| row.line - header).collect()
        };
        prop_assert_eq!(rows(&report, 0), rows(&of_file, 1));
    }
}
