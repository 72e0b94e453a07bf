//! What is reserved: soft holds of offers, hard holds of claims, sales.

use std::time::Duration;

use rfq_reference_agent::catalogue::{Availability, Catalogue, Product};
use rfq_reference_agent::ledger::{Claim, ClaimState, HoldLimits, LedgerOptions, Sell};
use rfq_reference_agent::stock::Stock;
use rfq_sdk::AnswerStore as _;
use uuid::Uuid;

use super::{GRINDER, Shop, counted, grinder, noon, offer, offer_for, rfq, rfq_of, seconds};

fn minutes(count: i64) -> chrono::TimeDelta {
    seconds(60 * count)
}

#[tokio::test]
async fn soft_holds_stay_within_their_share_and_end_with_the_offer() {
    let shop = Shop::with(Some(20));
    for (number, quantity, reserved) in [(1, 3, 3), (2, 2, 3), (3, 1, 4), (4, 1, 4)] {
        shop.offered(number, quantity, noon()).await;
        assert_eq!(shop.reserved(noon()), reserved, "a fifth of 20 is the most: {number}");
    }
    // The feed says that fewer are left.
    shop.catalogue.replace(counted(Some(5), noon()));
    assert_eq!(shop.reserved(noon()), 1);
    let end = offer(1, noon()).expires_at();
    assert_eq!(shop.reserved(end - seconds(1)), 1);
    assert_eq!(shop.reserved(end), 0);
}

#[tokio::test]
async fn what_is_not_counted_or_not_in_stock_is_not_held() {
    let shop = Shop::with(None);
    let id = shop.offered(1, 1000, noon()).await;
    assert!(matches!(shop.claim(id, noon()).await, Claim::Held { .. }));
    assert_eq!(shop.reserved(noon()), 0);
    let sold_out = Product { availability: Availability::OutOfStock, ..grinder(None) };
    let mut catalogue = Catalogue::default();
    catalogue.insert(sold_out).unwrap();
    shop.catalogue.replace(catalogue);
    let id = shop.offered(2, 1, noon()).await;
    assert_eq!(shop.claim(id, noon()).await, Claim::OutOfStock);
    shop.catalogue.replace(Catalogue::default());
    let id = shop.offered(3, 1, noon()).await;
    assert_eq!(shop.claim(id, noon()).await, Claim::OutOfStock, "it is no longer carried");
}

#[tokio::test]
async fn a_claim_turns_the_offer_s_own_hold_into_a_hard_one() {
    let shop = Shop::with(Some(20));
    let id = shop.offered(1, 3, noon()).await;
    assert_eq!(shop.reserved(noon()), 3);
    let until = noon() + minutes(15);
    assert_eq!(shop.claim(id, noon()).await, Claim::Held { until });
    assert_eq!(shop.reserved(noon()), 3);
    // Its share of the soft holds is free again.
    shop.offered(2, 4, noon()).await;
    assert_eq!(shop.reserved(noon()), 7);
    let found = shop.ledger.find(id).await.unwrap().unwrap();
    assert_eq!(found.claim, ClaimState::Held { until });
    assert_eq!(found.claim.at(until), ClaimState::Open);

    assert_eq!(shop.claim(id, noon() + minutes(14)).await, Claim::AlreadyHeld { until });
    assert_eq!(shop.reserved(until), 4, "it has lapsed");
    let again = until + minutes(15);
    assert_eq!(shop.claim(id, until).await, Claim::Held { until: again }, "a new one");
    assert_eq!(shop.reserved(until), 7);
}

#[tokio::test]
async fn a_claim_is_refused_for_a_reason() {
    let shop = Shop::with(Some(5));
    assert_eq!(shop.claim(Uuid::from_u128(1), noon()).await, Claim::Unknown);
    let short = offer_for(1, noon(), minutes(10));
    shop.remember(&rfq("rfq-1", 3), &short, noon()).await;
    let (id, end) = (Uuid::from_u128(1), noon() + minutes(10));
    let other = shop.offered(2, 3, noon()).await;

    // A hold may outlast its offer, and is what it is until its own end.
    let until = end - seconds(1) + minutes(15);
    assert_eq!(shop.claim(id, end - seconds(1)).await, Claim::Held { until });
    assert_eq!(shop.claim(id, end).await, Claim::AlreadyHeld { until });
    assert_eq!(shop.claim(other, end).await, Claim::OutOfStock);
    assert_eq!(shop.claim(id, until).await, Claim::Expired);
    assert!(matches!(shop.claim(other, until).await, Claim::Held { .. }));

    assert_eq!(shop.ledger.sell(other, until).await.unwrap(), Sell::Sold);
    assert_eq!(shop.claim(other, until).await, Claim::Sold);
}

