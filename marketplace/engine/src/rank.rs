//! The order of offers.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use rfq_sdk::{RfqId, Terms, Usd};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::health::HealthState;
use crate::producer::ProducerId;
use crate::validate::AcceptedOffer;

/// What the order depends on beside the offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankingPolicy {
    /// The least that unknown shipping is taken to cost. By default 9.99 US dollars.
    pub unknown_shipping: Usd,
    /// What is added to the total of a producer that is not healthy, in hundredths of a percent. By
    /// default 200, so 2 %.
    pub handicap_basis_points: u16,
}

impl Default for RankingPolicy {
    fn default() -> Self {
        // Far below the limit of an amount, so never zero.
        let unknown_shipping = Usd::from_cents(999).unwrap_or(Usd::ZERO);
        Self { unknown_shipping, handicap_basis_points: 200 }
    }
}

/// An offer in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankedOffer {
    /// The place, from 1.
    pub place: usize,
    /// The offer.
    pub accepted: AcceptedOffer,
    /// Why it is there.
    pub explanation: Explanation,
    key: Key,
}

impl RankedOffer {
    /// The rule that puts this offer behind `winner`.
    pub(crate) fn lost_to(&self, winner: &Self) -> Rule {
        self.key.behind(&winner.key)
    }

    /// The total that counts, in ten-thousandths of a cent, so that nothing is rounded.
    pub(crate) fn effective(&self) -> u128 {
        self.key.effective
    }
}

/// Why an offer has its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Price and shipping, in US dollars; `None` while shipping is unknown.
    pub total_usd: Option<Usd>,
    /// What unknown shipping was taken to cost, in US dollars.
    pub imputed_shipping_usd: Option<Usd>,
    /// What was added because the producer is not healthy, in hundredths of a percent of the total.
    pub handicap_basis_points: u16,
    /// What put it behind the offer above it; `None` in the first place.
    pub decided_by: Option<Rule>,
}

/// A rule of the order. The first that tells two offers apart decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// In stock before out of stock.
    InStock,
    /// The lower total.
    Total,
    /// Known shipping before unknown.
    KnownShipping,
    /// Fewer days of shipping, unknown last.
    ShippingDays,
    /// The healthier producer.
    Health,
    /// The offer that is valid longer.
    Expiry,
    /// A shuffle that depends on the request and the producers' ids alone.
    Shuffle,
}

/// Puts offers in order. It is total, and independent of the order they come in: the same offers have
/// the same places.
///
/// Unknown shipping counts as the highest known cost of shipping among offers in stock whose total is
/// at most twice the lowest, or [`RankingPolicy::unknown_shipping`] if that is more, and a cent on
/// top: one absurd cost does not sink the rest, and an offer that leaves it out comes behind an equal
/// one that does not.
///
/// That has limits. It holds for an equal offer that is in stock and whose own total is at most twice
/// the lowest, or whose shipping costs no more than the policy's: one very low offer can lift it. And
/// who has the highest shipping of all is charged that of others if it leaves out its own.
#[must_use]
pub fn rank(
    offers: Vec<AcceptedOffer>,
    policy: &RankingPolicy,
    rfq_id: &RfqId,
) -> Vec<RankedOffer> {
    let imputed = imputed_shipping(&offers, policy);
    // Offers are large, so their keys are sorted, and each offer is moved once.
    let keys = offers.iter().map(|offer| Key::of(offer, imputed, policy)).zip(0..);
    let mut order: Vec<(Key, usize)> = keys.collect();
    order.sort_unstable_by_key(|(key, _)| *key);
    for tied in order.chunk_by_mut(|(one, _), (other, _)| one == other) {
        // Few are tied, so few are hashed.
        if tied.len() > 1 {
            tied.sort_by_cached_key(|(_, at)| {
                let offer = offers.get(*at)?;
                Some((Shuffled::of(offer.producer(), rfq_id), within_a_producer(offer)))
            });
        }
    }
    let mut offers: Vec<Option<AcceptedOffer>> = offers.into_iter().map(Some).collect();
    let mut ranked = Vec::<RankedOffer>::with_capacity(offers.len());
    for (key, at) in order {
        // Each comes once.
        let Some(accepted) = offers.get_mut(at).and_then(Option::take) else { continue };
        let known = accepted.offer().shipping_cost().is_some();
        let explanation = Explanation {
            total_usd: accepted.offer().total(),
            imputed_shipping_usd: (!known).then_some(imputed),
            handicap_basis_points: handicap(accepted.state(), policy),
            decided_by: ranked.last().map(|above| key.behind(&above.key)),
        };
        ranked.push(RankedOffer { place: ranked.len() + 1, accepted, explanation, key });
    }
    ranked
}

