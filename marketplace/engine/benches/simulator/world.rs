//! Who the producers are, and what each answers to each request.

use std::time::Duration;

/// The length of the simulation.
pub(crate) const LENGTH: Duration = Duration::from_hours(4);
const PRODUCERS: u32 = 1000;
const PRODUCTS: u32 = 2000;

#[derive(Debug)]
pub(crate) struct World {
    seed: u64,
    pub(crate) producers: Vec<Producer>,
    /// Who carries each product.
    products: Vec<Vec<usize>>,
}

#[derive(Debug)]
pub(crate) struct Producer {
    pub(crate) kind: Kind,
    median: Duration,
    spread: f64,
    /// The share of its calls that fail while it is up.
    failing: f64,
    /// When it is down, in seconds.
    pub(crate) down: Vec<(u64, u64)>,
    /// Silent while it is down, else it refuses connections.
    silent: bool,
    carries: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One call in 200 fails.
    Good,
    /// One call in 12 fails.
    Mediocre,
    /// Down for ten minutes to an hour, once.
    Outage,
    /// Up and down, five to ten minutes each.
    Flapping,
    /// About half of its answers are late.
    Slow,
    /// Never up.
    Dead,
}

/// What a producer does with a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reply {
    Offer { after: Duration, cents: u64 },
    Decline { after: Duration },
    Broken { after: Duration },
    Refused,
    Silent,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let producers: Vec<_> = (0..PRODUCERS).map(|n| Producer::new(seed, n)).collect();
        let carriers = |product: u32| {
            let mut draws = Draws::new(seed, [product, u32::MAX]);
            let mut carries = |n: &usize| draws.share() < producers[*n].carries;
            (0..producers.len()).filter(&mut carries).collect()
        };
        let products = (0..PRODUCTS).map(carriers).collect();
        Self { seed, producers, products }
    }

    /// The producers that carry the product of request `number`, some 20.
    pub(crate) fn carriers(&self, number: u32) -> &[usize] {
        let product = self.draws(number, u32::MAX - 2).below(PRODUCTS);
        &self.products[usize::try_from(product).unwrap()]
    }

    /// How long after the request before comes request `number`.
    pub(crate) fn pause(&self, number: u32, mean: Duration) -> Duration {
        mean.mul_f64(-(1.0 - self.draws(number, u32::MAX - 1).share()).ln())
    }

    /// What chance says of request `number`, the same whenever it is asked.
    fn draws(&self, number: u32, purpose: u32) -> Draws {
        Draws::new(self.seed, [number, purpose])
    }

    /// What `producer` does with request `number` at `at`.
    pub(crate) fn reply(&self, producer: usize, number: u32, at: Duration) -> Reply {
        let index = u32::try_from(producer).unwrap();
        let producer = &self.producers[producer];
        let mut draws = self.draws(number, index);
        let after = producer.median.mul_f64((producer.spread * draws.normal()).exp());
        let (fails, declines) = (draws.share() < producer.failing, draws.share() < 0.15);
        let cents = 10_000 + u64::from(draws.below(2000));
        if producer.is_down(at) {
            if producer.silent { Reply::Silent } else { Reply::Refused }
        } else if fails {
            Reply::Broken { after }
        } else if declines {
            Reply::Decline { after }
        } else {
            Reply::Offer { after, cents }
        }
    }
}

impl Producer {
    fn new(seed: u64, n: u32) -> Self {
        let mut draws = Draws::new(seed, [n, u32::MAX - 3]);
        let kind = match draws.below(100) {
            0..70 => Kind::Good,
            70..80 => Kind::Mediocre,
            80..87 => Kind::Outage,
            87..92 => Kind::Flapping,
            92..97 => Kind::Slow,
            _ => Kind::Dead,
        };
        let median = match kind {
            Kind::Slow => 3000 + u64::from(draws.below(2000)),
            _ => 60 + u64::from(draws.below(400)),
        };
        let failing = match kind {
            Kind::Mediocre => 1.0 / 12.0,
            _ => 1.0 / 200.0,
        };
        let length = LENGTH.as_secs();
        let mut down = Vec::new();
        match kind {
            Kind::Good | Kind::Mediocre | Kind::Slow => {}
            Kind::Outage => {
                let start = 1800 + u64::from(draws.below(7200));
                down.push((start, start + 600 + u64::from(draws.below(3000))));
            }
            Kind::Flapping => {
                let mut at = u64::from(draws.below(600));
                while at < length {
                    let up = at + 300 + u64::from(draws.below(300));
                    down.push((at, up));
                    at = up + 300 + u64::from(draws.below(300));
                }
            }
            Kind::Dead => down.push((0, length * 2)),
        }
        Self {
            kind,
            median: Duration::from_millis(median),
            spread: if kind == Kind::Slow { 0.3 } else { 0.5 },
            failing,
            down,
            silent: draws.share() < 0.5,
            // On average one product in 50: some carry many, most carry few.
            carries: 0.06 * draws.share().powi(2),
        }
    }

    fn is_down(&self, at: Duration) -> bool {
        self.down.iter().any(|(from, to)| (*from..*to).contains(&at.as_secs()))
    }
}

/// `SplitMix64`, begun at a hash of what the numbers are for.
struct Draws(u64);

impl Draws {
    fn new(seed: u64, [one, other]: [u32; 2]) -> Self {
        let mut draws = Self(seed ^ ((u64::from(one) << 32) | u64::from(other)));
        let state = draws.next();
        Self(state)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below 1.
    fn share(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap()) / 2f64.powi(32)
    }

    fn below(&mut self, end: u32) -> u32 {
        u32::try_from(((self.next() >> 32) * u64::from(end)) >> 32).unwrap()
    }

    /// From the normal distribution, by Box and Muller.
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.share()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.share()).cos()
    }
}