#[tokio::test]
async fn soft_holds_of_others_do_not_stand_in_the_way() {
    let shop = Shop::with(Some(5));
    let without_hold = shop.offered(1, 5, noon()).await;
    let with_hold = shop.offered(2, 1, noon()).await;
    assert_eq!(shop.reserved(noon()), 1);
    assert!(matches!(shop.claim(without_hold, noon()).await, Claim::Held { .. }));
    assert_eq!(shop.claim(with_hold, noon()).await, Claim::OutOfStock);
}

#[tokio::test]
async fn a_caller_may_hold_a_product_so_often_at_once() {
    let limits = HoldLimits { hard_per_product_and_caller: 2, ..HoldLimits::default() };
    let options = LedgerOptions { holds: limits, ..LedgerOptions::default() };
    let shop = Shop::with_options(Some(4), options);
    for number in 1..4 {
        shop.offered(number, 1, noon()).await;
    }
    shop.remember(&rfq_of("other", "rfq-1", 1), &offer(4, noon()), noon()).await;
    let claim = async |number, now| shop.claim(Uuid::from_u128(number), now).await;
    assert!(matches!(claim(1, noon()).await, Claim::Held { .. }));
    assert!(matches!(claim(2, noon() + minutes(1)).await, Claim::Held { .. }));
    assert_eq!(claim(3, noon() + minutes(1)).await, Claim::TooManyHolds);
    assert!(matches!(claim(2, noon() + minutes(1)).await, Claim::AlreadyHeld { .. }));
    assert!(matches!(claim(4, noon() + minutes(1)).await, Claim::Held { .. }), "another caller");
    assert!(matches!(claim(3, noon() + minutes(15)).await, Claim::Held { .. }), "one has lapsed");
}

#[tokio::test]
async fn the_claims_of_a_caller_may_hold_half_of_the_stock_however_many_they_are() {
    let shop = Shop::with(Some(100));
    for number in 1..52 {
        let id = shop.offered(number, 1, noon()).await;
        let claim = shop.claim(id, noon()).await;
        let is_held = matches!(claim, Claim::Held { .. });
        assert_eq!(is_held, number <= 50, "{number}: {claim:?}");
        assert!(is_held || claim == Claim::TooManyHolds);
    }
    // Fewer than the number allowed in any case may hold more.
    let shop = Shop::with(Some(100));
    for number in 1..3 {
        let id = shop.offered(number, 45, noon()).await;
        assert!(matches!(shop.claim(id, noon()).await, Claim::Held { .. }));
    }
}

#[tokio::test]
async fn what_is_not_counted_is_claimed_without_limit() {
    let shop = Shop::with(None);
    for number in 1..30 {
        let id = shop.offered(number, 1, noon()).await;
        assert!(matches!(shop.claim(id, noon()).await, Claim::Held { .. }), "{number}");
    }
}

