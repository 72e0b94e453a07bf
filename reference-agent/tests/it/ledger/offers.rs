//! The same request gets the same offer, until it expires; then a new one.

use std::sync::Arc;

use rfq_reference_agent::ledger::{ClaimState, LedgerError, StoredOffer};
use rfq_sdk::{Answer, AnswerStore as _, Answerer, Budget, Deadline, Offer, Remembered};
use uuid::Uuid;

use super::{Shop, noon, offer, offer_for, rfq, rfq_of, seconds};

#[tokio::test]
async fn the_same_again_gets_the_same_offer_byte_for_byte() {
    let shop = Shop::with(Some(10));
    let first = offer(1, noon());
    let (asked, later) = (rfq("rfq-1", 1), noon() + seconds(3600));
    assert_eq!(shop.ledger.recall(&asked, noon()).await.unwrap(), None);
    shop.remember(&asked, &first, noon()).await;
    for remembered in [
        shop.ledger.recall(&asked, later).await.unwrap().unwrap(),
        shop.remember(&asked, &offer(2, later), later).await,
    ] {
        let Remembered::Offer(offer) = remembered else { panic!("{remembered:?}") };
        assert_eq!(Answer::from(offer).to_json(), Answer::from(first.clone()).to_json());
    }
    assert_eq!(shop.ledger.find(Uuid::from_u128(2)).await.unwrap(), None, "it was never made");
}

#[tokio::test]
async fn another_request_of_the_same_id_is_told_apart() {
    let shop = Shop::with(Some(10));
    shop.offered(1, 1, noon()).await;
    let other = rfq("rfq-1", 2);
    let recalled = shop.ledger.recall(&other, noon()).await.unwrap();
    assert_eq!(recalled, Some(Remembered::OtherRequest));
    let remembered = shop.remember(&other, &offer(2, noon()), noon()).await;
    assert_eq!(remembered, Remembered::OtherRequest);
    let of_another_caller = rfq_of("other", "rfq-1", 2);
    assert_eq!(shop.ledger.recall(&of_another_caller, noon()).await.unwrap(), None);
    let made = shop.remember(&of_another_caller, &offer(3, noon()), noon()).await;
    assert_eq!(made, Remembered::Offer(offer(3, noon())));
    let recalled = shop.ledger.recall(&rfq("rfq-1", 1), noon()).await.unwrap();
    assert_eq!(recalled, Some(Remembered::Offer(offer(1, noon()))));
}

#[tokio::test]
async fn an_expired_offer_makes_way_for_a_new_one_and_is_still_found() {
    let shop = Shop::with(Some(10));
    let asked = rfq("rfq-1", 1);
    shop.remember(&asked, &offer_for(1, noon(), seconds(60)), noon()).await;
    let end = noon() + seconds(60);
    assert!(shop.ledger.recall(&asked, end - seconds(1)).await.unwrap().is_some());
    assert_eq!(shop.ledger.recall(&asked, end).await.unwrap(), None);
    // With other terms, too: the id is free.
    let asked = rfq("rfq-1", 3);
    let second = shop.remember(&asked, &offer(2, end), end).await;
    assert_eq!(second, Remembered::Offer(offer(2, end)));
    let first = shop.ledger.find(Uuid::from_u128(1)).await.unwrap().unwrap();
    assert_eq!(first.offer, offer_for(1, noon(), seconds(60)));
    let expected = StoredOffer {
        rfq_id: "rfq-1".parse().unwrap(),
        origin: "verified:marketplace".into(),
        ask: (&asked).into(),
        requestor: None,
        offer: offer(2, end),
        made_at: end,
        claim: ClaimState::Open,
    };
    assert_eq!(shop.ledger.find(Uuid::from_u128(2)).await.unwrap(), Some(expected));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_one_offer_is_made() {
    let shop = Arc::new(Shop::with(Some(10)));
    let tasks: Vec<_> = (0..40)
        .map(|number| {
            let shop = Arc::clone(&shop);
            // Every fifth asks for something else.
            let quantity = if number % 5 == 0 { 2 } else { 1 };
            tokio::spawn(async move {
                let asked = rfq("rfq-1", quantity);
                (quantity, shop.remember(&asked, &offer(number, noon()), noon()).await)
            })
        })
        .collect();
    let mut offers = Vec::new();
    let mut others = 0;
    for task in tasks {
        match task.await.unwrap() {
            (quantity, Remembered::Offer(offer)) => offers.push((quantity, offer)),
            (_, Remembered::OtherRequest) => others += 1,
        }
    }
    assert!(offers.iter().all(|offer| *offer == offers[0]), "{offers:?}");
    assert_eq!(others, 40 - offers.len());
    assert!(others == 8 || others == 32, "{others}");
}

#[tokio::test]
async fn a_clock_set_back_stops_offers_until_it_is_right_again() {
    let shop = Shop::with(Some(10));
    let asked = rfq("rfq-1", 1);
    shop.remember(&asked, &offer(1, noon()), noon()).await;
    let back = noon() - seconds(3600);
    let errors = [
        shop.ledger.recall(&asked, back).await.unwrap_err(),
        shop.ledger.remember(&asked, &offer(2, back), back).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(
            error.to_string(),
            "the clock seems to have been set back: an offer was made at 2026-06-01 12:00:00 UTC, \
             and now it is 2026-06-01 11:00:00 UTC; check this machine's time"
        );
    }
    for now in [noon() - seconds(300), noon(), noon() + seconds(60)] {
        let recalled = shop.ledger.recall(&asked, now).await.unwrap();
        assert_eq!(recalled, Some(Remembered::Offer(offer(1, noon()))), "{now}");
    }
    let answerer = Answerer::with(
        |_| async { Ok(offer(3, noon()).into()) },
        shop.ledger.clone(),
        rfq_sdk::ManualClock::at(back),
    );
    let deadline = Deadline::new(tokio::time::Instant::now(), Budget::default());
    let answer = answerer.answer(asked, deadline).await.unwrap();
    assert!(matches!(answer, Answer::Decline(_)), "{answer:?}");
}

#[tokio::test]
async fn what_cannot_be_kept_is_an_error() {
    let shop = Shop::with(Some(10));
    let late = noon() + seconds(60);
    let ended = offer_for(1, noon(), seconds(60));
    let error = shop.ledger.remember(&rfq("rfq-1", 1), &ended, late).await.unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(LedgerError::AlreadyExpired { .. })), "{error}");
    shop.offered(1, 1, noon()).await;
    let error = shop.ledger.remember(&rfq("rfq-2", 1), &offer(1, noon()), noon()).await;
    let error = error.unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(LedgerError::OfferIdTaken(_))), "{error}");
    assert_eq!(shop.reserved(noon()), 1, "the refused one holds nothing");
    shop.offered(2, 1, noon()).await;
}

#[tokio::test]
async fn an_offer_without_id_is_remembered_too() {
    let shop = Shop::with(Some(10));
    for number in 1..3 {
        let asked = rfq(&format!("rfq-{number}"), 1);
        let anonymous = Offer::builder("1".parse().unwrap(), "https://a.example/".parse().unwrap())
            .build(noon())
            .unwrap();
        shop.remember(&asked, &anonymous, noon()).await;
        let recalled = shop.ledger.recall(&asked, noon()).await.unwrap();
        assert_eq!(recalled, Some(Remembered::Offer(anonymous)));
    }
}
