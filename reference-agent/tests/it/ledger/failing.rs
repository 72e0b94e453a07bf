//! The disk and other programs get in the way: an error in time, and then all is well again.

use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use rfq_reference_agent::ledger::{Claim, Ledger, LedgerError, LedgerOptions};
use rfq_sdk::{AnswerStore as _, Remembered};
use rusqlite::Connection;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::{Shop, noon, offer, rfq};

fn cause(error: &rfq_sdk::StoreError) -> &LedgerError {
    error.downcast_ref().unwrap()
}

#[tokio::test]
async fn a_locked_file_is_an_error_in_time_and_passes() {
    let shop = Shop::with(Some(10));
    shop.offered(1, 1, noon()).await;
    let other = Connection::open(shop.path().join("ledger.db")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let started = Instant::now();
    let (second, made) = (rfq("rfq-2", 1), offer(2, noon()));
    let refused = shop.ledger.remember(&second, &made, noon());
    // It waits a second for the lock; the rest is for a slow machine.
    let error = timeout(Duration::from_secs(3), refused).await.unwrap().unwrap_err();
    assert!(started.elapsed() >= Duration::from_millis(900));
    assert!(matches!(cause(&error), LedgerError::Locked(_)), "{error}");
    assert_eq!(
        error.to_string(),
        "the ledger's file is locked by another program; end what writes to it"
    );
    let recalled = shop.ledger.recall(&rfq("rfq-1", 1), noon()).await.unwrap();
    assert_eq!(recalled, Some(Remembered::Offer(offer(1, noon()))), "reading goes on");
    assert_eq!(shop.reserved(noon()), 1);
    other.execute_batch("ROLLBACK").unwrap();
    shop.offered(2, 1, noon()).await;
    assert_eq!(shop.reserved(noon()), 2);
}

/// What every use of the ledger says while its file is not the one that was opened.
async fn refuses_all(shop: &Shop) {
    const TEXT: &str = "the ledger's file was replaced or removed while the agent ran; stop the agent, \
                        restore the ledger as the README of rfq-agent says, then start the \
                        agent again";
    // An answer begins with a look at what was offered before.
    let error = shop.ledger.recall(&rfq("rfq-1", 2), noon()).await.unwrap_err();
    assert_eq!(error.to_string(), TEXT);
    let error = shop.ledger.remember(&rfq("rfq-2", 1), &offer(2, noon()), noon()).await;
    assert_eq!(error.unwrap_err().to_string(), TEXT);
    for error in [
        shop.ledger.find(Uuid::from_u128(1)).await.unwrap_err(),
        shop.ledger.claim(Uuid::from_u128(1), shop.stock(), noon()).await.unwrap_err(),
        shop.ledger.prune(noon()).await.unwrap_err(),
    ] {
        assert!(matches!(error, LedgerError::Replaced), "{error}");
    }
}

fn names(directory: &Path) -> Vec<String> {
    let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<_> = fs::read_dir(directory).unwrap().map(name).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_file_that_was_replaced_is_an_error_until_it_is_restored_after_a_stop() {
    let shop = Shop::with(Some(10));
    shop.offered(1, 2, noon()).await;
    let backup = shop.path().join("backup.db");
    let copy = format!("VACUUM INTO '{}'", backup.display());
    Connection::open(shop.path().join("ledger.db")).unwrap().execute_batch(&copy).unwrap();
    shop.offered(3, 1, noon()).await;
    let before = names(shop.path());

    let (file, aside) = (shop.path().join("ledger.db"), shop.path().join("aside"));
    fs::rename(&file, &aside).unwrap();
    refuses_all(&shop).await;
    assert!(!file.exists(), "nothing is made in its place");
    fs::copy(&backup, &file).unwrap();
    refuses_all(&shop).await;
    assert_eq!(names(shop.path()), [&["aside".to_owned()], &*before].concat(), "its log is left");

    // As the README says.
    drop(shop.ledger);
    for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        let _ = fs::remove_file(shop.directory.path().join(name));
    }
    fs::rename(&backup, &file).unwrap();
    let ledger = Ledger::open(shop.directory.path(), LedgerOptions::default()).unwrap();
    assert!(ledger.find(Uuid::from_u128(1)).await.unwrap().is_some());
    assert_eq!(ledger.find(Uuid::from_u128(3)).await.unwrap(), None, "made after the backup");
    let check: String = Connection::open(&file)
        .unwrap()
        .query_row("PRAGMA integrity_check", (), |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok");
}

#[tokio::test]
async fn a_file_that_is_put_back_is_used_again_with_all_that_was_in_it() {
    let shop = Shop::with(Some(10));
    shop.offered(1, 2, noon()).await;
    let (file, aside) = (shop.path().join("ledger.db"), shop.path().join("aside"));
    fs::rename(&file, &aside).unwrap();
    refuses_all(&shop).await;
    fs::rename(&aside, &file).unwrap();
    let recalled = shop.ledger.recall(&rfq("rfq-1", 2), noon()).await.unwrap();
    assert_eq!(recalled, Some(Remembered::Offer(offer(1, noon()))));
    shop.offered(2, 1, noon()).await;
    assert_eq!(shop.reserved(noon()), 2, "a fifth of ten");
}

#[tokio::test]
async fn a_table_that_is_missing_is_an_error_until_it_is_back() {
    let shop = Shop::with(Some(10));
    let other = Connection::open(shop.path().join("ledger.db")).unwrap();
    other.execute_batch("ALTER TABLE offers RENAME TO gone").unwrap();
    let error = shop.ledger.remember(&rfq("rfq-1", 1), &offer(1, noon()), noon()).await;
    assert!(matches!(cause(&error.unwrap_err()), LedgerError::Failed(_)));
    assert!(shop.ledger.find(Uuid::from_u128(1)).await.is_err());
    other.execute_batch("ALTER TABLE gone RENAME TO offers").unwrap();
    shop.offered(1, 1, noon()).await;
    assert!(shop.ledger.find(Uuid::from_u128(1)).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_may_wait_is_refused_at_once() {
    let shop = Shop::with(Some(10));
    let other = Connection::open(shop.path().join("ledger.db")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let mut all = JoinSet::new();
    for number in 0..3000 {
        let (ledger, stock) = (shop.ledger.clone(), shop.stock());
        all.spawn(async move { ledger.claim(Uuid::from_u128(number), stock, noon()).await });
    }
    // The first to be answered is one that found no room: the others wait for the lock.
    let first = all.join_next().await.unwrap().unwrap();
    assert!(matches!(first, Err(LedgerError::Behind)), "{first:?}");
    other.execute_batch("ROLLBACK").unwrap();
    let mut behind = 1;
    while let Some(claim) = all.join_next().await {
        match claim.unwrap() {
            Err(LedgerError::Behind) => behind += 1,
            claim => assert_eq!(claim.unwrap(), Claim::Unknown),
        }
    }
    // Those that the writer had taken out of the queue made room for as many.
    assert!(behind <= 3000 - 2048, "{behind}");
    shop.offered(1, 1, noon()).await;
}

#[tokio::test]
async fn whoever_does_not_wait_changes_nothing_for_the_others() {
    let shop = Shop::with(Some(10));
    let (first, second) = (rfq("rfq-1", 1), rfq("rfq-2", 1));
    let (one, two) = (offer(1, noon()), offer(2, noon()));
    let other = Connection::open(shop.path().join("ledger.db")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let given_up = shop.ledger.remember(&first, &one, noon());
    assert!(timeout(Duration::from_millis(10), given_up).await.is_err());
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(shop.remember(&second, &two, noon()).await, Remembered::Offer(two));
    let shop = shop.reopened();
    assert!(shop.ledger.find(Uuid::from_u128(1)).await.unwrap().is_some(), "it was queued");
}