#[tokio::test]
async fn the_stock_that_is_told_counts() {
    let shop = Shop::with(None);
    let told = |units| Stock { units, as_of: noon() };
    let grinder = GRINDER.parse().unwrap();
    // The share of the soft holds is that of the stock that the latest quote went by.
    let offered = async |number, units| {
        assert_eq!(shop.ledger.reserved(&grinder, told(units), noon()).units(), 0);
        let made = offer(number, noon());
        shop.ledger.remember(&rfq(&format!("rfq-{number}"), 1), &made, noon()).await.unwrap();
        made.offer_id().unwrap()
    };
    let first = offered(1, None).await;
    let second = offered(2, Some(4)).await;
    let third = offered(3, Some(5)).await;
    assert_eq!(shop.ledger.reserved(&grinder, told(Some(5)), noon()).units(), 1);
    let claim = async |id, units| shop.ledger.claim(id, told(units), noon()).await.unwrap();
    assert_eq!(claim(first, Some(0)).await, Claim::OutOfStock);
    assert!(matches!(claim(first, Some(1)).await, Claim::Held { .. }));
    assert_eq!(claim(second, Some(1)).await, Claim::OutOfStock);
    assert!(matches!(claim(third, None).await, Claim::Held { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_claims_at_once_one_gets_the_last_unit() {
    for _ in 0..30 {
        let shop = Shop::with(Some(1));
        let (first, second) = (shop.offered(1, 1, noon()).await, shop.offered(2, 1, noon()).await);
        let claim = |id| {
            let (ledger, stock) = (shop.ledger.clone(), shop.stock());
            tokio::spawn(async move { ledger.claim(id, stock, noon()).await.unwrap() })
        };
        let (first, second) = (claim(first), claim(second));
        let claims = [first.await.unwrap(), second.await.unwrap()];
        let held = Claim::Held { until: noon() + minutes(15) };
        assert!(claims.contains(&held) && claims.contains(&Claim::OutOfStock), "{claims:?}");
        assert_eq!(shop.reserved(noon()), 1);
    }
}

#[tokio::test]
async fn what_is_sold_is_reserved_until_the_feed_knows() {
    let shop = Shop::with(Some(5));
    let claimed = shop.offered(1, 2, noon()).await;
    let unclaimed = shop.offered(2, 1, noon()).await;
    let expired = shop.offered(3, 1, noon()).await;
    shop.claim(claimed, noon()).await;
    let sell = async |id, now| shop.ledger.sell(id, now).await.unwrap();
    let one = noon() + minutes(1);
    assert_eq!(sell(claimed, one).await, Sell::Sold);
    assert_eq!(sell(claimed, one + minutes(1)).await, Sell::AlreadySold { at: one });
    assert_eq!(sell(unclaimed, one).await, Sell::Sold);
    let late = noon() + minutes(24 * 60);
    assert_eq!(shop.claim(expired, late).await, Claim::Expired);
    assert_eq!(sell(expired, late).await, Sell::Sold);
    assert_eq!(sell(Uuid::from_u128(9), late).await, Sell::Unknown);

    assert_eq!(shop.reserved(late), 4);
    let shop = shop.reopened();
    assert_eq!(shop.reserved(late), 4);
    let found = shop.ledger.find(claimed).await.unwrap().unwrap();
    assert_eq!(found.claim, ClaimState::Sold { at: one });
    let id = shop.offered(4, 2, late).await;
    assert_eq!(shop.claim(id, late).await, Claim::OutOfStock);

    // Written at the very time of the sale, a feed may not know of it yet.
    shop.catalogue.replace(counted(Some(5), one));
    assert_eq!(shop.reserved(late), 4);
    shop.catalogue.replace(counted(Some(2), one + seconds(1)));
    assert_eq!(shop.reserved(late), 1);
    shop.catalogue.replace(counted(Some(2), late + seconds(1)));
    assert_eq!(shop.reserved(late), 0);
    assert!(matches!(shop.claim(id, late).await, Claim::Held { .. }));
}

#[tokio::test]
async fn holds_survive_a_restart() {
    let shop = Shop::with(Some(100));
    let id = shop.offered(1, 7, noon()).await;
    shop.offered(2, 5, noon()).await;
    shop.claim(id, noon()).await;
    let shop = shop.reopened();
    assert_eq!(shop.reserved(noon()), 12);
    assert_eq!(shop.reserved(noon() + minutes(15)), 5);
    assert_eq!(shop.reserved(noon() + minutes(24 * 60)), 0);
}

#[tokio::test]
async fn the_length_of_a_hold_and_the_share_can_be_set() {
    let holds = HoldLimits { soft_percent: 0, hard: Duration::from_mins(1), ..Default::default() };
    let shop = Shop::with_options(Some(100), LedgerOptions { holds, ..Default::default() });
    let id = shop.offered(1, 1, noon()).await;
    assert_eq!(shop.reserved(noon()), 0);
    assert_eq!(shop.claim(id, noon()).await, Claim::Held { until: noon() + minutes(1) });
}
