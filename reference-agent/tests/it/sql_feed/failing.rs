//! What cannot be read, what is refused, and that no password is shown on the way.

use std::error::Error;
use std::net::{Ipv4Addr, TcpListener};

use insta::assert_snapshot;
use rfq_reference_agent::feed::sql::SqlFeedError;
use tracing_subscriber::filter::LevelFilter;

use super::super::log::Log;
use super::super::postgres::{PASSWORD, Postgres};
use super::{Sqlite, configured, load, load_within};

const ONE: &str =
    "SELECT 1 AS id, '1 USD' AS price, 'in_stock' AS availability, 'a/b' AS product_slug";

/// The error with its causes, the port and the folder of the test left out.
async fn error(url: &str, query: &str) -> String {
    let error = load(url, query).await.unwrap_err();
    let error: &dyn Error = &error;
    let causes = std::iter::successors(Some(error), |error| (**error).source());
    let text = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    let place = url.split_once("127.0.0.1:").map_or(url, |(_, place)| place);
    let place = place.split_once('/').filter(|_| place != url).map_or(place, |(port, _)| port);
    text.replace(place, "PLACE")
}

#[test]
fn a_section_that_cannot_be_used_says_what_it_expects_and_shows_no_password() {
    let cases = [
        ("shop.db", ONE),
        ("mysql://u:open-sesame@h/db", ONE),
        ("sqlite:", ONE),
        ("postgres://u:open#sesame@h/db", ONE),
        ("postgres://u:open/sesame@h/db", ONE),
        ("postgres://u:12/open-sesame@h/db", ONE),
        ("postgres://u:12?open-sesame@h/db", ONE),
        ("postgres://u:open-sesame@h/db?sslmode=maybe", ONE),
        ("postgres://u@h/db?password=open-sesame", ONE),
        ("sqlite:shop.db", ""),
        ("sqlite:shop.db", "DELETE FROM products"),
        ("sqlite:shop.db", "-- SELECT"),
        ("sqlite:shop.db", "/* SELECT */ PRAGMA user_version = 1"),
    ];
    let errors: Vec<String> =
        cases.iter().map(|(url, query)| configured(url, query, 60).unwrap_err()).collect();
    assert_snapshot!(errors.join("\n"), @"
    expected sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE
    expected sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE
    expected sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE
    expected postgres://USER:PASSWORD@HOST/DATABASE; characters other than letters and digits in the password must be percent-encoded, such as %23 for #
    expected postgres://USER:PASSWORD@HOST/DATABASE; characters other than letters and digits in the password must be percent-encoded, such as %23 for #
    expected postgres://USER:PASSWORD@HOST/DATABASE; characters other than letters and digits in the password must be percent-encoded, such as %23 for #
    expected no parameters in the url but sslmode, sslrootcert, sslcert, sslkey, host, options and application_name
    expected the sslmode disable, allow, prefer, require, verify-ca or verify-full
    expected no parameters in the url but sslmode, sslrootcert, sslcert, sslkey, host, options and application_name
    expected one query that begins with SELECT or WITH
    expected one query that begins with SELECT or WITH
    expected one query that begins with SELECT or WITH
    expected one query that begins with SELECT or WITH
    ");
    let unknown = toml::from_str::<rfq_reference_agent::feed::sql::SqlFeed>(
        "url = \"sqlite:shop.db\"\nquery = \"SELECT 1\"\ntimeout = 3",
    );
    assert_snapshot!(unknown.unwrap_err().message(), @"unknown field `timeout`, expected one of `url`, `query`, `timeout_seconds`");
    assert!(configured("sqlite:shop.db", ONE, 0).is_err());
}

#[test]
fn its_debug_does_not_show_the_password() {
    let feed =
        configured("postgresql://shop:open%23sesame@h:7/db?sslmode=require", ONE, 60).unwrap();
    assert_snapshot!(format!("{feed:?}"), @r#"SqlFeed { url: postgresql://shop@h:7/db, query: Query("SELECT 1 AS id, '1 USD' AS price, 'in_stock' AS availability, 'a/b' AS product_slug"), timeout_seconds: 60 }"#);
}

#[test]
fn a_postgres_may_be_a_socket_without_a_host() {
    let feed = configured("postgres:///shop?host=/run/postgresql", ONE, 60).unwrap();
    assert!(format!("{feed:?}").starts_with("SqlFeed { url: postgres:///shop,"), "{feed:?}");
}

#[tokio::test]
async fn what_sqlite_cannot_give_is_told() {
    let sqlite = Sqlite::new(
        "CREATE TABLE products (id); CREATE TABLE empty (id, price, availability, product_slug)",
    );
    let other = Sqlite::new("");
    std::fs::write(
        other.0.path().join("shop.db"),
        "not a database, but long enough to be taken for one",
    )
    .unwrap();
    let told = [
        error("sqlite:/nowhere/shop.db", ONE).await,
        error(&other.url(), "SELECT * FROM products").await,
        error(&sqlite.url(), "SELECT * FROM goods").await,
        error(&sqlite.url(), "SELECT sku FROM products").await,
        error(&sqlite.url(), "SELECT FROM").await,
        error(&sqlite.url(), "SELECT * FROM empty").await,
        error(&sqlite.url(), "SELECT 1 AS id").await,
        error(&sqlite.url(), &format!("{ONE}, 2 AS price")).await,
        error(&sqlite.url(), &ONE.replace("'1 USD'", "'free'")).await,
        error(&sqlite.url(), &format!("{ONE}; DROP TABLE products")).await,
        error(&sqlite.url(), "WITH x AS (SELECT 1) DELETE FROM products").await,
        error(
            &sqlite.url(),
            "WITH x AS (SELECT 1) INSERT INTO products SELECT * FROM x RETURNING *",
        )
        .await,
    ];
    assert_snapshot!(told.join("\n"), @r#"
    PLACE cannot be opened: unable to open database file: /nowhere/shop.db; check the path, and who may read it
    PLACE cannot be opened: file is not a database; check the path, and who may read it
    PLACE refuses the query: no such table: goods; correct it, or the rights of the user
    PLACE refuses the query: no such column: sku; correct it, or the rights of the user
    PLACE refuses the query: near "FROM": syntax error; correct it, or the rights of the user
    the query gives no rows from PLACE; check its conditions
    the rows of the query cannot be used: it has no column "price"; add it: it holds the price of one unit, such as 169.99 USD
    the rows of the query cannot be used: it has the column "price" twice; which of the two counts cannot be told
    the rows of the query cannot be used: none of its 1 products can be used; the first problem is in line 1, price: expected an amount in US dollars such as 169.99
    PLACE refuses the query: it holds several statements; correct it, or the rights of the user
    the query would write to PLACE: it is no mere SELECT; expected one SELECT that only reads
    the query would write to PLACE: it is no mere SELECT; expected one SELECT that only reads
    "#);
    sqlite.run("INSERT INTO products VALUES (1)");
}

#[tokio::test]
async fn what_postgres_cannot_give_is_told() {
    let postgres = Postgres::shared();
    postgres
        .run(
            "CREATE TABLE stock (id integer); INSERT INTO stock VALUES (1); \
             CREATE SEQUENCE numbers; \
             CREATE FUNCTION sold() RETURNS integer LANGUAGE sql AS \
               'INSERT INTO stock VALUES (2) RETURNING id'; \
             CREATE ROLE stranger LOGIN PASSWORD 'another'; \
             REVOKE ALL ON SCHEMA public FROM stranger",
        )
        .await;
    let url = postgres.own_url();
    let as_stranger = postgres.url("stranger", "another", "postgres");
    let told = [
        error(&postgres.url("shop", "wrong-password", "postgres"), ONE).await,
        error(&postgres.url("nobody", PASSWORD, "postgres"), ONE).await,
        error(&postgres.url("shop", PASSWORD, "nowhere"), ONE).await,
        error(&format!("{url}?sslmode=require"), ONE).await,
        error(&url, "SELECT * FROM goods").await,
        error(&url, "SELECT sku FROM stock").await,
        error(&url, "SELECT FROM WHERE").await,
        error(&url, "SELECT 1/0 AS id").await,
        error(&as_stranger, "SELECT * FROM stock").await,
        error(&url, &format!("{ONE} WHERE false")).await,
        error(&url, "SELECT 1 AS id").await,
        error(&url, &format!("{ONE}; COMMIT; DROP TABLE stock")).await,
        error(&url, "WITH x AS (DELETE FROM stock RETURNING id) SELECT * FROM x").await,
        error(&url, "SELECT sold() AS id").await,
        error(&url, "SELECT nextval('numbers') AS id").await,
        error(&url, "SELECT * INTO copy FROM stock").await,
        error(&url, "SELECT * FROM stock FOR UPDATE").await,
    ];
    assert_snapshot!(told.join("\n"), @r#"
    postgres://shop@127.0.0.1:PLACE/postgres does not let us in: password authentication failed for user "shop"; check the url's user, password and database
    postgres://nobody@127.0.0.1:PLACE/postgres does not let us in: password authentication failed for user "nobody"; check the url's user, password and database
    postgres://shop@127.0.0.1:PLACE/nowhere does not let us in: database "nowhere" does not exist; check the url's user, password and database
    postgres://shop@127.0.0.1:PLACE/postgres cannot be reached: server does not support TLS; check that it runs, and the url's host, port and sslmode
    postgres://shop@127.0.0.1:PLACE/postgres refuses the query: relation "goods" does not exist; correct it, or the rights of the user
    postgres://shop@127.0.0.1:PLACE/postgres refuses the query: column "sku" does not exist; correct it, or the rights of the user
    postgres://shop@127.0.0.1:PLACE/postgres refuses the query: syntax error at or near "WHERE"; correct it, or the rights of the user
    postgres://shop@127.0.0.1:PLACE/postgres refuses the query: division by zero; correct it, or the rights of the user
    postgres://stranger@127.0.0.1:PLACE/postgres refuses the query: permission denied for table stock; correct it, or the rights of the user
    the query gives no rows from postgres://shop@127.0.0.1:PLACE/postgres; check its conditions
    the rows of the query cannot be used: it has no column "price"; add it: it holds the price of one unit, such as 169.99 USD
    postgres://shop@127.0.0.1:PLACE/postgres refuses the query: cannot insert multiple commands into a prepared statement; correct it, or the rights of the user
    the query would write to postgres://shop@127.0.0.1:PLACE/postgres: DECLARE CURSOR must not contain data-modifying statements in WITH; expected one SELECT that only reads
    the query would write to postgres://shop@127.0.0.1:PLACE/postgres: cannot execute INSERT in a read-only transaction; expected one SELECT that only reads
    the query would write to postgres://shop@127.0.0.1:PLACE/postgres: cannot execute nextval() in a read-only transaction; expected one SELECT that only reads
    postgres://shop@127.0.0.1:PLACE/postgres refuses the query: SELECT ... INTO is not allowed here; correct it, or the rights of the user
    the query would write to postgres://shop@127.0.0.1:PLACE/postgres: cannot execute SELECT FOR UPDATE in a read-only transaction; expected one SELECT that only reads
    "#);
    postgres
        .run("DO $$ BEGIN IF (SELECT sum(id) FROM stock) <> 1 THEN RAISE 'it was written to'; END IF; END $$")
        .await;
}

#[tokio::test]
async fn a_query_without_end_is_ended() {
    let sqlite = Sqlite::new("");
    // The runtime waits for its threads in the end, so that one that goes on would hang the test.
    let endless = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) \
                   SELECT count(*) AS id FROM n";
    let error = load_within(&sqlite.url(), endless, 1).await.unwrap_err();
    assert!(matches!(error, SqlFeedError::Timeout { seconds: 1, .. }), "{error}");

    let postgres = Postgres::shared();
    let url = postgres.own_url();
    let error = load_within(&url, "SELECT pg_sleep(600) AS id", 1).await.unwrap_err();
    assert!(matches!(error, SqlFeedError::Timeout { seconds: 1, .. }), "{error}");
    // The server's own limit is a second longer, and then nobody runs it any more.
    postgres.wait_for_running(|queries| queries == 0).await;
}

#[tokio::test]
async fn a_reader_that_is_dropped_ends_its_query() {
    let sqlite = Sqlite::new("");
    let url = sqlite.url();
    let endless = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) \
                   SELECT n AS id, '1 USD' AS price, 'in_stock' AS availability, \
                   'a/' || n AS product_slug FROM n";
    let reading = tokio::spawn(async move { load(&url, endless).await.map(|_| ()) });
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    reading.abort();
    assert!(reading.await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_not_waited_for() {
    let deaf = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = deaf.local_addr().unwrap().port();
    let url = format!("postgres://shop:{PASSWORD}@127.0.0.1:{port}/shop");
    let error = load_within(&url, ONE, 2).await.unwrap_err();
    assert!(matches!(error, SqlFeedError::Connect { .. }), "{error}");
    assert!(error.to_string().contains("no answer within 1 s"), "{error}");
    drop(deaf);
    let error = load_within(&url, ONE, 2).await.unwrap_err();
    assert!(matches!(error, SqlFeedError::Connect { .. }), "{error}");
}

#[tokio::test]
async fn a_server_goes_down_and_comes_back() {
    let postgres = Postgres::start_new();
    let url = postgres.own_url();
    assert_eq!(load(&url, ONE).await.unwrap().0.len(), 1);
    let slow = format!("{ONE} FROM pg_sleep(600)");
    let under_way = tokio::spawn({
        let url = url.clone();
        async move { load(&url, &slow).await.map(|_| ()) }
    });
    postgres.wait_for_running(|queries| queries == 1).await;
    postgres.stop();
    let error = under_way.await.unwrap().unwrap_err();
    assert!(matches!(error, SqlFeedError::BrokeOff { .. }), "{error}");
    let error = load(&url, ONE).await.unwrap_err();
    assert!(matches!(error, SqlFeedError::Connect { .. }), "{error}");
    postgres.start();
    assert_eq!(load(&url, ONE).await.unwrap().0.len(), 1);
}

#[tokio::test]
async fn the_password_is_never_logged() {
    let log = Log::default();
    let _guard = log.keep(LevelFilter::TRACE);
    tracing::info!("The log is kept");
    let postgres = Postgres::shared();
    load(&postgres.own_url(), ONE).await.unwrap();
    load(&postgres.url("shop", "wrong-password", "postgres"), ONE).await.unwrap_err();
    load(&postgres.own_url(), "SELECT * FROM nowhere").await.unwrap_err();
    let log = log.text();
    assert!(log.contains("The log is kept"));
    assert!(!log.contains(PASSWORD) && !log.contains("wrong-password"), "{log}");
}
