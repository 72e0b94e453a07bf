//! Moving everything from one database to another.

use std::collections::BTreeMap;
use std::process::{Command, Output};

use rfq_engine::{HealthDelta, Outcome};
use rfq_store::{CardFetch, CopyError, FetchOutcome, Store, copy};

use crate::place::{Place, at, give_agent, producer_id, product, product_id, public_id, register};
use crate::postgres::PASSWORD;
use crate::quotes::{self, call};

/// Something in every table, and more than a page in some.
async fn fill(store: &Store) {
    register(store, 600).await;
    store.verify_domain(&producer_id(1), &"shop.example".parse().unwrap(), at(0)).await.unwrap();
    give_agent(store, 1, "https://shop.example/").await;
    let outcome = FetchOutcome::Fetched { etag: None, body: b"\xff\0".to_vec() };
    let card = CardFetch { url: "https://shop.example/".to_owned(), fetched_at: at(0), outcome };
    store.record_card_fetch(&producer_id(1), &card).await.unwrap();
    let products: Vec<_> = (0..1000).map(product).collect();
    store.put_products(&products, at(0)).await.unwrap();
    store.delete_products(&[product_id(7)], at(1)).await.unwrap();
    let slugs: Vec<_> = products.iter().map(|product| product.slug.clone()).collect();
    store.set_carried(&producer_id(1), &slugs).await.unwrap();
    quotes::keep(store, 1..=3).await;
    let calls = (1..=600).map(|producer| call(producer, Outcome::Late)).collect();
    quotes::keep_quote(store, 4, calls, vec![]).await;
    assert!(store.claim(public_id(!1001), at(9)).await.unwrap().is_some());
    let delta = HealthDelta::new(0.1, 0.2, 3).unwrap();
    store.apply_health(&BTreeMap::from([(producer_id(1), delta)]), at(0)).await.unwrap();
    assert_eq!(store.prune_changes(at(1), 10).await, Ok(10));
}

/// What can be seen of the store.
async fn seen(store: &Store) -> String {
    let mut quotes = Vec::new();
    for number in 1..=4 {
        quotes.push(store.quote(public_id(number)).await.unwrap());
    }
    format!(
        "{:?}",
        (
            store.producers(None, 1000).await.unwrap(),
            store.agent(&producer_id(1)).await.unwrap(),
            store.card_fetches(&producer_id(1), 10).await.unwrap(),
            store.products(None, 2000).await.unwrap(),
            store.carried(&producer_id(1), None, 2000).await.unwrap(),
            quotes,
            store.claim(public_id(!1001), at(10)).await.unwrap(),
            store.health().await.unwrap(),
            store.changes(10, 1000).await.unwrap(),
            store.changes(0, 1000).await.unwrap_err(),
        )
    )
}

#[tokio::test]
async fn from_sqlite_to_postgres_and_back_everything_moves() {
    let places = [Place::sqlite(), Place::postgres().await, Place::sqlite()];
    let [first, second, third] =
        [places[0].open().await, places[1].open().await, places[2].open().await];
    fill(&first).await;
    let mut totals = BTreeMap::new();
    copy(&first, &second, &mut |copied| {
        totals.insert(copied.table, (copied.rows, copied.of));
    })
    .await
    .unwrap();
    assert_eq!(totals.len(), 12, "{totals:?}");
    assert!(totals.values().all(|(rows, of)| rows == of && *rows > 0), "{totals:?}");
    assert_eq!(totals["calls"].0, 603);
    assert_eq!(seen(&second).await, seen(&first).await);
    copy(&second, &third, &mut |_| ()).await.unwrap();
    assert_eq!(seen(&third).await, seen(&first).await);
    assert_ne!(second.id(), first.id(), "a copy is another store");
    // The sequence goes on where it was.
    second.put_products(&[product(2000)], at(2)).await.unwrap();
    let newest = first.changes(10, 1).await.unwrap().newest;
    assert_eq!(second.changes(newest, 10).await.unwrap().changes[0].n, newest + 1);

    let again = copy(&first, &second, &mut |_| ()).await.unwrap_err();
    assert!(matches!(again, CopyError::NotEmpty { .. }), "{again}");
    assert!(!again.to_string().contains(PASSWORD), "{again}");
}

#[tokio::test]
async fn both_databases_have_the_same_columns() {
    let places = [Place::sqlite(), Place::postgres().await];
    for place in &places {
        place.open().await.close().await;
    }
    let columns = places[0].columns().await;
    assert!(columns.len() > 80, "{columns:?}");
    assert_eq!(columns, places[1].columns().await);
}

#[tokio::test]
async fn a_copy_that_fails_leaves_nothing() {
    let places = [Place::sqlite(), Place::postgres().await];
    let [from, to] = [places[0].open().await, places[1].open().await];
    fill(&from).await;
    places[1].run("ALTER TABLE health ADD CHECK (calls < 3)").await;
    let error = copy(&from, &to, &mut |_| ()).await.unwrap_err();
    assert!(matches!(error, CopyError::Write(_)), "{error}");
    assert_eq!(to.producers(None, 10).await, Ok(vec![]));
    assert_eq!(to.changes(0, 10).await.unwrap().newest, 0);
}

fn command(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rfq-store-copy")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_copies_and_says_what() {
    let places = [Place::sqlite(), Place::postgres().await];
    let from = places[0].open().await;
    fill(&from).await;
    let done = command(&[&places[0].url(), &places[1].url()]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    insta::assert_snapshot!(text(&done.stderr) + &text(&done.stdout), @"
    changes: 991 rows
    producers: 600 rows
    verified_domains: 1 rows
    agents: 1 rows
    card_fetches: 1 rows
    products: 999 rows
    product_slugs: 999 rows
    carries: 1000 rows
    quotes: 4 rows
    calls: 603 rows
    offers: 3 rows
    health: 1 rows
    Copied 5203 rows, and counted them again.
    ");
    assert_eq!(seen(&places[1].open().await).await, seen(&from).await);

    let again = command(&[&places[0].url(), &places[1].url()]);
    assert_eq!(again.status.code(), Some(1));
    let said = text(&again.stderr);
    assert!(said.contains("copy into a database that is empty"), "{said}");
    assert!(!said.contains(PASSWORD), "{said}");
    let missing = command(&["sqlite:/no/such/file.db", &places[1].url()]);
    insta::assert_snapshot!(text(&missing.stderr), @"rfq-store-copy: cannot open FROM: sqlite:/no/such/file.db: there is no such file");
}

#[test]
fn the_command_explains_itself() {
    insta::assert_snapshot!(text(&command(&["--help"]).stdout), @"
    Copies all that a marketplace remembers from one database into another, which must be empty

    Usage: rfq-store-copy <FROM> <TO>

    Arguments:
      <FROM>  The database to read, which must be there
      <TO>    The database to fill; a SQLite file is made if it is not there

    Options:
      -h, --help     Print help
      -V, --version  Print version

    A database is sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE. Without a password in the URL,
    where other users of the machine can see it, the variable PGPASSWORD or the file ~/.pgpass is asked.

    Stop the marketplace before, as what it writes to FROM meanwhile is not copied, and start it with TO
    afterwards. The tables of both are brought to this version first. Everything arrives or nothing does,
    and FROM keeps what it has. The key file is not copied: the same one opens the secrets in TO.
    ");
}
