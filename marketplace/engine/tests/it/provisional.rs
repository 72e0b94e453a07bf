//! Offers as they come.

use std::sync::Arc;
use std::time::Duration;

use rfq_engine::Provisional;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::market::{Does, Market, places};

fn names(seen: &Provisional) -> Vec<String> {
    seen.offers.iter().map(|offer| offer.accepted.producer().to_string()).collect()
}

fn market() -> Market {
    Market::of([
        ("fast", Does::Offer(30_000, 100)),
        ("no", Does::Decline(200)),
        ("medium", Does::Offer(20_000, 300)),
        ("slow", Does::Offer(10_000, 400)),
    ])
}

#[tokio::test(start_paused = true)]
async fn each_answer_shows_the_ranks_so_far() {
    let market = Arc::new(market());
    let mut quote = market.next();
    let (sender, mut receiver) = watch::channel(Provisional::default());
    quote.provisional = Some(sender);
    let made = tokio::spawn({
        let market = Arc::clone(&market);
        async move { market.engine.quote(quote).await }
    });
    let mut seen = Vec::new();
    while receiver.changed().await.is_ok() {
        let now = receiver.borrow_and_update();
        seen.push((names(&now).join(" "), now.asked, now.waiting));
    }
    let expected =
        [("fast", 4, 3), ("fast", 4, 2), ("medium fast", 4, 1), ("slow medium fast", 4, 0)]
            .map(|(names, asked, waiting)| (names.to_owned(), asked, waiting));
    assert_eq!(seen, expected);
    assert_eq!(places(&made.await.unwrap()), ["slow", "medium", "fast"]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_sees_the_newest_and_one_that_left_holds_nothing() {
    let market = market();
    let mut quote = market.next();
    let (sender, receiver) = watch::channel(Provisional::default());
    quote.provisional = Some(sender);
    let quote = market.engine.quote(quote).await;
    assert_eq!(names(&receiver.borrow()), places(&quote));

    let mut quote = market.next();
    let (sender, receiver) = watch::channel(Provisional::default());
    quote.provisional = Some(sender);
    let leave = async {
        sleep(Duration::from_millis(150)).await;
        drop(receiver);
    };
    let (quote, ()) = tokio::join!(market.engine.quote(quote), leave);
    assert_eq!(quote.offers.len(), 3);
}
