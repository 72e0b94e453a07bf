//! Opening: files, lock, versions, what a kill leaves, and reading beside the agent.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use rfq_reference_agent::ledger::{
    Claim, Ledger, LedgerOptions, LedgerReader, OpenError, StoredAnswer, StoredOutcome,
};
use rfq_sdk::{DeclineReason, Remembered};
use rusqlite::Connection;
use uuid::Uuid;

use super::{Shop, noon, offer, rfq, rfq_of, seconds};

fn open(directory: &Path) -> Result<Ledger, OpenError> {
    Ledger::open(directory, LedgerOptions::default())
}

/// The error's text, with the directory's name taken out.
fn refusal(directory: &Path, opened: Result<Ledger, OpenError>) -> String {
    opened.unwrap_err().to_string().replace(&directory.display().to_string(), "DIR")
}

#[tokio::test]
async fn its_files_are_for_their_owner_only() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("deep/data");
    let ledger = open(&directory).unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.lock"] {
        assert_eq!(mode(&directory.join(name)), 0o600, "{name}");
    }
    assert_eq!(fs::read_to_string(directory.join(".gitignore")).unwrap(), "*\n");
    drop(ledger);
    let left: Vec<_> = fs::read_dir(&directory).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "an orderly end leaves no log behind: {left:?}");
}

#[tokio::test]
async fn what_was_remembered_is_there_after_a_restart() {
    let shop = Shop::with(Some(10));
    let id = shop.offered(1, 1, noon()).await;
    let held = shop.claim(id, noon()).await;
    let shop = shop.reopened();
    let again = shop.remember(&rfq("rfq-1", 1), &offer(2, noon()), noon()).await;
    assert_eq!(again, Remembered::Offer(offer(1, noon())));
    let Claim::Held { until } = held else { panic!("{held:?}") };
    assert_eq!(shop.claim(id, noon() + seconds(60)).await, Claim::AlreadyHeld { until });
    assert_eq!(shop.reserved(noon()), 1);
}

#[tokio::test]
async fn one_process_owns_it() {
    let shop = Shop::with(Some(10));
    let text = refusal(shop.path(), open(shop.path()));
    let expected = format!(
        "another rfq-agent (process {}) has the ledger in DIR open; stop it, or name another \
         directory with --data-dir",
        std::process::id()
    );
    assert_eq!(text, expected);
    let clone = shop.ledger.clone();
    drop(shop.ledger);
    assert!(matches!(open(shop.directory.path()), Err(OpenError::InUse { .. })), "a clone lives");
    drop(clone);
    assert!(open(shop.directory.path()).is_ok());
}

#[test]
fn a_newer_ledger_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(directory.path()).unwrap());
    let file = directory.path().join("ledger.db");
    let set = |version: i64| {
        Connection::open(&file).unwrap().pragma_update(None, "user_version", version).unwrap();
    };
    set(7);
    insta::assert_snapshot!(
        refusal(directory.path(), open(directory.path())),
        @"DIR/ledger.db is of version 7, and this rfq-agent knows versions up to 1; use the newer rfq-agent"
    );
    assert!(matches!(LedgerReader::open(directory.path()), Err(OpenError::Newer { .. })));
    set(1);
    assert!(open(directory.path()).is_ok());
}

#[test]
fn what_is_no_ledger_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ledger.db");
    let text = "no database, but long enough to have a header ".repeat(40);
    fs::write(&file, &text).unwrap();
    insta::assert_snapshot!(
        refusal(directory.path(), open(directory.path())),
        @"DIR/ledger.db is not a ledger, or is damaged (file is not a database); restore it from a backup, or move it and the files beside it away to begin with an empty one"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    fs::remove_file(&file).unwrap();
    Connection::open(&file).unwrap().execute_batch("CREATE TABLE other (a)").unwrap();
    insta::assert_snapshot!(
        refusal(directory.path(), open(directory.path())),
        @"DIR/ledger.db is not a ledger, or is damaged (it belongs to another program); restore it from a backup, or move it and the files beside it away to begin with an empty one"
    );
    fs::write(directory.path().join("file"), "").unwrap();
    let below = directory.path().join("file/data");
    assert!(matches!(open(&below), Err(OpenError::File { .. })));
}

