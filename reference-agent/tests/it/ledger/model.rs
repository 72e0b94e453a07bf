//! Random sequences of what can be asked of a ledger agree with a model that is simple to believe.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use rfq_reference_agent::catalogue::LiveCatalogue;
use rfq_reference_agent::ledger::{Claim, HoldLimits, Ledger, LedgerOptions, Sell};
use rfq_sdk::{AnswerStore as _, Remembered};
use uuid::Uuid;

use super::{GRINDER, counted, noon, offer_for, rfq_of, seconds, stock};

const ON_HAND: u32 = 8;
const LIMITS: HoldLimits =
    HoldLimits { soft_percent: 50, hard: Duration::from_secs(100), hard_per_product_and_caller: 2 };

#[derive(Debug, Clone)]
enum Step {
    Remember { caller: u8, id: u8, quantity: u32, validity: i64 },
    Recall { caller: u8, id: u8, quantity: u32 },
    Claim { offer: usize },
    Sell { offer: usize },
    Advance { by: i64 },
    Feed,
    Restart,
    Prune,
}

fn step() -> impl Strategy<Value = Step> {
    let (caller, id, quantity, offer) = (0..2_u8, 0..4_u8, 1..4_u32, 0..12_usize);
    prop_oneof![
        6 => (caller.clone(), id.clone(), quantity.clone(), 2..300_i64).prop_map(
            |(caller, id, quantity, validity)| Step::Remember { caller, id, quantity, validity }),
        2 => (caller, id, quantity)
            .prop_map(|(caller, id, quantity)| Step::Recall { caller, id, quantity }),
        5 => offer.clone().prop_map(|offer| Step::Claim { offer }),
        1 => offer.prop_map(|offer| Step::Sell { offer }),
        4 => (1..120_i64).prop_map(|by| Step::Advance { by }),
        1 => Just(Step::Feed),
        1 => Just(Step::Restart),
        1 => Just(Step::Prune),
    ]
}

/// An offer as the model knows it.
struct Made {
    caller: u8,
    id: u8,
    quantity: u32,
    expires_at: DateTime<Utc>,
    is_soft: bool,
    held_until: Option<DateTime<Utc>>,
    sold_at: Option<DateTime<Utc>>,
}

struct Model {
    now: DateTime<Utc>,
    as_of: DateTime<Utc>,
    /// In the order of their numbers.
    made: Vec<Made>,
}

impl Model {
    fn remembered(&self, caller: u8, id: u8) -> Option<usize> {
        let is_it = |made: &Made| (made.caller, made.id) == (caller, id);
        let mut unexpired = (0..self.made.len())
            .filter(|n| is_it(&self.made[*n]) && self.made[*n].expires_at > self.now);
        let found = unexpired.next();
        assert_eq!(unexpired.next(), None, "never two for one key");
        found
    }

    fn soft(&self) -> u32 {
        let soft = |made: &&Made| made.is_soft && made.expires_at > self.now;
        self.made.iter().filter(soft).map(|made| made.quantity).sum()
    }

    fn firm(&self) -> u32 {
        let firm = |made: &&Made| {
            made.held_until.is_some_and(|until| until > self.now && made.sold_at.is_none())
                || made.sold_at.is_some_and(|at| at >= self.as_of)
        };
        self.made.iter().filter(firm).map(|made| made.quantity).sum()
    }

    fn remember(&mut self, caller: u8, id: u8, quantity: u32, validity: i64) {
        let is_soft = self.soft() + quantity <= ON_HAND / 2;
        let expires_at = self.now + seconds(validity);
        let (held_until, sold_at) = (None, None);
        self.made.push(Made { caller, id, quantity, expires_at, is_soft, held_until, sold_at });
    }

