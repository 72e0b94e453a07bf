//! Which producers are asked.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use rfq_sdk::{ProductSlug, Region, RfqId};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use crate::health::{HealthBoard, HealthState, Standing, Turn};
use crate::producer::{ClaimDomains, ProducerId};
use crate::request::QuoteRequest;
use crate::validate::Asked;

/// A producer that carries the product and is enabled.
#[derive(Debug)]
pub struct Candidate<T> {
    /// Who.
    pub producer: ProducerId,
    /// The slug by which it knows the product, and is asked for it: one the product has, or had when the
    /// producer said that it carries it.
    pub product: ProductSlug,
    /// Where its offers may be claimed.
    pub claim_domains: ClaimDomains,
    /// Where it delivers to.
    pub delivers_to: DeliveryArea,
    /// What the client must know to call it.
    pub target: Arc<T>,
    /// How it did so far; `None` for one with too few calls to tell.
    pub record: Option<TrackRecord>,
}

/// Where a producer delivers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryArea {
    /// It does not say; it declines what it does not serve.
    Anywhere,
    /// To these regions alone.
    Regions(Vec<Region>),
}

/// How a producer did, as the store counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrackRecord {
    /// Calls of it.
    pub calls: u32,
    /// Those that brought an offer.
    pub offers: u32,
    /// Offers that came first.
    pub wins: u32,
}

impl TrackRecord {
    fn offer_rate(self) -> f64 {
        share(self.offers, self.calls)
    }

    fn win_rate(self) -> f64 {
        share(self.wins, self.offers)
    }
}

/// From 0 to 1, and 0 of nothing.
fn share(part: u32, whole: u32) -> f64 {
    (f64::from(part) / f64::from(whole.max(1))).min(1.0)
}

/// Who is asked, the healthy first, and who is not because it is suspended.
#[derive(Debug)]
pub(crate) struct Selection<T> {
    pub(crate) asked: Vec<Selected<T>>,
    pub(crate) suspended: Vec<ProducerId>,
}

#[derive(Debug)]
pub(crate) struct Selected<T> {
    pub(crate) asked: Asked,
    pub(crate) product: ProductSlug,
    pub(crate) target: Arc<T>,
}

/// Chooses among `candidates` by how they stand on the board at `now`, each producer once. Nothing is
/// left to chance: who is probed depends on the request, the producers' ids and when they were last
/// probed.
///
/// When more than `max_fanout` qualify, at least a tenth of the places goes to producers that are
/// degraded, probed or new, so that they can show what they are worth; the others go to those with the
/// best expected value, healthy ones first.
pub(crate) fn select<T>(
    mut candidates: Vec<Candidate<T>>,
    request: &QuoteRequest,
    health: &HealthBoard,
    max_fanout: usize,
    now: Instant,
) -> Selection<T> {
    let mut seen = HashSet::with_capacity(candidates.len());
    candidates.retain(|one| {
        one.delivers_to.covers(request.region.as_ref()) && seen.insert(one.producer.clone())
    });
    let is_drawn =
        |id: &ProducerId| draw(&request.rfq_id, id, "probe") < health.policy().probe_share;
    let turns = health.take_turns(candidates.iter().map(|one| &one.producer), now, is_drawn);
    let mut qualified = Vec::with_capacity(candidates.len());
    let mut suspended = Vec::new();
    for (candidate, Turn { standing, called }) in candidates.into_iter().zip(turns) {
        if called {
            qualified.push(Qualified::new(candidate, &standing));
        } else {
            suspended.push(candidate.producer);
        }
    }
    if qualified.len() > max_fanout {
        let left_out = keep_best(&mut qualified, &request.rfq_id, max_fanout);
        let unprobed = left_out.into_iter().filter(|one| one.state == HealthState::Suspended);
        let unprobed: Vec<_> = unprobed.map(|one| one.candidate.producer).collect();
        health.return_probes(&unprobed);
        suspended.extend(unprobed);
    }
    qualified.sort_by_key(|one| one.state);
    Selection { asked: qualified.into_iter().map(Qualified::selected).collect(), suspended }
}

struct Qualified<T> {
    candidate: Candidate<T>,
    state: HealthState,
    /// The expected value of a call; `None` for those that have to show it.
    value: Option<f64>,
}