#[tokio::test]
async fn a_cut_file_is_refused_or_told_of() {
    let shop = Shop::with(Some(10));
    for number in 0..200 {
        shop.offered(number, 1, noon()).await;
    }
    drop(shop.ledger);
    let file = shop.directory.path().join("ledger.db");
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let text = match open(shop.directory.path()) {
        Err(error) => error.to_string(),
        Ok(ledger) => ledger.find(Uuid::from_u128(199)).await.unwrap_err().to_string(),
    };
    assert!(text.contains("damaged"), "{text}");
}

#[tokio::test]
async fn every_acknowledged_offer_is_in_a_copy_of_the_live_files() {
    let shop = Shop::with(Some(10));
    for number in 0..50 {
        shop.offered(number, 1, noon()).await;
    }
    // What a killed process would have left.
    let copy = tempfile::tempdir().unwrap();
    for name in ["ledger.db", "ledger.db-wal"] {
        fs::copy(shop.path().join(name), copy.path().join(name)).unwrap();
    }
    let ledger = open(copy.path()).unwrap();
    for number in 0..50 {
        let found = ledger.find(Uuid::from_u128(number)).await.unwrap().unwrap();
        assert_eq!(found.offer, offer(number, noon()));
    }
}

/// The other process of the test below.
#[tokio::test]
async fn makes_offers_until_it_is_killed() {
    let Some(directory) = std::env::var_os("LEDGER_OF_THE_KILLED") else { return };
    let ledger = open(Path::new(&directory)).unwrap();
    let remember = async |number: u128| {
        let rfq = rfq(&format!("rfq-{number}"), 1);
        rfq_sdk::AnswerStore::remember(&ledger, &rfq, &offer(number, noon()), noon())
            .await
            .unwrap();
        println!("\nacknowledged {number}");
    };
    for number in 0.. {
        remember(number).await;
    }
}

#[tokio::test]
async fn every_acknowledged_offer_survives_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "ledger::opening::makes_offers_until_it_is_killed", "--nocapture"])
        .env("LEDGER_OF_THE_KILLED", directory.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut numbers = lines.filter_map(|line| line.strip_prefix("acknowledged ")?.parse().ok());
    let mut acknowledged: Vec<u128> = numbers.by_ref().take(100).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    acknowledged.extend(numbers);

    // Before anybody has repaired it.
    let reader = LedgerReader::open(directory.path()).unwrap();
    assert_eq!(reader.answers(&"rfq-99".parse().unwrap()).unwrap().len(), 1);
    let ledger = open(directory.path()).unwrap();
    assert!(acknowledged.len() >= 100);
    for number in acknowledged {
        let found = ledger.find(Uuid::from_u128(number)).await.unwrap().unwrap();
        assert_eq!(found.offer, offer(number, noon()));
    }
}

#[tokio::test]
async fn it_is_read_while_the_agent_writes() {
    let shop = Shop::with(Some(10));
    let reader = LedgerReader::open(shop.path()).unwrap();
    let id = "rfq-1".parse().unwrap();
    assert_eq!(reader.answers(&id).unwrap(), []);
    let asked = rfq("rfq-1", 2);
    let elsewhere = rfq_of("other", "rfq-1", 3);
    shop.remember(&asked, &offer(1, noon()), noon()).await;
    shop.ledger.note_decline(&elsewhere, DeclineReason::RegionNotServed, noon() + seconds(1));
    // Written after the note, in the queue's order.
    shop.offered(2, 1, noon()).await;
    let decline = StoredOutcome::Decline { reason: "region_not_served".into() };
    let answer = |rfq: &rfq_sdk::Rfq, answered_at, outcome| StoredAnswer {
        origin: rfq.origin().to_string(),
        ask: rfq.into(),
        requestor: None,
        answered_at,
        outcome,
    };
    let expected = [
        answer(&elsewhere, noon() + seconds(1), decline),
        answer(&asked, noon(), StoredOutcome::Offer(offer(1, noon()))),
    ];
    assert_eq!(reader.answers(&id).unwrap(), expected);
    assert_eq!(expected[0].origin, "verified:other");
    drop(shop.ledger);
    let reader = LedgerReader::open(shop.directory.path()).unwrap();
    assert_eq!(reader.answers(&id).unwrap(), expected, "after an orderly end too");
}

#[test]
fn there_is_nothing_to_read_before_the_first_start() {
    let directory = tempfile::tempdir().unwrap();
    let text = LedgerReader::open(directory.path()).unwrap_err().to_string();
    insta::assert_snapshot!(
        text.replace(&directory.path().display().to_string(), "DIR"),
        @"there is no ledger in DIR; the agent makes it when it is first served"
    );
}
