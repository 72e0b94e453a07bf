//! What a run showed.

use std::time::Duration;

use rfq_engine::{HealthEffect, HealthState, Outcome, QuoteOutcome};

use crate::world::{Kind, Reply, World};

/// A quote that was made.
pub(crate) struct Made {
    pub(crate) number: u32,
    pub(crate) at: Duration,
    pub(crate) took: Duration,
    pub(crate) carriers: Vec<usize>,
    pub(crate) outcome: QuoteOutcome,
}

#[derive(Default)]
pub(crate) struct Report {
    took: Vec<Duration>,
    calls: u32,
    bad: u32,
    offers: u32,
    /// Quotes to which anybody would have made an offer, and those of them with the best one.
    winnable: u32,
    won: u32,
    /// By producer, when it was selected or skipped, and its state.
    seen: Vec<Vec<(Duration, HealthState)>>,
}

/// How health followed the troubles of producers.
#[derive(Default)]
struct Followed {
    to_degrade: Vec<usize>,
    to_recover: Vec<usize>,
    unnoticed: u32,
    outages: u32,
    false_good: u32,
    false_mediocre: u32,
    slow_demoted: u32,
    slow_seen: u32,
}

impl Report {
    pub(crate) const HEALTH_HEAD: &str = "\
| health | quote p50 / p90 / p99, s | offers a quote | best offer had | bad calls | requests to degrade p50 / p95 | outages unnoticed | requests to recover p50 / p95 | false: good, mediocre | slow ones demoted |
|---|---|---|---|---|---|---|---|---|---|";
    pub(crate) const CLOSE_HEAD: &str = "\
| close | quote p50 / p90 / p99, s | offers a quote | best offer had | bad calls | requests to degrade p50 / p95 |
|---|---|---|---|---|---|";

    pub(crate) fn new(world: &World) -> Self {
        Self { seen: vec![Vec::new(); world.producers.len()], ..Self::default() }
    }

    pub(crate) fn add(&mut self, world: &World, made: Made) {
        let Made { number, at, took, carriers, outcome } = made;
        self.took.push(took);
        for call in &outcome.calls {
            let producer: usize = call.producer.as_str().parse().unwrap();
            self.seen[producer].push((at, call.state));
            if call.outcome != Outcome::SkippedSuspended {
                self.calls += 1;
                self.bad += u32::from(call.outcome.health_effect() == HealthEffect::Bad);
            }
        }
        self.offers += u32::try_from(outcome.offers.len()).unwrap();
        let best = carriers.iter().filter_map(|n| match world.reply(*n, number, at) {
            Reply::Offer { after, cents } if after < Duration::from_secs(4) => Some(cents),
            _ => None,
        });
        let cheapest = |offers: &QuoteOutcome| {
            offers.offers.iter().map(|offer| offer.accepted.offer().price().cents()).min()
        };
        if let Some(best) = best.min() {
            self.winnable += 1;
            self.won += u32::from(cheapest(&outcome).is_some_and(|cents| cents <= best));
        }
    }

    pub(crate) fn health_row(mut self, world: &World, name: &str) -> String {
        let Followed {
            mut to_degrade,
            mut to_recover,
            unnoticed,
            outages,
            false_good,
            false_mediocre,
            slow_demoted,
            slow_seen,
        } = self.follow(world);
        format!(
            "{} {} | {unnoticed} of {outages} | {} | {false_good}, {false_mediocre} | {:.0} % |",
            self.shared_columns(name),
            quantiles(&mut to_degrade, &[50, 95], usize::to_string),
            quantiles(&mut to_recover, &[50, 95], usize::to_string),
            percent(slow_demoted, slow_seen),
        )
    }

    pub(crate) fn close_row(mut self, world: &World, name: &str) -> String {
        let mut to_degrade = self.follow(world).to_degrade;
        format!(
            "{} {} |",
            self.shared_columns(name),
            quantiles(&mut to_degrade, &[50, 95], usize::to_string)
        )
    }

    pub(crate) const fn calls(&self) -> u32 {
        self.calls
    }

    fn shared_columns(&mut self, name: &str) -> String {
        let quotes = u32::try_from(self.took.len()).unwrap();
        format!(
            "| {name} | {} | {:.2} | {:.2} % | {:.2} % |",
            quantiles(&mut self.took, &[50, 90, 99], seconds),
            f64::from(self.offers) / f64::from(quotes),
            percent(self.won, self.winnable),
            percent(self.bad, self.calls),
        )
    }

    fn follow(&mut self, world: &World) -> Followed {
        let mut followed = Followed::default();
        for (producer, seen) in world.producers.iter().zip(&mut self.seen) {
            seen.sort();
            let healthy = |state| state == HealthState::Healthy;
            let falls = || {
                let pairs = seen.windows(2).filter(|two| healthy(two[0].1) && !healthy(two[1].1));
                u32::try_from(pairs.count()).unwrap()
            };
            match producer.kind {
                Kind::Good => followed.false_good += falls(),
                Kind::Mediocre => followed.false_mediocre += falls(),
                Kind::Slow => {
                    followed.slow_seen += u32::try_from(seen.len()).unwrap();
                    let demoted = seen.iter().filter(|(_, state)| !healthy(*state)).count();
                    followed.slow_demoted += u32::try_from(demoted).unwrap();
                }
                Kind::Outage | Kind::Flapping | Kind::Dead => {
                    for (from, to) in &producer.down {
                        followed.outage(seen, Duration::from_secs(*from), Duration::from_secs(*to));
                    }
                }
            }
        }
        followed
    }
}

impl Followed {
    /// Takes in an outage of a producer that was asked for, and healthy when it began.
    fn outage(&mut self, seen: &[(Duration, HealthState)], from: Duration, to: Duration) {
        let (before, rest) = seen.split_at(seen.partition_point(|(at, _)| *at < from));
        let (during, after) = rest.split_at(rest.partition_point(|(at, _)| *at < to));
        let healthy = |(_, state): &(Duration, HealthState)| *state == HealthState::Healthy;
        if !during.is_empty() && before.last().is_none_or(healthy) {
            self.outages += 1;
            match during.iter().position(|one| !healthy(one)) {
                Some(requests) => self.to_degrade.push(requests),
                None => self.unnoticed += 1,
            }
        }
        if during.last().is_some_and(|one| !healthy(one)) {
            self.to_recover.extend(after.iter().position(healthy));
        }
    }
}

fn percent(part: u32, whole: u32) -> f64 {
    100.0 * f64::from(part) / f64::from(whole.max(1))
}

fn seconds(duration: &Duration) -> String {
    format!("{:.2}", duration.as_secs_f64())
}

fn quantiles<T: Ord>(values: &mut [T], percents: &[usize], text: impl Fn(&T) -> String) -> String {
    values.sort();
    let at = |percent: &usize| {
        let value = values.get(values.len().saturating_sub(1) * percent / 100);
        value.map_or("-".to_owned(), &text)
    };
    percents.iter().map(at).collect::<Vec<_>>().join(" / ")
}
