//! What it costs to read, check and rank a thousand offers: `cargo bench -p rfq-engine --bench rank`.
//!
//! The control is `serde_json`, which reads the same bytes into a plain struct that owns its texts and
//! checks nothing. Both take turns for a number of rounds, each in CPU time of this thread; the ratio
//! is the median over the rounds. The bar is that of the design ("performance").

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops when it cannot go on"
)]

use std::hint::black_box;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rfq_engine::{
    AcceptedOffer, Asked, HealthState, HttpAnswer, RankingPolicy, Verdict, rank, validate,
};
use rfq_sdk::RfqId;
use rustix::time::{ClockId, clock_gettime};
use serde::Deserialize;

const OFFERS: u32 = 1_000;
const ROUNDS: usize = 501;
const BAR: f64 = 1.2;

fn main() {
    let now = DateTime::from_timestamp(1_780_315_200, 0).unwrap();
    let answers: Vec<(Asked, HttpAnswer)> = (0..OFFERS).map(answer).collect();
    let rfq_id: RfqId = "8b0e6f0e-6f0c-4c4e-9a51-2f2f4f6f0c11".parse().unwrap();
    let policy = RankingPolicy::default();

    let accept = || -> Vec<AcceptedOffer> {
        let offers = answers.iter().map(|(asked, answer)| accepted(asked, answer, now));
        offers.collect()
    };
    let (mut ours, mut controls, mut validating, mut ratios) = (vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let own = cost(|| rank(accept(), &policy, &rfq_id));
        let control = cost(|| answers.iter().map(|(_, answer)| parsed(answer)).collect::<Vec<_>>());
        ours.push(own);
        controls.push(control);
        validating.push(cost(accept));
        ratios.push(own / control);
    }
    let (own, control, ratio) = (median(ours), median(controls), median(ratios));
    let verdict = if ratio <= BAR { "met" } else { "MISSED" };
    println!(
        "rank_1000: {own:.0} us, of which parse and validate {:.0} us; serde_json: {control:.0} us; \
         bar {BAR} {verdict}",
        median(validating)
    );
    println!("ratio rank_1000 {ratio:.3}");
}

/// An offer like those of the reference agent: each of another shop, most with a total of their own, one
/// in five of unknown shipping, one in seven out of stock.
fn answer(number: u32) -> (Asked, HttpAnswer) {
    let dollars = 100 + number.next_multiple_of(10) * 7919 % 997;
    let (days, cents) = (number % 9, number * 31 % 100);
    let shipping = if number.is_multiple_of(5) {
        String::new()
    } else {
        format!(r#""shipping_cost_usd":{days}.99,"#)
    };
    let body = format!(
        r#"{{"price_usd":{dollars}.{cents:02},"list_price_usd":{}.99,"in_stock":{},"estimated_shipping_days":{days},{shipping}"offer_id":"00000000-0000-4000-8000-{number:012}","offer_expires_at":"2026-06-02T11:{:02}:01Z","claim_url":"https://shop-{number}.example/cart?offer=00000000-0000-4000-8000-{number:012}","terms":"Excl. sales tax and duty."}}"#,
        dollars + 20,
        !number.is_multiple_of(7),
        number % 60,
    );
    let asked = Asked {
        producer: format!("shop-{number}").parse().unwrap(),
        claim_domains: std::iter::once(format!("shop-{number}.example").parse().unwrap()).collect(),
        state: if number.is_multiple_of(11) { HealthState::Degraded } else { HealthState::Healthy },
    };
    (asked, HttpAnswer { status: 200, body: body.into() })
}

fn accepted(asked: &Asked, answer: &HttpAnswer, now: DateTime<Utc>) -> AcceptedOffer {
    match validate(answer, asked, now) {
        Ok(Verdict::Offer(offer)) => offer,
        other => unreachable!("{other:?}"),
    }
}

/// The control: as `serde_json` reads it, with floats for money and texts for everything else.
#[derive(Deserialize)]
#[expect(dead_code, reason = "it is only read into")]
struct Plain {
    price_usd: f64,
    list_price_usd: Option<f64>,
    in_stock: bool,
    estimated_shipping_days: Option<u16>,
    shipping_cost_usd: Option<f64>,
    offer_id: Option<String>,
    offer_expires_at: String,
    claim_url: String,
    terms: Option<String>,
}

fn parsed(answer: &HttpAnswer) -> Plain {
    serde_json::from_slice(&answer.body).unwrap()
}

/// CPU time of `work` and of letting go of what it made, in microseconds.
fn cost<T>(work: impl Fn() -> T) -> f64 {
    let start = cpu_time();
    drop(black_box(work()));
    cpu_time().saturating_sub(start).as_secs_f64() * 1e6
}

/// CPU time of this thread so far.
fn cpu_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    *values.get(values.len() / 2).unwrap()
}