/// What unknown shipping counts as.
fn imputed_shipping(offers: &[AcceptedOffer], policy: &RankingPolicy) -> Usd {
    let known = || {
        let in_stock = offers.iter().map(AcceptedOffer::offer).filter(|offer| offer.in_stock());
        in_stock.filter_map(|offer| Some((offer.total()?, offer.shipping_cost()?)))
    };
    let lowest = known().map(|(total, _)| total.cents()).min().unwrap_or_default();
    let near = known().filter(|(total, _)| total.cents() <= lowest.saturating_mul(2));
    let highest = near.map(|(_, shipping)| shipping).fold(policy.unknown_shipping, Usd::max);
    Usd::from_cents(highest.cents() + 1).unwrap_or(Usd::MAX)
}

fn handicap(state: HealthState, policy: &RankingPolicy) -> u16 {
    match state {
        HealthState::Healthy => 0,
        HealthState::Degraded | HealthState::Suspended => policy.handicap_basis_points,
    }
}

/// What offers are ordered by: its fields, from first to last, are the rules. Those that are equal are
/// shuffled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    out_of_stock: bool,
    effective: u128,
    unknown_shipping: bool,
    /// Unknown is more than any that is known.
    shipping_days: u16,
    state: HealthState,
    expires_at: Reverse<DateTime<Utc>>,
}

impl Key {
    fn of(offer: &AcceptedOffer, imputed: Usd, policy: &RankingPolicy) -> Self {
        let (state, offer) = (offer.state(), offer.offer());
        let shipping = offer.shipping_cost().unwrap_or(imputed);
        let total = u128::from(offer.price().cents()) + u128::from(shipping.cents());
        Self {
            out_of_stock: !offer.in_stock(),
            effective: total * (10_000 + u128::from(handicap(state, policy))),
            unknown_shipping: offer.shipping_cost().is_none(),
            shipping_days: offer.shipping_days().unwrap_or(u16::MAX),
            state,
            expires_at: Reverse(offer.expires_at()),
        }
    }

    /// The rule that puts this one behind the one `above`.
    fn behind(&self, above: &Self) -> Rule {
        if self.out_of_stock != above.out_of_stock {
            Rule::InStock
        } else if self.effective != above.effective {
            Rule::Total
        } else if self.unknown_shipping != above.unknown_shipping {
            Rule::KnownShipping
        } else if self.shipping_days != above.shipping_days {
            Rule::ShippingDays
        } else if self.state != above.state {
            Rule::Health
        } else if self.expires_at != above.expires_at {
            Rule::Expiry
        } else {
            Rule::Shuffle
        }
    }
}

/// The place among those that are tied: blind to who the vendor is, and never the same for two
/// requests.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Shuffled {
    hash: [u8; 32],
    // Ids differ where hashes do not, so that the order is total whatever SHA-256 does.
    producer: ProducerId,
}

impl Shuffled {
    fn of(producer: &ProducerId, rfq_id: &RfqId) -> Self {
        let mut hash = Sha256::new();
        hash.update(rfq_id.as_str());
        // No id holds it, so that no two pairs of ids read alike.
        hash.update([0]);
        hash.update(producer.as_str());
        Self { hash: hash.finalize().into(), producer: producer.clone() }
    }
}

/// What orders offers of one producer whose keys are equal. There is one of each producer in a quote, so
/// this is no rule, but no two that differ may have their places by chance.
fn within_a_producer(accepted: &AcceptedOffer) -> impl Ord + '_ {
    let offer = accepted.offer();
    let terms = offer.terms().map(Terms::as_str);
    (offer.claim_url().as_str(), offer.offer_id(), offer.price(), offer.list_price(), terms)
}
