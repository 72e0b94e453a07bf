//! Deadlines, failures, and the same offer for the same request.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use rfq_sdk::{
    Answer, AnswerStore, Answerer, Budget, Clock, Deadline, DeclineReason, MAX_IN_FLIGHT,
    ManualClock, MemoryStore, Offer, Remembered, Responder, ResponderError, Rfq, RfqIdReused,
    StoreError, Usd,
};
use tokio::time::Instant;

use super::rfq::{BODY, read};

fn noon() -> chrono::DateTime<chrono::Utc> {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

fn rfq() -> Rfq {
    read(BODY.as_bytes(), "m").unwrap()
}

fn rfq_with(from: &str, to: &str) -> Rfq {
    read(BODY.replace(from, to).as_bytes(), "m").unwrap()
}

fn in_time() -> Deadline {
    Deadline::new(Instant::now(), Budget::default())
}

/// Offers at a price that rises by a dollar with every request computed.
struct Counting {
    clock: Arc<ManualClock>,
    computed: Arc<AtomicUsize>,
    takes: Duration,
}

impl Responder for Counting {
    async fn respond(&self, _: Rfq) -> Result<Answer, ResponderError> {
        let number = u64::try_from(self.computed.fetch_add(1, Ordering::SeqCst))? + 1;
        tokio::time::sleep(self.takes).await;
        let offer =
            Offer::builder(Usd::from_cents(number * 100)?, "https://shop.example/".parse()?)
                .offer_id(uuid::Uuid::from_u128(number.into()))
                .valid_for(TimeDelta::hours(1));
        Ok(offer.build(self.clock.now())?.into())
    }
}

struct Bench {
    answerer: Answerer<Counting, Arc<MemoryStore>>,
    clock: Arc<ManualClock>,
    computed: Arc<AtomicUsize>,
    store: Arc<MemoryStore>,
}

fn bench(takes: Duration) -> Bench {
    let clock = Arc::new(ManualClock::at(noon()));
    let computed = Arc::new(AtomicUsize::new(0));
    let store = Arc::new(MemoryStore::default());
    let responder = Counting { clock: clock.clone(), computed: computed.clone(), takes };
    let answerer = Answerer::with(responder, store.clone(), clock.clone());
    Bench { answerer, clock, computed, store }
}

impl Bench {
    async fn ask(&self, rfq: Rfq) -> Result<Answer, RfqIdReused> {
        self.answerer.answer(rfq, in_time()).await
    }
}

#[tokio::test]
async fn the_same_request_gets_the_same_offer_until_it_expires() {
    let bench = bench(Duration::ZERO);
    let first = bench.ask(rfq()).await.unwrap();
    bench.clock.advance(Duration::from_secs(3599));
    assert_eq!(bench.ask(rfq()).await.unwrap().to_json(), first.to_json());
    bench.clock.advance(Duration::from_secs(1));
    let second = bench.ask(rfq()).await.unwrap();
    assert_ne!(second, first);
    assert_eq!(bench.ask(rfq()).await.unwrap(), second);
    assert_eq!(bench.computed.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn the_same_id_for_another_request_is_an_error() {
    let bench = bench(Duration::ZERO);
    bench.ask(rfq()).await.unwrap();
    for (from, to) in [
        ("baratza-encore-esp", "other"),
        ("\"quantity\":1", "\"quantity\":2"),
        ("CA-US", "NY-US"),
        ("2026-06-10", "2026-06-11"),
    ] {
        assert_eq!(bench.ask(rfq_with(from, to)).await, Err(RfqIdReused), "{to}");
    }
    assert!(bench.ask(rfq_with("user", "agent")).await.is_ok(), "not part of the fingerprint");
    assert_eq!(bench.computed.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn one_caller_never_reads_the_offers_of_another() {
    let bench = bench(Duration::ZERO);
    let ours = bench.ask(read(BODY.as_bytes(), "us").unwrap()).await.unwrap();
    let theirs = bench.ask(read(BODY.as_bytes(), "them").unwrap()).await.unwrap();
    assert_ne!(ours, theirs);
}

#[tokio::test(start_paused = true)]
async fn concurrent_duplicates_join_one_computation() {
    let bench = bench(Duration::from_secs(1));
    let asks = (0..20).map(|_| bench.ask(rfq()));
    let (first, reused) = tokio::join!(join_all(asks), bench.ask(rfq_with("CA-US", "NY-US")));
    assert_eq!(bench.computed.load(Ordering::SeqCst), 1);
    assert!(
        first.iter().all(|answer| answer == &first[0] && matches!(answer, Ok(Answer::Offer(_))))
    );
    assert_eq!(reused, Err(RfqIdReused), "also while the first is still being computed");
}

async fn join_all<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.map(Box::pin).collect();
    let mut done: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (future, slot) in futures.iter_mut().zip(&mut done).filter(|(_, slot)| slot.is_none()) {
            if let std::task::Poll::Ready(value) = future.as_mut().poll(cx) {
                *slot = Some(value);
            }
        }
        if done.iter().all(Option::is_some) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[tokio::test(start_paused = true)]
async fn a_late_responder_becomes_a_decline_at_the_budget() {
    let bench = bench(Duration::from_secs(10));
    let start = Instant::now();
    // Half a second of the budget was spent before the request got here.
    let deadline =
        Deadline::new(start.checked_sub(Duration::from_millis(500)).unwrap(), Budget::default());
    let answer = bench.answerer.answer(rfq(), deadline).await.unwrap();
    assert_eq!(answer, DeclineReason::OverBudget.into());
    assert_eq!(start.elapsed().as_secs(), 3);
    // It is forgotten: asked again, it is computed again.
    bench.ask(rfq()).await.unwrap();
    assert_eq!(bench.computed.load(Ordering::SeqCst), 2);
    assert!(bench.store.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_with_more_time_is_not_declined_with_the_one_it_joined() {
    let bench = bench(Duration::from_secs(1));
    let soon = Deadline::new(Instant::now(), Budget::new(Duration::from_millis(100)).unwrap());
    let (first, second) = tokio::join!(bench.answerer.answer(rfq(), soon), bench.ask(rfq()));
    assert_eq!(first, Ok(DeclineReason::OverBudget.into()));
    assert!(matches!(second, Ok(Answer::Offer(_))), "{second:?}");
}

#[tokio::test(start_paused = true)]
async fn another_request_of_the_id_in_flight_does_not_stand_in_the_way_if_it_is_declined() {
    let answerer = Answerer::new(|rfq: Rfq| async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if rfq.quantity().get() == 1 {
            return Ok(DeclineReason::NotCarried.into());
        }
        let offer = Offer::builder("1.00".parse()?, "https://shop.example/".parse()?);
        Ok(offer.build(rfq_sdk::SystemClock.now())?.into())
    });
    let two = rfq_with("\"quantity\":1", "\"quantity\":2");
    let (declined, offered) =
        tokio::join!(answerer.answer(rfq(), in_time()), answerer.answer(two, in_time()));
    assert_eq!(declined, Ok(DeclineReason::NotCarried.into()));
    assert!(matches!(offered, Ok(Answer::Offer(_))), "{offered:?}");
    assert_eq!(answerer.answer(rfq(), in_time()).await, Err(RfqIdReused), "the offer stands");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_responder_that_blocks_its_thread_is_late_too() {
    let answerer = Answerer::new(|_| async {
        std::thread::sleep(Duration::from_millis(400));
        Ok(DeclineReason::NotCarried.into())
    });
    let deadline = Deadline::new(Instant::now(), Budget::new(Duration::from_millis(50)).unwrap());
    assert_eq!(answerer.answer(rfq(), deadline).await, Ok(DeclineReason::OverBudget.into()));
}

#[tokio::test]
async fn an_error_or_a_panic_becomes_a_decline_and_is_forgotten() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let answerer = Answerer::new(move |_| {
        let call = counted.fetch_add(1, Ordering::SeqCst);
        async move {
            assert_ne!(call, 0, "the first call panics");
            Err("the price list is gone".into())
        }
    });
    for _ in 0..3 {
        assert_eq!(answerer.answer(rfq(), in_time()).await, Ok(DeclineReason::Failed.into()));
    }
    assert_eq!(calls.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn more_requests_than_places_are_declined_at_once() {
    let bench = bench(Duration::from_secs(1));
    let most = MAX_IN_FLIGHT;
    let ask =
        |n: usize| bench.ask(rfq_with("8b0e6f0e-6f0c-4c4e-9a51-2f2f4f6f0c11", &format!("rfq-{n}")));
    let answers = join_all((0..most + 5).map(ask)).await;
    let busy = answers.iter().filter(|a| **a == Ok(DeclineReason::Busy.into())).count();
    assert_eq!((busy, answers.len()), (5, most + 5));
    assert!(matches!(ask(0).await, Ok(Answer::Offer(_))), "the places are free again");
}

/// Fails to read, or fails to write.
struct BrokenStore {
    reads: bool,
}

impl AnswerStore for BrokenStore {
    async fn recall(
        &self,
        _: &Rfq,
        _: chrono::DateTime<chrono::Utc>,
    ) -> Result<Option<Remembered>, StoreError> {
        if self.reads { Ok(None) } else { Err("disk".into()) }
    }

    async fn remember(
        &self,
        _: &Rfq,
        _: &Offer,
        _: chrono::DateTime<chrono::Utc>,
    ) -> Result<Remembered, StoreError> {
        Err("disk full".into())
    }
}

#[tokio::test]
async fn an_offer_that_cannot_be_remembered_is_not_made() {
    for reads in [true, false] {
        let clock = Arc::new(ManualClock::at(noon()));
        let responder =
            Counting { clock: clock.clone(), computed: Arc::default(), takes: Duration::ZERO };
        let answerer = Answerer::with(responder, BrokenStore { reads }, clock);
        assert_eq!(answerer.answer(rfq(), in_time()).await, Ok(DeclineReason::Failed.into()));
    }
}

#[tokio::test]
async fn a_full_memory_forgets_the_oldest_offer_first() {
    let store = MemoryStore::with_capacity(2);
    let url = || "https://shop.example/".parse().unwrap();
    let request = |n: u32| rfq_with("8b0e6f0e-6f0c-4c4e-9a51-2f2f4f6f0c11", &format!("rfq-{n}"));
    let offer = |n: u32| {
        let builder = Offer::builder(Usd::from_cents(n.into()).unwrap(), url());
        builder.offer_id(uuid::Uuid::from_u128(n.into())).build(noon()).unwrap()
    };
    for n in 1..=3 {
        store.remember(&request(n), &offer(n), noon()).await.unwrap();
    }
    assert_eq!(store.len(), 2);
    assert_eq!(store.recall(&request(1), noon()).await.unwrap(), None);
    assert_eq!(store.find(uuid::Uuid::from_u128(1)), None);
    assert_eq!(store.recall(&request(2), noon()).await.unwrap(), Some(Remembered::Offer(offer(2))));
    assert_eq!(store.find(uuid::Uuid::from_u128(3)), Some((request(3), offer(3))));
    // Of two offers for one request, the first stands.
    let standing = store.remember(&request(3), &offer(9), noon()).await.unwrap();
    assert_eq!(standing, Remembered::Offer(offer(3)));
    // After it has expired, the next one replaces it, under its own id only.
    let later = noon() + TimeDelta::hours(24);
    let renewed = Offer::builder(Usd::from_cents(9).unwrap(), url())
        .offer_id(uuid::Uuid::from_u128(9))
        .build(later)
        .unwrap();
    store.remember(&request(3), &renewed, later).await.unwrap();
    assert_eq!(store.find(uuid::Uuid::from_u128(3)), None);
    assert_eq!(store.find(uuid::Uuid::from_u128(9)).unwrap().1, renewed);
}
