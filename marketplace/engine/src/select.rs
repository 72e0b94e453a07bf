//! Which producers are asked.

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

use rfq_sdk::{ProductSlug, Region, RfqId};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use crate::health::{HealthBoard, HealthState, Standing};
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
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackRecord {
    /// The share of its calls that brought an offer, from 0 to 1.
    pub offer_rate: f64,
    /// The share of its offers that came first, from 0 to 1.
    pub win_rate: f64,
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

/// Chooses among `candidates` by how they stand on the board. Nothing is left to chance: who is probed
/// depends on the request, the producers' ids and when they were last probed.
///
/// When more than `max_fanout` qualify, at least a tenth of the places goes to producers that are
/// degraded, probed or new, so that they can show what they are worth; the others go to those with the
/// best expected value, healthy ones first.
pub(crate) fn select<T>(
    candidates: Vec<Candidate<T>>,
    request: &QuoteRequest,
    health: &HealthBoard,
    max_fanout: usize,
) -> Selection<T> {
    let now = Instant::now();
    let standings = health.standings(candidates.iter().map(|one| &one.producer), now);
    let mut qualified = Vec::with_capacity(candidates.len());
    let mut suspended = Vec::new();
    for (candidate, standing) in candidates.into_iter().zip(standings) {
        if !candidate.delivers_to.covers(request.region.as_ref()) {
            continue;
        }
        let probed = || {
            let drawn = draw(&request.rfq_id, &candidate.producer, "probe");
            standing.probe_due || drawn < health.policy().probe_share
        };
        if standing.state == HealthState::Suspended && !probed() {
            suspended.push(candidate.producer);
        } else {
            qualified.push(Qualified::new(candidate, &standing));
        }
    }
    if qualified.len() > max_fanout {
        let left_out = keep_best(&mut qualified, &request.rfq_id, max_fanout);
        let unprobed = left_out.into_iter().filter(|one| one.state == HealthState::Suspended);
        suspended.extend(unprobed.map(|one| one.candidate.producer));
    }
    for one in qualified.iter().filter(|one| one.state == HealthState::Suspended) {
        health.note_probe(&one.candidate.producer, now);
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
    standing.score.get() * record.offer_rate * (record.win_rate + NEVER_WON) * speed
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

    fn candidate(name: &str, win_rate: Option<f64>) -> Candidate<()> {
        Candidate {
            producer: id(name),
            product: request(1).product,
            claim_domains: ClaimDomains::from_iter([]),
            delivers_to: DeliveryArea::Anywhere,
            target: Arc::new(()),
            record: win_rate.map(|win_rate| TrackRecord { offer_rate: 1.0, win_rate }),
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
        let selection = select(candidates(), &request(1), &board(&[]), 200);
        assert_eq!(names(&selection), ["near", "anywhere"]);
        let to_anywhere = QuoteRequest { region: None, ..request(1) };
        assert_eq!(select(candidates(), &to_anywhere, &board(&[]), 200).asked.len(), 4);
    }

    #[test]
    fn the_best_are_asked_and_a_tenth_of_the_places_is_for_the_others() {
        let (proven, new, degraded) = (some("proven", 300), some("new", 50), some("degraded", 50));
        let scores: Vec<_> = degraded.iter().map(|name| (name.clone(), 0.3)).collect();
        let board = board(&scores);
        let mut asked_once = std::collections::HashSet::new();
        for number in 0..100 {
            let mut candidates: Vec<_> = new.iter().map(|name| candidate(name, None)).collect();
            candidates.extend(degraded.iter().map(|name| candidate(name, Some(1.0))));
            let proven = proven.iter().zip(0_u32..);
            candidates.extend(proven.map(|(name, n)| candidate(name, Some(f64::from(n) / 300.0))));
            let selection = select(candidates, &request(number), &board, 200);
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
        let mut candidates: Vec<_> = proven.iter().map(|name| candidate(name, Some(0.1))).collect();
        candidates.extend(degraded.iter().map(|name| candidate(name, Some(0.1))));
        candidates.extend(new.iter().map(|name| candidate(name, None)));
        let selection = select(candidates, &request(1), &board(&scores), 200);
        let names = names(&selection);
        let count = |prefix| names.iter().filter(|name| name.starts_with(prefix)).count();
        assert_eq!((names.len(), count("proven"), count("new")), (200, 50, 100));
    }

    #[test]
    fn value_is_health_and_response_and_wins_and_speed() {
        let record = |offer_rate, win_rate| TrackRecord { offer_rate, win_rate };
        let standing = |score: f64, p95_ms: Option<u64>| {
            let board = board(&[("a".to_owned(), score)]);
            let latency = p95_ms.map(Duration::from_millis);
            let calls = latency.into_iter().flat_map(|latency| [latency; 20]);
            for latency in calls {
                board.record([(&id("b"), crate::outcome::Outcome::Offer, Some(latency))]);
            }
            let latency = board.standing(&id("b"), Instant::now()).latency;
            Standing { latency, ..board.standing(&id("a"), Instant::now()) }
        };
        let base = expected_value(record(0.8, 0.2), &standing(0.9, Some(500)));
        assert!(base > expected_value(record(0.8, 0.2), &standing(0.8, Some(500))));
        assert!(base > expected_value(record(0.7, 0.2), &standing(0.9, Some(500))));
        assert!(base > expected_value(record(0.8, 0.1), &standing(0.9, Some(500))));
        assert!(base > expected_value(record(0.8, 0.2), &standing(0.9, Some(2000))));
        assert!(base < expected_value(record(0.8, 0.2), &standing(0.9, None)));
        assert!(expected_value(record(0.8, 0.0), &standing(0.9, Some(9000))) > 0.0);
    }

    #[test]
    fn suspended_ones_that_find_no_place_are_told_apart() {
        let (healthy, suspended) = (some("healthy", 20), some("suspended", 10));
        let scores: Vec<_> = suspended.iter().map(|name| (name.clone(), 0.1)).collect();
        let board = board(&scores);
        let candidates = || -> Vec<_> {
            let healthy = healthy.iter().map(|name| candidate(name, Some(0.1)));
            healthy.chain(suspended.iter().map(|name| candidate(name, Some(0.1)))).collect()
        };
        // All ten were never probed, so all are due, but one place in ten is kept for them.
        let selection = select(candidates(), &request(1), &board, 10);
        assert_eq!((selection.asked.len(), selection.suspended.len()), (10, 9));
        assert_eq!(selection.asked.last().unwrap().asked.state, HealthState::Suspended);
        let probed = selection.asked.last().unwrap().asked.producer.clone();
        assert!(!selection.suspended.contains(&probed));
        assert!(!board.standing(&probed, Instant::now()).probe_due);
        assert!(board.standing(&selection.suspended[0], Instant::now()).probe_due);
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
