//! What a store says that cannot be opened or used.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::sync::Arc;

use rfq_sdk::Scheme;
use rfq_store::{
    CopyError, DatabaseError, KeyRing, NewAgent, Nonce, OpenError, ProductError, Store, copy,
};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, PgConnection, SqliteConnection, raw_sql};

use crate::on_both;
use crate::place::{Place, at, producer_id, product, product_id, register};
use crate::postgres::{PASSWORD, Postgres};

on_both!(
    a_newer_database_is_used_if_it_may_be,
    a_database_of_something_else_is_refused,
    an_empty_database_is_no_store,
    tables_that_were_changed_are_refused,
    many_may_open_a_new_database_at_once,
    a_locked_database_is_a_clear_error,
    a_value_of_a_newer_version_is_a_clear_error,
    a_closed_store_says_so,
);

/// Of a version whose tables this one can use, as while servers of both run.
async fn a_newer_database_is_used_if_it_may_be(place: Place) {
    place.open().await.close().await;
    let columns = "version, description, success, checksum, execution_time";
    let truth = if matches!(place, Place::Sqlite(_)) { "1" } else { "true" };
    let insert = format!(
        "INSERT INTO _sqlx_migrations ({columns})
        SELECT 99, 'later', {truth}, checksum, 0 FROM _sqlx_migrations"
    );
    place.run(&insert).await;
    let store = place.open().await;
    let copied = copy(&store, &Place::sqlite().open().await, &mut |_| ()).await.unwrap_err();
    assert!(matches!(copied, CopyError::Newer { found: 99, known: 1, .. }), "{copied:?}");
    place.run("UPDATE store SET needs = 99").await;
    let error = Store::open(&place.url()).await.unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 99, known: 1, .. }), "{error:?}");
    let said = error.to_string();
    let (database, rest) = said.split_once(" is of a newer version").unwrap();
    assert!(!database.is_empty() && !said.contains(PASSWORD));
    insta::allow_duplicates! {
        insta::assert_snapshot!(rest, @" of this program: it needs one that knows the tables' version 99, and this one knows up to 1; run the newer program, or restore a backup of before");
    }
}

