//! What producers learn of the quotes they did not win.

use serde::Serialize;

use crate::producer::ProducerId;
use crate::rank::{RankedOffer, Rule};

/// What a producer may know of its place: never a rival's price, name or number of days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LossFeedback {
    /// Whose offer it was.
    #[serde(skip)]
    pub producer: ProducerId,
    /// Its place, from 1.
    pub place: usize,
    /// Of how many.
    pub of: usize,
    /// The rule that decided against it; `None` in the first place.
    pub lost_by: Option<Rule>,
    /// By how much its total would have to fall, where price was what decided.
    pub price_to_win: Option<PriceToWin>,
}

/// By how much a total would have to fall to win, as a band so wide that no rival's price shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum PriceToWin {
    /// By less than 2 %.
    #[serde(rename = "less_than_2_percent")]
    LessThan2Percent,
    /// By 2 % to 5 %.
    #[serde(rename = "from_2_to_5_percent")]
    From2To5Percent,
    /// By 5 % to 10 %.
    #[serde(rename = "from_5_to_10_percent")]
    From5To10Percent,
    /// By 10 % to 25 %.
    #[serde(rename = "from_10_to_25_percent")]
    From10To25Percent,
    /// By more.
    #[serde(rename = "more_than_25_percent")]
    MoreThan25Percent,
}

/// What each producer may know, in the order of the places.
#[must_use]
pub fn loss_feedback(ranked: &[RankedOffer]) -> Vec<LossFeedback> {
    let Some(winner) = ranked.first() else {
        return Vec::new();
    };
    let feedback = |offer: &RankedOffer| {
        let lost_by = (offer.place > 1).then(|| offer.lost_to(winner));
        LossFeedback {
            producer: offer.accepted.producer().clone(),
            place: offer.place,
            of: ranked.len(),
            lost_by,
            price_to_win: lost_by.and_then(|rule| match rule {
                Rule::Total => Some(price_to_win(offer, winner)),
                Rule::InStock
                | Rule::KnownShipping
                | Rule::ShippingDays
                | Rule::Health
                | Rule::Expiry
                | Rule::Shuffle => None,
            }),
        }
    };
    ranked.iter().map(feedback).collect()
}

fn price_to_win(offer: &RankedOffer, winner: &RankedOffer) -> PriceToWin {
    let (own, winning) = (offer.effective(), winner.effective());
    // Rounded down: what is a hair above 2 % is no longer less than that.
    let percent = own.saturating_sub(winning).saturating_mul(100) / own.max(1);
    match percent {
        0..2 => PriceToWin::LessThan2Percent,
        2..5 => PriceToWin::From2To5Percent,
        5..10 => PriceToWin::From5To10Percent,
        10..25 => PriceToWin::From10To25Percent,
        25.. => PriceToWin::MoreThan25Percent,
    }
}
