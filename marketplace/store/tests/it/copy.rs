//! Moving everything from one database to another.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

use rfq_engine::{HealthDelta, Outcome};
use rfq_store::{CardFetch, CopyError, DatabaseError, FetchOutcome, Store, copy};

use crate::health;
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
    store
        .apply_health(health::new_flush(), &BTreeMap::from([(producer_id(1), delta)]), at(0))
        .await
        .unwrap();
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
    assert_eq!(totals.len(), 13, "{totals:?}");
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
async fn both_databases_have_the_same_tables() {
    let places = [Place::sqlite(), Place::postgres().await];
    for place in &places {
        place.open().await.close().await;
    }
    let [sqlite, postgres] = [places[0].schema().await, places[1].schema().await];
    for kind in [" NOT NULL key 2", " key 0", " unique 1: ", " unique 0: ", " on delete CASCADE"] {
        assert!(sqlite.iter().any(|line| line.contains(kind)), "{kind}: {sqlite:#?}");
    }
    let only_in = |one: &[String], other: &[String]| {
        one.iter().filter(|line| !other.contains(line)).cloned().collect::<Vec<_>>()
    };
    assert_eq!((only_in(&sqlite, &postgres), only_in(&postgres, &sqlite)), (vec![], vec![]));
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

/// However long its last step takes, as that of many rows does.
#[tokio::test]
async fn a_copy_has_no_limit_of_time() {
    let places = [Place::sqlite(), Place::postgres().await];
    let [from, to] = [places[0].open().await, places[1].open().await];
    fill(&from).await;
    let unless_unlimited =
        "CREATE FUNCTION unlimited() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF current_setting('statement_timeout') <> '0' THEN
                RAISE EXCEPTION 'limited';
            END IF;
            RETURN NEW;
        END $$;
        CREATE CONSTRAINT TRIGGER unlimited AFTER INSERT ON health
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION unlimited()";
    places[1].run(unless_unlimited).await;
    copy(&from, &to, &mut |_| ()).await.unwrap();
}

#[tokio::test]
async fn a_last_step_whose_end_is_not_known_is_told_so() {
    let places = [Place::sqlite(), Place::postgres().await];
    let [from, to] = [places[0].open().await, places[1].open().await];
    fill(&from).await;
    let end = "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            PERFORM pg_terminate_backend(pg_backend_pid());
            RETURN NEW;
        END $$;
        CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON health
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cut()";
    places[1].run(end).await;
    let error = copy(&from, &to, &mut |_| ()).await.unwrap_err();
    assert!(matches!(error, CopyError::Commit(DatabaseError::Unreachable { .. })), "{error:?}");
    let said = error.to_string();
    assert!(said.contains("either everything was copied or nothing"), "{said}");
    assert_eq!(to.producers(None, 10).await, Ok(vec![]));
}

#[tokio::test]
async fn a_database_that_was_in_use_is_not_filled() {
    let places = [Place::sqlite(), Place::sqlite()];
    let [from, to] = [places[0].open().await, places[1].open().await];
    to.put_products(&[product(1)], at(0)).await.unwrap();
    to.delete_products(&[product_id(1)], at(0)).await.unwrap();
    to.prune_changes(at(1), 10).await.unwrap();
    let error = copy(&from, &to, &mut |_| ()).await.unwrap_err();
    assert!(matches!(error, CopyError::Used { .. }), "{error:?}");
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
    health_flushes: 1 rows
    Copied 5204 rows, and counted them again.
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

/// What README says for SQLite, while something is written all the time.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_made_under_writes_and_restored_as_another_store() {
    let place = Place::sqlite();
    let Place::Sqlite(folder) = &place else { unreachable!() };
    let store = place.open().await;
    fill(&store).await;
    let readme = include_str!("../../README.md");
    let backup = readme.lines().find(|line| line.contains("VACUUM INTO")).unwrap();
    let running = Command::new("sh").args(["-c", backup]).current_dir(folder).spawn();
    let mut running = running.unwrap();
    let mut writes = 0;
    let ended = loop {
        store.put_products(&[product(2000 + writes)], at(2)).await.unwrap();
        writes += 1;
        if let Some(ended) = running.try_wait().unwrap() {
            break ended;
        }
        assert!(writes < 100_000, "the backup does not end");
    };
    assert!(ended.success(), "is sqlite3 installed? (Debian package: sqlite3) {backup}");
    store.put_products(&[product(100_000)], at(2)).await.unwrap();

    let url = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    let mode = std::fs::metadata(folder.path().join("market-backup.db")).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let done = command(&[&url("market-backup.db"), &url("restored.db")]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let restored = Store::open_existing(&url("restored.db")).await.unwrap();
    assert_ne!(restored.id(), store.id());
    // All of before, and of what was written meanwhile nothing after a gap.
    let backed_up = restored.newest_change().await.unwrap();
    let behind = store.changes(1001, 1000).await.unwrap().changes;
    let expected =
        behind.iter().filter(|change| change.n <= backed_up).cloned().collect::<Vec<_>>();
    assert_eq!(restored.changes(1001, 1000).await.unwrap().changes, expected);
    assert_eq!(restored.products(None, 1999).await.unwrap().len(), 999 + expected.len());
    assert_eq!(restored.product(&product_id(100_000)).await, Ok(None));
}

#[test]
fn the_command_refuses_what_is_no_store() {
    let folder = tempfile::tempdir().unwrap();
    let url = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    std::fs::write(folder.path().join("empty.db"), "").unwrap();
    let said = command(&[&url("empty.db"), &url("new.db")]);
    assert_eq!(said.status.code(), Some(1));
    let said = text(&said.stderr).replace(&folder.path().display().to_string(), "FOLDER");
    insta::assert_snapshot!(said, @"rfq-store-copy: cannot open FROM: sqlite:FOLDER/empty.db is empty: no marketplace has used it yet");
    assert_eq!(std::fs::read(folder.path().join("empty.db")).unwrap(), b"");
    assert!(!folder.path().join("new.db").exists());
}

#[test]
fn the_command_explains_itself() {
    insta::assert_snapshot!(text(&command(&["--help"]).stdout), @"
    Copies all that a marketplace remembers from one database into another, which must be empty

    Usage: rfq-store-copy <FROM> <TO>

    Arguments:
      <FROM>  The database to read, which must be one of a marketplace
      <TO>    The database to fill; a SQLite file is made if it is not there

    Options:
      -h, --help     Print help
      -V, --version  Print version

    A database is sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE. Without a password in the URL,
    where other users of the machine can see it, the variable PGPASSWORD or the file ~/.pgpass is asked.
    A HOST that is another machine must prove who it is by TLS; to allow less, add ?sslmode=require or
    ?sslmode=disable, and to name a root certificate, ?sslrootcert=PATH.

    Stop the marketplace before, as what it writes to FROM meanwhile is not copied, and start it with TO
    afterwards. The tables of both are brought to this version first. Everything arrives or nothing does,
    and FROM keeps what it has, though its file must be writable. TO has an id of its own, so that who follows the changes begins again:
    this is also how a backup is restored. The key file is not copied: the same one opens the secrets in
    TO.
    ");
}
