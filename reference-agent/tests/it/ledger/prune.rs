//! Forgetting what is old, and nothing else.

use std::time::Duration;

use chrono::TimeDelta;
use rfq_reference_agent::ledger::{Claim, LedgerOptions, LedgerReader, Sell};
use rfq_sdk::DeclineReason;
use uuid::Uuid;

use super::{Shop, noon, offer_for, rfq, seconds};

#[tokio::test]
async fn only_what_is_old_is_forgotten() {
    let shop = Shop::with(Some(1000));
    let old = shop.offered(1, 1, noon()).await;
    let sold_long_ago = shop.offered(2, 1, noon()).await;
    let sold_lately = shop.offered(3, 1, noon()).await;
    let day = TimeDelta::days(1);
    shop.ledger.sell(sold_long_ago, noon()).await.unwrap();
    shop.ledger.sell(sold_lately, noon() + day).await.unwrap();
    shop.ledger.note_decline(&rfq("rfq-9", 1), DeclineReason::Busy, noon());
    let young = shop.offered(4, 1, noon() + day).await;

    let month = noon() + TimeDelta::days(30);
    assert_eq!(shop.ledger.prune(month).await.unwrap(), 0, "just 30 days old");
    assert_eq!(shop.reserved(noon()), 2, "of the sales; the rest has ended");
    assert_eq!(shop.ledger.prune(month + seconds(1)).await.unwrap(), 3);
    for (id, is_kept) in [(old, false), (sold_long_ago, false), (sold_lately, true), (young, true)]
    {
        assert_eq!(shop.ledger.find(id).await.unwrap().is_some(), is_kept, "{id}");
    }
    assert_eq!(shop.reserved(noon()), 1);
    let reader = LedgerReader::open(shop.path()).unwrap();
    assert_eq!(reader.answers(&"rfq-9".parse().unwrap()).unwrap(), []);
    let shop = shop.reopened();
    assert_eq!(shop.reserved(noon()), 1);
}

#[tokio::test]
async fn what_is_valid_or_held_stays_however_short_the_time() {
    let options = LedgerOptions { keep: Duration::ZERO, ..LedgerOptions::default() };
    let shop = Shop::with_options(Some(1000), options);
    let valid = shop.offered(1, 1, noon()).await;
    let held = Uuid::from_u128(2);
    shop.remember(&rfq("rfq-2", 1), &offer_for(2, noon(), seconds(60)), noon()).await;
    let late = noon() + seconds(59);
    assert!(matches!(shop.claim(held, late).await, Claim::Held { .. }));
    assert_eq!(shop.ledger.prune(noon() + seconds(120)).await.unwrap(), 0);
    assert_eq!(shop.ledger.sell(held, noon() + seconds(120)).await.unwrap(), Sell::Sold);
    let end = noon() + TimeDelta::days(1);
    assert_eq!(shop.ledger.prune(end).await.unwrap(), 2);
    assert_eq!(shop.ledger.find(valid).await.unwrap(), None);
    assert_eq!(shop.reserved(noon()), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_are_forgotten_while_offers_are_made() {
    let shop = Shop::with(Some(1_000_000));
    let all: Vec<_> = (0..1200)
        .map(|number| {
            let ledger = shop.ledger.clone();
            tokio::spawn(async move {
                let asked = rfq(&format!("rfq-{number}"), 1);
                let offer = super::offer(number, noon());
                rfq_sdk::AnswerStore::remember(&ledger, &asked, &offer, noon()).await.unwrap();
            })
        })
        .collect();
    for one in all {
        one.await.unwrap();
    }
    let later = noon() + TimeDelta::days(31);
    let (forgotten, made) = tokio::join!(shop.ledger.prune(later), shop.offered(5000, 1, later));
    assert_eq!(forgotten.unwrap(), 1200);
    assert!(shop.ledger.find(made).await.unwrap().is_some());
    let file = shop.path().join("ledger.db");
    let rows: i64 = rusqlite::Connection::open(file)
        .unwrap()
        .query_row(
            "SELECT (SELECT count(*) FROM offers) + (SELECT count(*) FROM holds)",
            (),
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(rows, 2, "the new offer and its hold");
}