async fn a_database_of_something_else_is_refused(place: Place) {
    place.run("CREATE TABLE invoices (id TEXT)").await;
    let Place::Sqlite(folder) = &place else { return refused(&place).await };
    let file = folder.path().join("market.db");
    let before = std::fs::read(&file).unwrap();
    refused(&place).await;
    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

async fn refused(place: &Place) {
    for error in [
        Store::open(&place.url()).await.unwrap_err(),
        Store::open_existing(&place.url()).await.unwrap_err(),
    ] {
        let said = error.to_string();
        insta::allow_duplicates! {
            insta::assert_snapshot!(said.split_once(" has ").unwrap().1, @"tables that this program did not make: invoices; is it the right database?");
        }
    }
    assert_eq!(place.columns().await, ["invoices.id"]);
}

async fn an_empty_database_is_no_store(place: Place) {
    place.run("SELECT 1").await;
    if let Place::Sqlite(folder) = &place {
        std::fs::write(folder.path().join("market.db"), "").unwrap();
    }
    let error = Store::open_existing(&place.url()).await.unwrap_err();
    assert!(matches!(error, OpenError::Empty { .. }), "{error:?}");
    assert_eq!(place.columns().await, [""; 0]);
}

async fn tables_that_were_changed_are_refused(place: Place) {
    place.open().await.close().await;
    let checksum = if matches!(place, Place::Sqlite(_)) { "x'00'" } else { "'\\x00'" };
    place.run(&format!("UPDATE _sqlx_migrations SET checksum = {checksum}")).await;
    let error = Store::open(&place.url()).await.unwrap_err();
    assert!(matches!(error, OpenError::Foreign { .. }), "{error:?}");
}

async fn many_may_open_a_new_database_at_once(place: Place) {
    let url = place.url();
    let open = |_| {
        let url = url.clone();
        tokio::spawn(async move { Store::open(&url).await.unwrap().id().to_owned() })
    };
    let mut ids = Vec::new();
    for opening in (0..8).map(open).collect::<Vec<_>>() {
        ids.push(opening.await.unwrap());
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

async fn a_locked_database_is_a_clear_error(place: Place) {
    let store = place.open().await;
    let put = async || store.put_products(&[product(1)], at(0)).await.unwrap_err();
    let error = match &place {
        Place::Sqlite(_) => {
            let mut other = SqliteConnection::connect(&place.url()).await.unwrap();
            raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
            put().await
        }
        Place::Postgres(..) => {
            let mut other = PgConnection::connect(&place.url()).await.unwrap();
            raw_sql("BEGIN; LOCK TABLE products").execute(&mut other).await.unwrap();
            put().await
        }
    };
    assert!(matches!(error, ProductError::Database(DatabaseError::Busy { .. })), "{error:?}");
    // The lock is gone with the other's connection.
    let mut attempts = 0;
    while let Err(error) = store.put_products(&[product(1)], at(0)).await {
        attempts += 1;
        assert!(attempts < 5, "{error}");
    }
}

async fn a_value_of_a_newer_version_is_a_clear_error(place: Place) {
    let store = place.open().await;
    store.put_products(&[product(1)], at(0)).await.unwrap();
    place.run("UPDATE products SET slug = 'no slug'").await;
    let error = store.product(&product_id(1)).await.unwrap_err();
    insta::allow_duplicates! {
        insta::assert_snapshot!(error, @"cannot read the column slug: expected category/slug in lower-case letters, digits and hyphens, at most 200 bytes; was it written by a newer version?");
    }
}

async fn a_closed_store_says_so(place: Place) {
    let store = place.open().await;
    store.close().await;
    let error = store.product(&product_id(1)).await.unwrap_err();
    assert!(matches!(error, DatabaseError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_full_disk_of_postgres_is_told_apart() {
    let place = Place::postgres().await;
    let store = place.open().await;
    // A full disk is not easily had; this is how Postgres reports it.
    place
        .run(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                RAISE EXCEPTION 'could not extend file: No space left' USING ERRCODE = '53100';
            END $$;
            CREATE TRIGGER full_disk BEFORE INSERT ON products
                FOR EACH ROW EXECUTE FUNCTION full_disk()",
        )
        .await;
    let error = store.put_products(&[product(1)], at(0)).await.unwrap_err();
    insta::assert_snapshot!(error, @"the database cannot grow: could not extend file: No space left; make room on its disk");
    assert_eq!(store.changes(0, 1).await.unwrap().newest, 0, "nothing of it is kept");
}

#[tokio::test]
async fn the_password_shows_nowhere() {
    let server = Postgres::shared();
    let wrong = "a-secret-that-does-not-fit";
    let mut said = vec![
        format!("{:?}", Store::open(&server.url(PASSWORD, "postgres")).await.unwrap()),
        format!("{:?}", Store::open(&server.url(wrong, "postgres")).await.unwrap_err()),
        Store::open(&server.url(wrong, "postgres")).await.unwrap_err().to_string(),
        Store::open(&server.url(PASSWORD, "nowhere")).await.unwrap_err().to_string(),
    ];
    // Nobody listens there.
    let gone = format!("postgres://market:{wrong}@127.0.0.1:1/market?sslmode=disable");
    said.push(Store::open(&gone).await.unwrap_err().to_string());
    said.push(Store::open(&format!("mysql://market:{wrong}@db")).await.unwrap_err().to_string());
    for text in &said {
        assert!(!text.contains(wrong) && !text.contains(PASSWORD), "{text}");
    }
    let port = server.url("", "").rsplit(':').next().unwrap().replace('/', "");
    let said: Vec<String> = said.iter().map(|text| text.replace(&port, "PORT")).collect();
    insta::assert_debug_snapshot!(said, @r#"
    [
        "Store(postgres://market@127.0.0.1:PORT/postgres)",
        "Database { database: \"postgres://market@127.0.0.1:PORT/postgres\", error: Refused { reason: \"password authentication failed for user \\\"market\\\"\" } }",
        "postgres://market@127.0.0.1:PORT/postgres: the database refuses: password authentication failed for user \"market\"",
        "postgres://market@127.0.0.1:PORT/nowhere: the database refuses: database \"nowhere\" does not exist",
        "postgres://market@127.0.0.1:1/market: the database cannot be reached: Connection refused (os error 111); see whether its server runs",
        "the URL of the database: expected sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE",
    ]
    "#);
}

const SECRET: &str = "correct horse battery staple";

/// Not even the lowest level of the databases' drivers.
#[test]
fn no_log_shows_a_secret() {
    // The log of a process is of all its tests.
    let run = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "opening::logs_everything", "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let log = String::from_utf8(run.stdout).unwrap();
    assert!(run.status.success(), "{log}");
    for text in ["INSERT INTO agents", "KeyRing(k1)", "Store(sqlite:", "Store(postgres:"] {
        assert!(log.contains(text), "{text} is not in the log:\n{log}");
    }
    for text in [SECRET, &SECRET[..8], PASSWORD, "hunter-2", "00010203", "07070707"] {
        assert!(!log.contains(text), "{text} is in the log:\n{log}");
    }
}

#[tokio::test]
#[ignore = "run by no_log_shows_a_secret, in a process of its own"]
async fn logs_everything() {
    tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).init();
    for place in [Place::sqlite(), Place::postgres().await] {
        let store = place.open().await;
        register(&store, 1).await;
        let key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
        let keys: KeyRing = format!("k1 {key}").parse().unwrap();
        let (nonce, id) = (Nonce::from_random([7; 24]), producer_id(1));
        let scheme = Scheme::Bearer;
        let agent = NewAgent { card_url: "https://shop.example/", scheme, secret: SECRET };
        store.put_agent(&keys, &id, &agent, nonce).await.unwrap();
        let sealed = store.agent(&id).await.unwrap().unwrap();
        let opened = (&agent, &sealed, sealed.secret.open(&keys).unwrap());
        let error = Store::open("mysql://market:hunter-2@db").await.unwrap_err();
        tracing::info!(?store, ?keys, ?nonce, ?opened, ?error, "all that has a Debug");
    }
}

#[tokio::test]
async fn a_new_file_is_its_owner_s_alone() {
    let place = Place::sqlite();
    let store = place.open().await;
    store.put_products(&[product(1)], at(0)).await.unwrap();
    let Place::Sqlite(folder) = &place else { unreachable!() };
    let mut modes: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|file| file.unwrap())
        .map(|file| {
            let mode = file.metadata().unwrap().permissions().mode() & 0o777;
            format!("{} {mode:o}", file.file_name().display())
        })
        .collect();
    modes.sort();
    assert_eq!(modes, ["market.db 600", "market.db-shm 600", "market.db-wal 600"]);
}

#[tokio::test]
async fn a_file_that_others_may_read_is_told() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let subscriber =
        tracing_subscriber::fmt().with_writer(Arc::new(log.reopen().unwrap())).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let place = Place::sqlite();
    let Place::Sqlite(folder) = &place else { unreachable!() };
    let said = || std::fs::read_to_string(log.path()).unwrap();
    place.open().await.close().await;
    place.open().await.close().await;
    assert_eq!(said(), "");
    let file = folder.path().join("market.db");
    std::fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    place.open().await.close().await;
    assert!(said().contains("other users may use the file of the database"), "{}", said());
}

#[tokio::test]
async fn a_server_without_tls_is_not_trusted() {
    let url = Postgres::shared().url(PASSWORD, "postgres") + "?sslmode=verify-full";
    let error = Store::open(&url).await.unwrap_err().to_string();
    let (_, said) = error.split_once("postgres: ").unwrap();
    insta::assert_snapshot!(said, @"the database's server cannot be trusted: server does not support TLS; see the sslmode and sslrootcert of its URL");
}

#[tokio::test]
async fn files_that_are_no_database_are_told_apart() {
    let Place::Sqlite(folder) = Place::sqlite() else { unreachable!() };
    let url = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    let missing = Store::open_existing(&url("missing.db")).await.unwrap_err();
    assert_eq!(missing.to_string(), format!("{}: there is no such file", url("missing.db")));
    assert!(!folder.path().join("missing.db").exists());
    std::fs::write(folder.path().join("letter.db"), "Dear sir or madam, ".repeat(100)).unwrap();
    let no_database = Store::open(&url("letter.db")).await.unwrap_err();
    let elsewhere = Store::open(&url("no/such/folder/market.db")).await.unwrap_err();
    let said = [no_database, elsewhere]
        .map(|error| error.to_string().replace(&folder.path().display().to_string(), "FOLDER"));
    insta::assert_debug_snapshot!(said, @r#"
    [
        "sqlite:FOLDER/letter.db: the database is damaged: file is not a database; stop all programs that use it and restore a backup",
        "sqlite:FOLDER/no/such/folder/market.db: the database cannot use its disk: No such file or directory (os error 2); see its permissions and the system's log",
    ]
    "#);
}

#[tokio::test]
async fn what_a_killed_process_left_half_done_is_undone() {
    let (first, second) = (Place::sqlite(), Place::sqlite());
    let id = first.open().await.id().to_owned();
    let (Place::Sqlite(from), Place::Sqlite(to)) = (&first, &second) else { unreachable!() };
    let file = |folder: &tempfile::TempDir, name: &str| folder.path().join(name);
    let options = SqliteConnectOptions::new().filename(file(from, "market.db"));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    // So small a cache that the transaction is on disk before it is committed.
    let half = "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 1; BEGIN IMMEDIATE;
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
        INSERT INTO product_slugs (slug, product_id) SELECT 'a/b' || i, 'x' FROM n;";
    raw_sql("PRAGMA foreign_keys = OFF").execute(&mut connection).await.unwrap();
    raw_sql(half).execute(&mut connection).await.unwrap();
    for name in ["market.db", "market.db-journal"] {
        std::fs::copy(file(from, name), file(to, name)).unwrap();
    }
    let store = second.open().await;
    assert_eq!(store.id(), id);
    assert_eq!(second.texts("SELECT slug FROM product_slugs").await, [""; 0]);
}