    fn claim(&mut self, offer: usize) -> Claim {
        let (firm, now) = (self.firm(), self.now);
        let Some(made) = self.made.get(offer) else { return Claim::Unknown };
        let live =
            |made: &Made| made.held_until.filter(|until| *until > now && made.sold_at.is_none());
        if made.sold_at.is_some() {
            return Claim::Sold;
        }
        if let Some(until) = live(made) {
            return Claim::AlreadyHeld { until };
        }
        if made.expires_at <= now {
            return Claim::Expired;
        }
        let of_caller: Vec<u32> = self
            .made
            .iter()
            .filter(|other| other.caller == made.caller && live(other).is_some())
            .map(|other| other.quantity)
            .collect();
        if of_caller.len() >= 2 && of_caller.iter().sum::<u32>() + made.quantity > ON_HAND / 2 {
            return Claim::TooManyHolds;
        }
        if firm + made.quantity > ON_HAND {
            return Claim::OutOfStock;
        }
        let until = now + seconds(100);
        let made = &mut self.made[offer];
        (made.is_soft, made.held_until) = (false, Some(until));
        Claim::Held { until }
    }

    fn sell(&mut self, offer: usize) -> Sell {
        let Some(made) = self.made.get_mut(offer) else { return Sell::Unknown };
        if let Some(at) = made.sold_at {
            return Sell::AlreadySold { at };
        }
        (made.is_soft, made.sold_at) = (false, Some(self.now));
        Sell::Sold
    }
}

async fn run(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let directory = tempfile::tempdir().unwrap();
    let catalogue = LiveCatalogue::new(counted(Some(ON_HAND), noon()));
    let options = LedgerOptions { holds: LIMITS, ..LedgerOptions::default() };
    let open = || Ledger::open(directory.path(), options).unwrap();
    let mut ledger = open();
    let grinder = GRINDER.parse().unwrap();
    assert_eq!(ledger.reserved(&grinder, stock(&catalogue), noon()).units(), 0);
    let mut model = Model { now: noon(), as_of: noon(), made: Vec::new() };
    let caller_name = |caller| ["one", "two"][usize::from(caller)];
    for step in steps {
        let now = model.now;
        match step {
            Step::Remember { caller, id, quantity, validity } => {
                let number = model.made.len();
                let offer = offer_for(id_of(number).as_u128(), now, seconds(validity));
                let asked = rfq_of(caller_name(caller), &format!("rfq-{id}"), quantity);
                let got = ledger.remember(&asked, &offer, now).await.unwrap();
                let expected = match model.remembered(caller, id) {
                    None => {
                        model.remember(caller, id, quantity, validity);
                        Some(number)
                    }
                    Some(made) if model.made[made].quantity == quantity => Some(made),
                    Some(_) => None,
                };
                prop_assert_eq!(number_of(&got), expected);
            }
            Step::Recall { caller, id, quantity } => {
                let asked = rfq_of(caller_name(caller), &format!("rfq-{id}"), quantity);
                let got = ledger.recall(&asked, now).await.unwrap();
                let made = model.remembered(caller, id);
                prop_assert_eq!(got.is_some(), made.is_some());
                let same = made.filter(|made| model.made[*made].quantity == quantity);
                prop_assert_eq!(got.as_ref().and_then(number_of), same);
            }
            Step::Claim { offer } => {
                let got = ledger.claim(id_of(offer), stock(&catalogue), now).await.unwrap();
                prop_assert_eq!(got, model.claim(offer));
            }
            Step::Sell { offer } => {
                let got = ledger.sell(id_of(offer), now).await.unwrap();
                prop_assert_eq!(got, model.sell(offer));
            }
            Step::Advance { by } => model.now += seconds(by),
            Step::Feed => {
                model.as_of = now + TimeDelta::microseconds(1);
                catalogue.replace(counted(Some(ON_HAND), model.as_of));
            }
            Step::Restart => {
                drop(ledger);
                ledger = open();
            }
            Step::Prune => prop_assert_eq!(ledger.prune(now).await.unwrap(), 0, "all is young"),
        }
        let reserved = ledger.reserved(&grinder, stock(&catalogue), model.now).units();
        prop_assert_eq!(reserved, model.firm() + model.soft().min(ON_HAND / 2));
    }
    Ok(())
}

fn id_of(offer: usize) -> Uuid {
    Uuid::from_u128(offer.try_into().unwrap())
}

fn number_of(remembered: &Remembered) -> Option<usize> {
    match remembered {
        Remembered::Offer(offer) => Some(offer.offer_id().unwrap().as_u128().try_into().unwrap()),
        Remembered::OtherRequest => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_ledger_does_what_the_model_does(steps in prop::collection::vec(step(), 1..60)) {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(run(steps))?;
    }
}