impl<T> Qualified<T> {
    fn new(candidate: Candidate<T>, standing: &Standing) -> Self {
        let state = standing.state;
        let proven = candidate.record.filter(|_| state == HealthState::Healthy);
        let value = proven.map(|record| expected_value(record, standing));
        Self { candidate, state, value }
    }

    fn selected(self) -> Selected<T> {
        let Candidate { producer, product, claim_domains, target, .. } = self.candidate;
        Selected { asked: Asked { producer, claim_domains, state: self.state }, product, target }
    }
}

/// How likely a call wins, and soon: every factor may be 0 at worst, but who never won may yet, and a
/// slow answer counts half.
fn expected_value(record: TrackRecord, standing: &Standing) -> f64 {
    const NEVER_WON: f64 = 0.02;
    const SLOWEST: Duration = Duration::from_secs(4);
    let p95 = standing.latency.map_or(Duration::ZERO, |latency| latency.p95.min(SLOWEST));
    let speed = 1.0 - 0.5 * p95.div_duration_f64(SLOWEST);
    standing.score.get() * record.offer_rate() * (record.win_rate() + NEVER_WON) * speed
}

/// Leaves `places` in `qualified`, and returns the others.
fn keep_best<T>(
    qualified: &mut Vec<Qualified<T>>,
    rfq_id: &RfqId,
    places: usize,
) -> Vec<Qualified<T>> {
    let mut drawn: Vec<(f64, Qualified<T>)> = qualified
        .drain(..)
        .map(|one| (draw(rfq_id, &one.candidate.producer, "place"), one))
        .collect();
    // Those with a known value by it, then the others as drawn.
    drawn.sort_by(|(one_drawn, one), (other_drawn, other)| {
        let by_value = match (one.value, other.value) {
            (Some(one), Some(other)) => other.total_cmp(&one),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        by_value.then(one_drawn.total_cmp(other_drawn))
    });
    let mut proven: Vec<_> = drawn.into_iter().map(|(_, one)| one).collect();
    let mut unproven = proven.split_off(proven.partition_point(|one| one.value.is_some()));
    let mut rest = unproven.split_off(places.div_ceil(10).min(unproven.len()));
    // New ones are healthy, so they come before the degraded.
    rest.sort_by_key(|one| one.state);
    proven.append(&mut rest);
    let left_out = proven.split_off(places.saturating_sub(unproven.len()).min(proven.len()));
    qualified.append(&mut proven);
    qualified.append(&mut unproven);
    left_out
}

/// A number from 0 to below 1 that looks random, and is the same whenever it is asked for.
fn draw(rfq_id: &RfqId, producer: &ProducerId, purpose: &str) -> f64 {
    let mut hash = Sha256::new();
    for part in [rfq_id.as_str(), producer.as_str(), purpose] {
        hash.update(part);
        // No part holds it, so that no two lists of parts read alike.
        hash.update([0]);
    }
    let [first, second, third, fourth, ..]: [u8; 32] = hash.finalize().into();
    f64::from(u32::from_be_bytes([first, second, third, fourth])) / 2f64.powi(32)
}

impl DeliveryArea {
    /// A request without a region may go anywhere.
    fn covers(&self, region: Option<&Region>) -> bool {
        match (self, region) {
            (Self::Anywhere, _) | (Self::Regions(_), None) => true,
            (Self::Regions(regions), Some(region)) => regions.contains(region),
        }
    }
}

#[cfg(test)]
mod tests {
    use rfq_sdk::Quantity;

    use super::*;
    use crate::health::{HealthPolicy, Score};

    fn request(number: usize) -> QuoteRequest {
        QuoteRequest {
            rfq_id: format!("rfq-{number}").parse().unwrap(),
            product: "beds/oak-bed".parse().unwrap(),
            product_name: "Oak bed".to_owned(),
            quantity: Quantity::new(1).unwrap(),
            region: Some("CA-US".parse().unwrap()),
            deliver_by: None,
        }
    }

    fn id(name: &str) -> ProducerId {
        name.parse().unwrap()
    }

    fn candidate(name: &str, wins: Option<u32>) -> Candidate<()> {
        Candidate {
            producer: id(name),
            product: request(1).product,
            claim_domains: ClaimDomains::from_iter([]),
            delivers_to: DeliveryArea::Anywhere,
            target: Arc::new(()),
            record: wins.map(|wins| TrackRecord { calls: 1000, offers: 1000, wins }),
        }
    }

    fn board(scores: &[(String, f64)]) -> HealthBoard {
        let board = HealthBoard::new(HealthPolicy::default()).unwrap();
        for (name, score) in scores {
            board.rebase(&id(name), Score::try_from(*score).unwrap());
        }
        board
    }

    fn names<T>(selection: &Selection<T>) -> Vec<&str> {
        selection.asked.iter().map(|one| one.asked.producer.as_str()).collect()
    }

    fn some(prefix: &str, count: u32) -> Vec<String> {
        (0..count).map(|n| format!("{prefix}{n}")).collect()
    }

    #[test]
    fn only_those_are_asked_that_deliver_there() {
        let within = |name, regions: &[&str]| Candidate {
            delivers_to: DeliveryArea::Regions(
                regions.iter().map(|region| region.parse().unwrap()).collect(),
            ),
            ..candidate(name, None)
        };
        let candidates = || {
            vec![
                within("near", &["NY-US", "CA-US"]),
                within("far", &["NY-US"]),
                within("nowhere", &[]),
                candidate("anywhere", None),
            ]
        };
        let selection = select(candidates(), &request(1), &board(&[]), 200, Instant::now());
        assert_eq!(names(&selection), ["near", "anywhere"]);
        let to_anywhere = QuoteRequest { region: None, ..request(1) };
        assert_eq!(
            select(candidates(), &to_anywhere, &board(&[]), 200, Instant::now()).asked.len(),
            4
        );
    }

    #[test]
    fn the_best_are_asked_and_a_tenth_of_the_places_is_for_the_others() {
        let (proven, new, degraded) = (some("proven", 300), some("new", 50), some("degraded", 50));
        let scores: Vec<_> = degraded.iter().map(|name| (name.clone(), 0.3)).collect();
        let board = board(&scores);
        let mut asked_once = HashSet::new();
        for number in 0..100 {
            let mut candidates: Vec<_> = new.iter().map(|name| candidate(name, None)).collect();
            candidates.extend(degraded.iter().map(|name| candidate(name, Some(1000))));
            let proven = proven.iter().zip(0_u32..);
            candidates.extend(proven.map(|(name, n)| candidate(name, Some(n))));
            let selection = select(candidates, &request(number), &board, 200, Instant::now());
            let names = names(&selection);
            assert_eq!(names.len(), 200);
            let count = |prefix| names.iter().filter(|name| name.starts_with(prefix)).count();
            assert_eq!(count("proven"), 180, "the places that are kept are not more than a tenth");
            assert!((120..300).all(|n| names.contains(&&*format!("proven{n}"))), "the best win");
            let states = selection.asked.iter().map(|one| one.asked.state);
            assert!(states.is_sorted(), "healthy ones are called first");
            let others = names.iter().filter(|name| !name.starts_with("proven"));
            asked_once.extend(others.map(|name| (*name).to_owned()));
        }
        assert_eq!(asked_once.len(), 100, "everyone's turn comes");
    }

    #[test]
    fn places_that_the_proven_leave_go_to_the_others_new_ones_first() {
        let (proven, new, degraded) = (some("proven", 50), some("new", 100), some("degraded", 100));
        let scores: Vec<_> = degraded.iter().map(|name| (name.clone(), 0.3)).collect();
        let mut candidates: Vec<_> = proven.iter().map(|name| candidate(name, Some(100))).collect();
        candidates.extend(degraded.iter().map(|name| candidate(name, Some(100))));
        candidates.extend(new.iter().map(|name| candidate(name, None)));
        let selection = select(candidates, &request(1), &board(&scores), 200, Instant::now());
        let names = names(&selection);
        let count = |prefix| names.iter().filter(|name| name.starts_with(prefix)).count();
        assert_eq!((names.len(), count("proven"), count("new")), (200, 50, 100));
    }

    #[test]
    fn value_is_health_and_response_and_wins_and_speed() {
        let record = |offers, wins| TrackRecord { calls: 100, offers, wins };
        let standing = |score: f64, p95_ms: Option<u64>| {
            let board = board(&[("a".to_owned(), score)]);
            let latency = p95_ms.map(Duration::from_millis);
            let calls = latency.into_iter().flat_map(|latency| [latency; 20]);
            for latency in calls {
                let call = (&id("b"), crate::outcome::Outcome::Offer, Some(latency));
                board.record([call], Instant::now());
            }
            let latency = board.standing(&id("b"), Instant::now()).latency;
            Standing { latency, ..board.standing(&id("a"), Instant::now()) }
        };
        let base = expected_value(record(80, 16), &standing(0.9, Some(500)));
        assert!(base > expected_value(record(80, 16), &standing(0.8, Some(500))));
        assert!(base > expected_value(record(70, 14), &standing(0.9, Some(500))));
        assert!(base > expected_value(record(80, 8), &standing(0.9, Some(500))));
        assert!(base > expected_value(record(80, 16), &standing(0.9, Some(2000))));
        assert!(base < expected_value(record(80, 16), &standing(0.9, None)));
        assert!(expected_value(record(80, 0), &standing(0.9, Some(9000))) > 0.0);
    }

    #[test]
    fn who_never_did_anything_is_worth_nothing() {
        let standing = board(&[]).standing(&id("a"), Instant::now());
        let value = |calls, offers, wins| {
            expected_value(TrackRecord { calls, offers, wins }, &standing).to_bits()
        };
        assert_eq!(value(0, 0, 0), 0.0_f64.to_bits());
        assert_eq!(value(5, 0, 0), 0.0_f64.to_bits());
        assert_eq!(value(1, 2, 3), value(1, 1, 1), "no more than always");
    }

    #[test]
    fn suspended_ones_that_find_no_place_are_told_apart() {
        let (healthy, suspended) = (some("healthy", 20), some("suspended", 10));
        let scores: Vec<_> = suspended.iter().map(|name| (name.clone(), 0.1)).collect();
        let board = board(&scores);
        let candidates = || -> Vec<_> {
            let healthy = healthy.iter().map(|name| candidate(name, Some(100)));
            healthy.chain(suspended.iter().map(|name| candidate(name, Some(100)))).collect()
        };
        // All ten were never probed, so all are due, but one place in ten is kept for them.
        let selection = select(candidates(), &request(1), &board, 10, Instant::now());
        assert_eq!((selection.asked.len(), selection.suspended.len()), (10, 9));
        assert_eq!(selection.asked.last().unwrap().asked.state, HealthState::Suspended);
        let probed = selection.asked.last().unwrap().asked.producer.clone();
        assert!(!selection.suspended.contains(&probed));
        assert!(!board.standing(&probed, Instant::now()).probe_due);
        assert!(board.standing(&selection.suspended[0], Instant::now()).probe_due);
    }

    #[test]
    fn a_probe_that_is_due_is_taken_by_one_of_two_quotes_at_once() {
        let policy = HealthPolicy { probe_share: 0.0, ..HealthPolicy::default() };
        let board = HealthBoard::new(policy).unwrap();
        board.rebase(&id("a"), Score::try_from(0.1).unwrap());
        let now = Instant::now();
        let quote =
            |number, now| select(vec![candidate("a", None)], &request(number), &board, 9, now);
        assert_eq!(quote(1, now).asked.len(), 1);
        assert_eq!(quote(2, now).suspended, [id("a")]);
        assert_eq!(quote(3, now + policy.probe_after).asked.len(), 1);
    }

    #[test]
    fn a_producer_that_comes_twice_is_asked_once() {
        let candidates =
            vec![candidate("a", None), candidate("b", None), candidate("a", Some(1000))];
        let selection = select(candidates, &request(1), &board(&[]), 200, Instant::now());
        assert_eq!(names(&selection), ["a", "b"]);
    }

    #[test]
    fn what_looks_random_is_the_same_each_time_and_even() {
        let drawn = |n: usize, purpose| draw(&request(n).rfq_id, &id("a"), purpose);
        assert_eq!(drawn(1, "probe").to_bits(), drawn(1, "probe").to_bits());
        assert_ne!(drawn(1, "probe").to_bits(), drawn(1, "place").to_bits());
        let low = (0..10_000).filter(|n| drawn(*n, "probe") < 0.1).count();
        assert!((900..1100).contains(&low), "{low}");
    }
}
