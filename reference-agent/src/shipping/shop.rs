//! The section `[shipping]` of the configuration: zones, surcharges, and when it is free.

use std::collections::BTreeMap;
use std::sync::Arc;

use rfq_sdk::{DeclineReason, Region, Usd};
use serde::Deserialize;

use super::place::{Place, PlaceError};
use super::table::{Rate, Served, ShippingTable};
use super::tiers::{Cost, Tiers};
use super::{Parcel, Way};
use crate::calendar::DayRange;
use crate::catalogue::Days;
use crate::configured::Money;

/// Where the shop sends its goods, and for how much. By default nothing is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "Section")]
pub struct ShopShipping {
    /// From this worth of goods on, only surcharges are asked for.
    free_from: Option<Usd>,
    zones: BTreeMap<Place, Arc<Zone>>,
    /// Of states and countries.
    surcharges: BTreeMap<Place, Usd>,
}

#[derive(Debug, PartialEq, Eq)]
struct Zone {
    tiers: Tiers,
    transit: Option<Days>,
}

impl ShopShipping {
    /// The ways to send `parcel` to `region`, at least one: those of the product's own `table`, or that
    /// of the shop's zone if the table is empty. Without either there may be a way, of which nothing is
    /// known. A rate that is the table's only one there, and has no transit time, takes that of the
    /// zone; of several it cannot be told which is as slow.
    ///
    /// What is said of a state counts before what is said of its country, and that before `*`.
    ///
    /// # Errors
    /// [`DeclineReason::RegionNotServed`], and [`DeclineReason::NotShippable`] for a parcel beyond the
    /// last tier of its zone.
    pub fn ways(
        &self,
        table: &ShippingTable,
        region: &Region,
        parcel: Parcel,
    ) -> Result<Vec<Way>, DeclineReason> {
        match table.serve(region) {
            Served::No => Err(DeclineReason::RegionNotServed),
            Served::By(rates) => {
                let of_zone = match rates.len() {
                    1 => self.zone(region).and_then(|(_, zone)| zone.transit),
                    _ => None,
                };
                let way = |rate: &Rate| Way {
                    cost: self.total(Some(rate.price), region, rate.place().1.is_some(), parcel),
                    handling: rate.handling,
                    transit: rate.transit.or(of_zone),
                };
                Ok(rates.into_iter().map(way).collect())
            }
            Served::Unknown if self.zones.is_empty() => Ok(vec![Way::UNKNOWN]),
            Served::Unknown => self.way_of_zone(region, parcel).map(|way| vec![way]),
        }
    }

    fn way_of_zone(&self, region: &Region, parcel: Parcel) -> Result<Way, DeclineReason> {
        let (place, zone) = self.zone(region).ok_or(DeclineReason::RegionNotServed)?;
        let base = match zone.tiers.cost(parcel) {
            Cost::NotServed => return Err(DeclineReason::RegionNotServed),
            Cost::Beyond => return Err(DeclineReason::NotShippable),
            Cost::Unknown => None,
            Cost::Of(cost) => Some(cost),
        };
        let of_state = matches!(place, Place::State(_));
        let cost = self.total(base, region, of_state, parcel);
        Ok(Way { cost, handling: None, transit: zone.transit })
    }

    fn zone(&self, region: &Region) -> Option<(Place, &Zone)> {
        let around = Place::around(region);
        around.into_iter().find_map(|place| {
            let zone = self.zones.get(&place)?;
            Some((place, &**zone))
        })
    }

    /// The rate and the surcharge of the region. A rate of the state itself says already what sending
    /// there costs. Where sending is free the surcharge is all, but never more than that rate.
    fn total(
        &self,
        base: Option<Usd>,
        region: &Region,
        of_state: bool,
        parcel: Parcel,
    ) -> Option<Usd> {
        let is_free = self.free_from.is_some_and(|from| parcel.goods >= from);
        let surcharge = self.surcharge(region);
        match (is_free, of_state) {
            (false, true) => base,
            // What is more than all money stays so: with the price of the goods it declines.
            (false, false) => base.map(|base| base.checked_add(surcharge).unwrap_or(Usd::MAX)),
            (true, true) => Some(base.map_or(surcharge, |base| base.min(surcharge))),
            (true, false) => Some(surcharge),
        }
    }

    fn surcharge(&self, region: &Region) -> Usd {
        let found = Place::around(region).iter().find_map(|place| self.surcharges.get(place));
        found.copied().unwrap_or(Usd::ZERO)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    free_from_usd: Option<Money>,
    #[serde(default)]
    zones: Vec<RawZone>,
    // By text, since `ak-us` and `AK-US` are two keys but one place.
    #[serde(default)]
    surcharges_usd: BTreeMap<String, Money>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawZone {
    regions: Vec<Place>,
    tiers: Tiers,
    transit_days: Option<DayRange>,
}

/// Why a section `[shipping]` does not hold together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShippingError {
    /// A zone for nowhere.
    #[error(
        "zones: zone {number} has no regions; expected some, such as [\"CA-US\", \"US\", \"*\"]"
    )]
    NoRegions {
        /// Counted from 1.
        number: usize,
    },
    /// A place twice, so that which of the two counts cannot be told.
    #[error("zones: {place} stands in the zones twice; expected each region once")]
    ZoneTwice {
        /// The state, the country or `*`.
        place: String,
    },
    /// A surcharge of no place.
    #[error("surcharges_usd {0}")]
    SurchargePlace(#[from] PlaceError),
    /// A surcharge for everywhere, which belongs into the rates.
    #[error("surcharges_usd \"*\": expected a state such as AK-US or a country such as CA")]
    SurchargeEverywhere,
    /// Two surcharges of one place.
    #[error("surcharges_usd: {place} stands there twice")]
    SurchargeTwice {
        /// The state or the country.
        place: String,
    },
}

impl TryFrom<Section> for ShopShipping {
    type Error = ShippingError;

    fn try_from(section: Section) -> Result<Self, ShippingError> {
        let mut zones = BTreeMap::new();
        for (number, raw) in (1..).zip(section.zones) {
            if raw.regions.is_empty() {
                return Err(ShippingError::NoRegions { number });
            }
            let transit = raw.transit_days.map(|DayRange(days)| days);
            let zone = Arc::new(Zone { tiers: raw.tiers, transit });
            for place in raw.regions {
                if zones.contains_key(&place) {
                    return Err(ShippingError::ZoneTwice { place: place.to_string() });
                }
                zones.insert(place, Arc::clone(&zone));
            }
        }
        let mut surcharges = BTreeMap::new();
        for (text, Money(cost)) in section.surcharges_usd {
            let place: Place = text.parse()?;
            if place == Place::Everywhere {
                return Err(ShippingError::SurchargeEverywhere);
            }
            if surcharges.insert(place, cost).is_some() {
                return Err(ShippingError::SurchargeTwice { place: text });
            }
        }
        Ok(Self { free_from: section.free_from_usd.map(|Money(usd)| usd), zones, surcharges })
    }
}
