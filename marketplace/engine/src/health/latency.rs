use std::iter;
use std::time::Duration;

/// How fast a producer answered lately, from the first byte of the request to the last of the answer.
/// Offers and declines count, and late answers as those that took longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latency {
    /// Half of the answers took at most this.
    pub p50: Duration,
    /// 19 of 20 answers took at most this.
    pub p95: Duration,
}

/// Counts of the last few hundred calls by how long they took, in steps of 19 % from 1 ms to beyond the
/// 4 s that a producer has: 100 bytes a producer.
#[derive(Debug)]
pub(super) struct Latencies {
    counts: [u16; BUCKETS],
    total: u16,
}

const BUCKETS: usize = 50;
/// Then all counts are halved, so that what was long ago fades.
const FULL: u16 = 256;

impl Latencies {
    pub(super) const fn new() -> Self {
        Self { counts: [0; BUCKETS], total: 0 }
    }

    pub(super) fn add(&mut self, latency: Duration) {
        let bucket = bounds().take_while(|bound| *bound < latency).count();
        if let Some(count) = self.counts.get_mut(bucket.min(BUCKETS - 1)) {
            *count += 1;
        }
        self.total += 1;
        if self.total == FULL {
            for count in &mut self.counts {
                *count /= 2;
            }
            self.total = self.counts.iter().sum();
        }
    }

    pub(super) fn estimate(&self) -> Option<Latency> {
        Some(Latency { p50: self.quantile(50)?, p95: self.quantile(95)? })
    }

    /// The upper bound of the step that holds it.
    fn quantile(&self, percent: u16) -> Option<Duration> {
        let rank = (u32::from(self.total) * u32::from(percent)).div_ceil(100);
        let mut seen = 0;
        let reached = |(count, _): &(&u16, Duration)| {
            seen += u32::from(**count);
            self.total > 0 && seen >= rank
        };
        self.counts.iter().zip(bounds()).find(reached).map(|(_, bound)| bound)
    }
}

fn bounds() -> impl Iterator<Item = Duration> {
    let next = |bound: &Duration| Some(*bound * 19 / 16);
    iter::successors(Some(Duration::from_millis(1)), next).take(BUCKETS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn estimates_are_within_a_fifth() {
        let mut latencies = Latencies::new();
        assert_eq!(latencies.estimate(), None);
        for n in 1..=100 {
            latencies.add(ms(n * 10));
        }
        let Latency { p50, p95 } = latencies.estimate().unwrap();
        assert!((ms(500)..ms(600)).contains(&p50), "{p50:?}");
        assert!((ms(950)..ms(1140)).contains(&p95), "{p95:?}");
    }

    #[test]
    fn the_steps_reach_beyond_the_budget() {
        let last = bounds().last().unwrap();
        assert!(last > ms(4000), "{last:?}");
        let mut latencies = Latencies::new();
        latencies.add(Duration::MAX);
        latencies.add(Duration::MAX);
        assert_eq!(latencies.estimate().unwrap().p50, last);
    }

    #[test]
    fn what_was_long_ago_fades() {
        let mut latencies = Latencies::new();
        for _ in 0..10_000 {
            latencies.add(ms(3000));
        }
        for _ in 0..1000 {
            latencies.add(ms(10));
        }
        assert!(latencies.estimate().unwrap().p95 < ms(15));
    }
}
