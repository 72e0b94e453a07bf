//! What shipping costs by the worth or the weight of the goods.

use rfq_sdk::Usd;
use serde::{Deserialize, Deserializer};

use super::Parcel;
use crate::configured::{Money, whole};

/// Rates that rise by the worth of the goods or by their weight, whichever the limits are in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<RawTier>")]
pub(super) struct Tiers {
    measure: Measure,
    /// Limits ascend, in cents or grams; only the last may have none.
    tiers: Box<[Tier]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    Goods,
    Grams,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tier {
    /// Up to and including this.
    limit: Option<u64>,
    cost: Usd,
}

/// What tiers say of a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cost {
    /// There are no tiers.
    NotServed,
    /// No tier reaches that far.
    Beyond,
    /// It goes by weight, and the weight is unknown.
    Unknown,
    Of(Usd),
}

impl Tiers {
    pub(super) fn cost(&self, parcel: Parcel) -> Cost {
        let size = match self.measure {
            Measure::Goods => Some(parcel.goods.cents()),
            Measure::Grams => parcel.grams,
        };
        let Some(size) = size else {
            return Cost::Unknown;
        };
        let beyond = if self.tiers.is_empty() { Cost::NotServed } else { Cost::Beyond };
        let reaches = |tier: &&Tier| tier.limit.is_none_or(|limit| size <= limit);
        self.tiers.iter().find(reaches).map_or(beyond, |tier| Cost::Of(tier.cost))
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTier {
    up_to_usd: Option<Money>,
    up_to_grams: Option<Grams>,
    cost_usd: Money,
}

#[derive(Debug, Clone, Copy)]
struct Grams(u64);

impl<'de> Deserialize<'de> for Grams {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let grams = whole(deserializer, 0..=i64::MAX, "a whole number of grams")?;
        Ok(Self(grams.unsigned_abs()))
    }
}

/// Why tiers do not go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
enum TiersError {
    #[error("up_to_usd and up_to_grams in one zone; expected one of the two kinds of limit")]
    BothKinds,
    #[error("tier {number} has no limit, but only the last may have none")]
    NotLast {
        /// Counted from 1.
        number: usize,
    },
    #[error("the limit of tier {number} is not above the one before it; limits must rise")]
    NotRising {
        /// Counted from 1.
        number: usize,
    },
}

impl TryFrom<Vec<RawTier>> for Tiers {
    type Error = TiersError;

    fn try_from(raw: Vec<RawTier>) -> Result<Self, TiersError> {
        let by_goods = raw.iter().any(|tier| tier.up_to_usd.is_some());
        let by_grams = raw.iter().any(|tier| tier.up_to_grams.is_some());
        if by_goods && by_grams {
            return Err(TiersError::BothKinds);
        }
        let measure = if by_grams { Measure::Grams } else { Measure::Goods };
        let limit = |raw: &RawTier| {
            let grams = raw.up_to_grams.map(|Grams(grams)| grams);
            raw.up_to_usd.map(|Money(usd)| usd.cents()).or(grams)
        };
        let tiers: Box<[Tier]> =
            raw.iter().map(|raw| Tier { limit: limit(raw), cost: raw.cost_usd.0 }).collect();
        for (number, (tier, next)) in (1..).zip(tiers.iter().zip(tiers.iter().skip(1))) {
            match (tier.limit, next.limit) {
                (None, _) => return Err(TiersError::NotLast { number }),
                (Some(limit), Some(next)) if next <= limit => {
                    return Err(TiersError::NotRising { number: number + 1 });
                }
                (Some(_), _) => {}
            }
        }
        Ok(Self { measure, tiers })
    }
}
