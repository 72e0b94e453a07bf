//! What is reserved of each product: a picture in memory of the table `holds`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rfq_sdk::ProductSlug;

/// What an offer reserves of its product.
#[derive(Debug, Clone)]
pub(super) struct Hold {
    /// The offer's row.
    pub(super) offer: i64,
    /// Who was offered it.
    pub(super) origin: Arc<str>,
    pub(super) units: u32,
    pub(super) state: HoldState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HoldState {
    /// Offered.
    Soft { until: DateTime<Utc> },
    /// Claimed.
    Hard { until: DateTime<Utc> },
    /// Sold.
    Sold { at: DateTime<Utc> },
}

/// What becomes of one offer's hold.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) product: ProductSlug,
    pub(super) before: Option<Hold>,
    pub(super) after: Option<Hold>,
}

/// All holds, by product.
#[derive(Debug, Default)]
pub(super) struct Holds {
    by_product: HashMap<ProductSlug, OfProduct>,
    /// What the latest quote of each product that is counted went by.
    on_hand: HashMap<ProductSlug, u32>,
}

/// Sums and not the single holds where that suffices: the thousandth offer of a product costs no more
/// to look at than the first.
#[derive(Debug, Default)]
struct OfProduct {
    /// By their end, which is in whole seconds. Those at an end are dropped as they are met.
    soft: BTreeMap<DateTime<Utc>, u64>,
    /// All of `soft` together.
    soft_units: u64,
    /// Few, as they last minutes. Those at an end stay until their rows are pruned.
    hard: Vec<Hold>,
    /// By the time of the sale.
    sold: BTreeMap<DateTime<Utc>, u64>,
}

/// What is reserved of one product at one time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Units {
    pub(super) soft: u64,
    pub(super) hard: u64,
    /// Sold, and still counted in the stock figure.
    pub(super) sold: u64,
    /// How many hard holds the origin asked about has.
    pub(super) holds_of_origin: u32,
    /// The units of those.
    pub(super) hard_of_origin: u64,
}

/// What units are counted of, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct UnitsOf<'a> {
    pub(super) product: &'a ProductSlug,
    pub(super) origin: Option<&'a str>,
    /// When the stock figure was written.
    pub(super) as_of: DateTime<Utc>,
    pub(super) now: DateTime<Utc>,
}

impl Holds {
    /// Notes how many units of `product` a quote goes by; `None` is not counted.
    pub(super) fn set_on_hand(&mut self, product: &ProductSlug, units: Option<u32>) {
        match (self.on_hand.get_mut(product), units) {
            (Some(on_hand), Some(units)) => *on_hand = units,
            (None, Some(units)) => {
                self.on_hand.insert(product.clone(), units);
            }
            (Some(_), None) => {
                self.on_hand.remove(product);
            }
            (None, None) => {}
        }
    }

    /// How many units the latest quote of `product` went by, if it is counted.
    pub(super) fn on_hand(&self, product: &ProductSlug) -> Option<u32> {
        self.on_hand.get(product).copied()
    }

    /// Holds what is held in `read`, and nothing else.
    pub(super) fn replace(&mut self, read: Self) {
        self.by_product = read.by_product;
    }

    pub(super) fn apply(&mut self, change: Change) {
        let Change { product, before, after } = change;
        let of_product = self.by_product.entry(product.clone()).or_default();
        if let Some(before) = before {
            of_product.remove(&before);
        }
        if let Some(after) = after {
            of_product.add(after);
        }
        if of_product.is_empty() {
            self.by_product.remove(&product);
        }
    }

    /// What is reserved once the changes of `pending` have been made.
    pub(super) fn units(&mut self, asked: UnitsOf<'_>, pending: &[Change]) -> Units {
        let mut units = Units::default();
        if let Some(of_product) = self.by_product.get_mut(asked.product) {
            units = of_product.units(asked);
            if of_product.is_empty() {
                self.by_product.remove(asked.product);
            }
        }
        for change in pending.iter().filter(|change| change.product == *asked.product) {
            if let Some(after) = &change.after {
                units.add(after, asked);
            }
            if let Some(before) = &change.before {
                units.remove(before, asked);
            }
        }
        units
    }
}

impl OfProduct {
    fn add(&mut self, hold: Hold) {
        let units = u64::from(hold.units);
        match hold.state {
            HoldState::Soft { until } => {
                *self.soft.entry(until).or_default() += units;
                self.soft_units += units;
            }
            HoldState::Hard { .. } => self.hard.push(hold),
            HoldState::Sold { at } => *self.sold.entry(at).or_default() += units,
        }
    }

    fn remove(&mut self, hold: &Hold) {
        let units = u64::from(hold.units);
        match hold.state {
            HoldState::Soft { until } => self.soft_units -= take(&mut self.soft, until, units),
            HoldState::Hard { .. } => self.hard.retain(|other| other.offer != hold.offer),
            HoldState::Sold { at } => {
                take(&mut self.sold, at, units);
            }
        }
    }

    fn units(&mut self, asked: UnitsOf<'_>) -> Units {
        while let Some(first) = self.soft.first_entry()
            && *first.key() <= asked.now
        {
            self.soft_units -= first.remove();
        }
        let sold = self.sold.range(asked.as_of..).map(|(_, units)| units).sum();
        let mut units = Units { soft: self.soft_units, sold, ..Units::default() };
        for hold in &self.hard {
            units.add(hold, asked);
        }
        units
    }

    fn is_empty(&self) -> bool {
        self.soft.is_empty() && self.hard.is_empty() && self.sold.is_empty()
    }
}

/// Takes `units` away from the sum at `time`, as far as they are there, and returns how many were.
fn take(sums: &mut BTreeMap<DateTime<Utc>, u64>, time: DateTime<Utc>, units: u64) -> u64 {
    let Some(sum) = sums.get_mut(&time) else { return 0 };
    let taken = units.min(*sum);
    *sum -= taken;
    if *sum == 0 {
        sums.remove(&time);
    }
    taken
}

impl Units {
    fn add(&mut self, hold: &Hold, asked: UnitsOf<'_>) {
        let Some(sum) = self.place(hold, asked) else { return };
        *sum += u64::from(hold.units);
        if hold.is_hard_of(asked) {
            self.holds_of_origin += 1;
            self.hard_of_origin += u64::from(hold.units);
        }
    }

    fn remove(&mut self, hold: &Hold, asked: UnitsOf<'_>) {
        let Some(sum) = self.place(hold, asked) else { return };
        // Nothing to take away where a soft hold had been dropped at a time later than `now`.
        *sum = sum.saturating_sub(hold.units.into());
        if hold.is_hard_of(asked) {
            self.holds_of_origin = self.holds_of_origin.saturating_sub(1);
            self.hard_of_origin = self.hard_of_origin.saturating_sub(hold.units.into());
        }
    }

    /// Where `hold` counts, if it still does.
    fn place(&mut self, hold: &Hold, asked: UnitsOf<'_>) -> Option<&mut u64> {
        match hold.state {
            HoldState::Soft { until } => (until > asked.now).then_some(&mut self.soft),
            HoldState::Hard { until } => (until > asked.now).then_some(&mut self.hard),
            HoldState::Sold { at } => (at >= asked.as_of).then_some(&mut self.sold),
        }
    }
}

impl Hold {
    fn is_hard_of(&self, asked: UnitsOf<'_>) -> bool {
        matches!(self.state, HoldState::Hard { .. })
            && asked.origin.is_some_and(|origin| *origin == *self.origin)
    }
}
